package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxRequest = 1 << 20

// Call is one call of the Web API, or one post to a response_url or upload URL,
// that came in.
type Call struct {
	Method    string            `json:"method"` // "response_url" and "upload" for those
	Arguments map[string]string `json:"arguments,omitempty"`
	Error     string            `json:"error,omitempty"`    // what it was answered; "" is ok
	Injected  bool              `json:"injected,omitempty"` // the error is a Fault's
	At        time.Time         `json:"at"`
}

// Calls lists what came in, oldest first. Tokens are left out.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// arguments of a call. What is no string in a JSON body is its JSON text here, as
// it would be in a form.
type arguments map[string]string

func (a arguments) has(name string) bool { _, ok := a[name]; return ok }

// yes is nil when the argument was not given.
func (a arguments) yes(name string) *bool {
	if !a.has(name) {
		return nil
	}
	v := a[name] == "true" || a[name] == "1"
	return &v
}

type method struct {
	scope string // "" needs none
	app   bool   // wants the app-level token
	run   func(*Sim, arguments) (answer, *refusal)
}

type answer map[string]any

// refusal is how Slack says no: a code, and HTTP 200 in most cases.
type refusal struct {
	code       string
	extra      answer
	status     int
	retryAfter time.Duration
	injected   bool
}

func refuse(code string) *refusal { return &refusal{code: code} }

var methods = map[string]method{
	"apps.connections.open":        {app: true, run: (*Sim).openConnection},
	"auth.test":                    {run: (*Sim).authTest},
	"chat.delete":                  {scope: "chat:write", run: (*Sim).deleteMessage},
	"chat.postEphemeral":           {scope: "chat:write", run: (*Sim).postEphemeral},
	"chat.postMessage":             {scope: "chat:write", run: (*Sim).postMessage},
	"chat.update":                  {scope: "chat:write", run: (*Sim).updateMessage},
	"conversations.open":           {scope: "im:write", run: (*Sim).openConversation},
	"files.completeUploadExternal": {scope: "files:write", run: (*Sim).completeUpload},
	"files.getUploadURLExternal":   {scope: "files:write", run: (*Sim).uploadURL},
	"usergroups.users.list":        {scope: "usergroups:read", run: (*Sim).groupMembers},
	"users.info":                   {scope: "users:read", run: (*Sim).userInfo},
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request, name string) {
	arguments, token, refused := readCall(w, r)
	fault := s.takeFault(name)
	fault.before(r)
	s.mu.Lock()
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.scopes, ","))
	var out answer
	switch {
	case refused != nil:
	case fault.refuses():
		refused = fault.refusal()
	default:
		out, refused = s.perform(name, token, arguments)
	}
	s.record(name, arguments, refused)
	s.mu.Unlock()
	fault.after()
	if refused != nil {
		refused.send(w)
		return
	}
	out["ok"] = true
	sendJSON(w, http.StatusOK, out)
}

func (s *Sim) record(name string, a arguments, refused *refusal) {
	call := Call{Method: name, Arguments: a, At: s.now()}
	if refused != nil {
		call.Error, call.Injected = refused.code, refused.injected
	}
	s.calls = append(s.calls, call)
}

// perform lets the call in or not, and carries it out.
func (s *Sim) perform(name, token string, a arguments) (answer, *refusal) {
	m, ok := methods[name]
	if !ok {
		return nil, refuse("unknown_method")
	}
	if refused := s.admit(m, token); refused != nil {
		return nil, refused
	}
	if wait := s.overLimit(name, a["channel"]); wait > 0 {
		return nil, &refusal{code: "ratelimited", status: http.StatusTooManyRequests, retryAfter: wait}
	}
	return m.run(s, a)
}

func (s *Sim) admit(m method, token string) *refusal {
	wanted, other := s.secrets.BotToken, s.secrets.AppToken
	if m.app {
		wanted, other = other, wanted
	}
	switch {
	case token == "":
		return refuse("not_authed")
	case token == other:
		return refuse("not_allowed_token_type")
	case token != wanted:
		return refuse("invalid_auth")
	case s.authError != "":
		return refuse(s.authError)
	case m.scope != "" && !slices.Contains(s.scopes, m.scope):
		return &refusal{code: "missing_scope", extra: answer{"needed": m.scope, "provided": strings.Join(s.scopes, ",")}}
	}
	return nil
}

// readCall reads a form or a JSON body. A token in a JSON body or in the URL does
// not count, as with Slack.
func readCall(w http.ResponseWriter, r *http.Request) (a arguments, token string, _ *refusal) {
	token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, "", refuse("request_timeout")
	}
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		a, refused := jsonArguments(body)
		return a, token, refused
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if kind == "multipart/form-data" && parameters["boundary"] != "" {
		r.ParseMultipartForm(maxRequest) //nolint:errcheck // what cannot be read is missing, and the body is bounded above
	} else {
		r.ParseForm() //nolint:errcheck // what cannot be read is missing
	}
	a = arguments{}
	for name, values := range r.Form {
		a[name] = values[0]
	}
	if token == "" {
		token = r.PostForm.Get("token")
	}
	delete(a, "token")
	return a, token, nil
}

func jsonArguments(body []byte) (arguments, *refusal) {
	if len(bytes.TrimSpace(body)) == 0 {
		return arguments{}, nil // slack-go says JSON, and sends nothing
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		if json.Valid(body) {
			return nil, refuse("json_not_object")
		}
		return nil, refuse("invalid_json")
	}
	a := arguments{}
	for name, raw := range fields {
		if string(raw) == "null" || name == "token" {
			continue
		}
		a[name] = asText(raw)
	}
	return a, nil
}

// asText is what a JSON string says, and any other JSON as it stands.
func asText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func (f *refusal) send(w http.ResponseWriter) {
	if f.retryAfter > 0 {
		seconds := (f.retryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if f.status >= http.StatusInternalServerError {
		http.Error(w, "<html><body>"+http.StatusText(f.status)+"</body></html>", f.status)
		return
	}
	out := answer{"ok": false, "error": f.code}
	maps.Copy(out, f.extra)
	status := http.StatusOK
	if f.status != 0 {
		status = f.status
	}
	sendJSON(w, status, out)
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // a caller that has gone needs no answer
}
