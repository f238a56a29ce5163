package slacksim

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
)

// File is what was uploaded.
type File struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Title    string   `json:"title,omitempty"`
	Length   int      `json:"length"` // as announced
	Content  []byte   `json:"content"`
	Uploaded bool     `json:"uploaded"`
	SharedTo []string `json:"shared_to"` // channels, once the upload is complete

	secret string // of its upload URL
	number int    // in the order of their announcement
}

// Files lists what was uploaded or announced, oldest first.
func (s *Sim) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []File{}
	for _, f := range s.files {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b File) int { return a.number - b.number })
	return list
}

// FilesOf are the files that this person can open: shared where they are.
func (s *Sim) FilesOf(user string) []File {
	return slices.DeleteFunc(s.Files(), func(f File) bool {
		return !slices.ContainsFunc(f.SharedTo, func(channel string) bool { return s.member(user, channel) })
	})
}

func (s *Sim) member(user, channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channel(channel)
	return ok && c.has(user)
}

func (s *Sim) uploadURL(a arguments) (answer, *refusal) {
	length, err := strconv.Atoi(a["length"])
	if err != nil || length <= 0 || a["filename"] == "" {
		return nil, invalidArguments("length must be positive and filename given")
	}
	f := &File{ID: identifier("F"), Name: a["filename"], Length: length, secret: randomHex(16), number: len(s.files)}
	s.files[f.ID] = f
	return answer{"file_id": f.ID, "upload_url": s.url + "/upload/" + f.ID + "/" + f.secret}, nil
}

func invalidArguments(why string) *refusal {
	return &refusal{code: "invalid_arguments", extra: answer{"response_metadata": answer{"messages": []string{"[ERROR] " + why}}}}
}

// serveUpload takes the raw bytes, or a form with one file.
func (s *Sim) serveUpload(w http.ResponseWriter, r *http.Request, path string) {
	fault := s.takeFault("upload")
	fault.before(r)
	if fault.refuses() {
		fault.refusal().send(w)
		return
	}
	data, err := readUpload(w, r)
	if err != nil {
		http.Error(w, "bad upload", http.StatusBadRequest)
		return
	}
	refused := s.upload(path, data)
	fault.after()
	if refused != nil {
		refused.send(w)
		return
	}
	io.WriteString(w, "OK - "+strconv.Itoa(len(data))) //nolint:errcheck // a caller that has gone needs no answer
}

func readUpload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body := http.MaxBytesReader(w, r.Body, 64<<20)
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(body)
	}
	part, err := multipart.NewReader(body, parameters["boundary"]).NextPart()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(part)
}

func (s *Sim) upload(path string, data []byte) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	var refused *refusal
	i := 0
	for _, f := range s.files {
		if f.ID+"/"+f.secret == path {
			i++
			refused = f.take(data)
		}
	}
	if i == 0 {
		refused = &refusal{code: "file_not_found", status: http.StatusNotFound}
	}
	s.record("upload", nil, refused)
	return refused
}

func (f *File) take(data []byte) *refusal {
	if len(data) != f.Length {
		return &refusal{code: "file_length_differs", status: http.StatusBadRequest} // not known what Slack says
	}
	f.Content, f.Uploaded = data, true
	return nil
}

func (s *Sim) completeUpload(a arguments) (answer, *refusal) {
	var wanted []struct{ ID, Title string }
	if json.Unmarshal([]byte(a["files"]), &wanted) != nil || len(wanted) == 0 {
		return nil, invalidArguments("files must be a list of objects with id")
	}
	ids, shown := []string{}, []map[string]any{}
	for _, w := range wanted {
		f := s.files[w.ID]
		if f == nil || !f.Uploaded {
			return nil, refuse("file_not_found")
		}
		ids, shown = append(ids, f.ID), append(shown, map[string]any{"id": f.ID, "title": w.Title})
	}
	if a["channel_id"] != "" {
		if refused := s.share(a, ids); refused != nil {
			return nil, refused
		}
	}
	for _, w := range wanted {
		s.files[w.ID].Title = w.Title
	}
	return answer{"files": shown}, nil
}

// share posts the files to a conversation. Here a person's id is no channel.
func (s *Sim) share(a arguments, ids []string) *refusal {
	if _, isUser := s.user(a["channel_id"]); isUser {
		return refuse("channel_not_found")
	}
	c, refused := s.writable(a["channel_id"])
	if refused != nil {
		return refused
	}
	m := Message{
		Channel: c.ID, User: BotUser, Text: a["initial_comment"], ThreadTS: a["thread_ts"], Files: ids,
		Via: "files.completeUploadExternal",
	}
	if a["blocks"] != "" {
		if m.Blocks, refused = checkBlocks([]byte(a["blocks"])); refused != nil {
			return refused
		}
	}
	for _, id := range ids {
		s.files[id].SharedTo = append(s.files[id].SharedTo, c.ID)
	}
	s.add(m)
	return nil
}
