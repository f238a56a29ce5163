package slacksim

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"
)

const (
	responseUses  = 5
	responseValid = 30 * time.Minute
)

// responseURL lets its holder post where a command was typed or a button pressed.
type responseURL struct {
	path          string
	user, channel string
	source        *Message // the clicked message; nil for a command
	until         time.Time
	uses          int
}

// newResponseURL makes the URL of a command, or of a click on source. The caller
// holds the lock.
func (s *Sim) newResponseURL(user, channel string, source *Message) string {
	kind := "commands"
	if source != nil {
		kind = "actions"
	}
	u := &responseURL{
		path: "/" + kind + "/" + TeamID + "/" + strings.ReplaceAll(s.stamp(), ".", "") + "/" + rand.Text(),
		user: user, channel: channel, source: source, until: s.now().Add(responseValid),
	}
	s.responseURLs[u.path] = u
	return s.url + u.path
}

// ResponseURLUses counts the posts that a response_url has taken.
func (s *Sim) ResponseURLUses(url string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.responseURLs[strings.TrimPrefix(url, s.url)]; u != nil {
		return u.uses
	}
	return 0
}

// serveResponseURL needs no token: who has the URL, has the right. It answers
// "ok", or a code with 404 (the URL) or 400 (the message). The codes of the URL are
// Slack's; whether Slack says 400 for a message is not known.
func (s *Sim) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	fault := s.takeFault("response_url")
	a, refused := readResponse(w, r)
	fault.before(r)
	s.mu.Lock()
	switch {
	case fault.refuses():
		refused = fault.refusal()
	case refused == nil:
		refused = s.respond(s.responseURLs[r.URL.Path], a)
	}
	s.record("response_url", a, refused)
	s.mu.Unlock()
	fault.after()
	if refused != nil {
		if refused.status == 0 {
			refused.status = http.StatusBadRequest
		}
		refused.send(w)
		return
	}
	w.Write([]byte("ok")) //nolint:errcheck // a caller that has gone needs no answer
}

func readResponse(w http.ResponseWriter, r *http.Request) (arguments, *refusal) {
	if r.Method != http.MethodPost {
		return nil, &refusal{code: "invalid_request", status: http.StatusMethodNotAllowed}
	}
	a, _, refused := readCall(w, r)
	return a, refused
}

func (s *Sim) respond(u *responseURL, a arguments) *refusal {
	switch {
	case u == nil:
		return &refusal{code: "invalid_url", status: http.StatusNotFound}
	case !s.now().Before(u.until):
		return &refusal{code: "expired_url", status: http.StatusNotFound}
	case u.uses >= responseUses:
		return &refusal{code: "used_url", status: http.StatusNotFound}
	}
	if refused := s.respondWith(u, a); refused != nil {
		return refused
	}
	u.uses++
	return nil
}

// respondWith replaces or deletes only the message whose button was pressed: the
// URL of a command has no such message, and posts another one.
func (s *Sim) respondWith(u *responseURL, a arguments) *refusal {
	if u.source != nil && a["delete_original"] == "true" {
		u.source.Deleted = true
		return nil
	}
	c, refused := readContent(a)
	if refused != nil {
		return refused
	}
	if u.source != nil && a["replace_original"] == "true" {
		return s.replace(u.source, c)
	}
	return s.postFor(u, c, a, "response_url")
}

func (s *Sim) replace(m *Message, c content) *refusal {
	if !m.shown() {
		return &refusal{code: "message_not_found", status: http.StatusNotFound}
	}
	if !c.hasBlocks {
		c.blocks, c.hasBlocks = nil, true // the new message is the whole message
	}
	c.hasText = true
	s.edit(m, c, "response_url")
	return nil
}

// postFor posts where the URL belongs, whether the bot is there or not.
func (s *Sim) postFor(u *responseURL, c content, a arguments, via string) *refusal {
	m := c.message(u.channel, via)
	m.origin, m.ThreadTS = u, a["thread_ts"]
	m.UnfurlLinks, m.UnfurlMedia = a.yes("unfurl_links"), a.yes("unfurl_media")
	switch a["response_type"] {
	case "in_channel":
	case "", "ephemeral":
		m.To = u.user
	default:
		return refuse("invalid_response_type")
	}
	s.add(*m)
	return nil
}
