package slacksim

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"
)

// order is the body of all requests to /_sim/.
type order struct {
	User, Channel, Command, Text, TS, Reason, Value string
	ThreadTS                                        string `json:"thread_ts"`
	ActionID                                        string `json:"action_id"`
	CallbackID                                      string `json:"callback_id"`
	EventID                                         string `json:"event_id"`

	// Of /_sim/settings; what is left out stays.
	BotURL     *string  `json:"bot_url"`
	RateLimits *bool    `json:"rate_limits"`
	AuthError  *string  `json:"auth_error"`
	Scopes     []string `json:"scopes"`
	AdvanceMS  int64    `json:"advance_ms"`

	// Of /_sim/faults.
	Fault

	RetryAfterMS int64 `json:"retry_after_ms"`
	DelayMS      int64 `json:"delay_ms"`
}

// Identity is what serve prints: all that a client of the fake has to know.
type Identity struct {
	Secrets

	URL       string            `json:"url"`
	APIURL    string            `json:"api_url"`
	TeamID    string            `json:"team_id"`
	AppID     string            `json:"app_id"`
	BotUserID string            `json:"bot_user_id"`
	Users     map[string]string `json:"users"`    // name to id
	Channels  map[string]string `json:"channels"` // name to id
	Groups    map[string]string `json:"groups"`   // handle to id
}

// Identity tells who is who, with the secrets.
func (s *Sim) Identity() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Identity{
		Secrets: s.secrets, URL: s.url, APIURL: s.url + "/api/", TeamID: TeamID, AppID: AppID, BotUserID: BotUser,
		Users: map[string]string{}, Channels: map[string]string{}, Groups: map[string]string{},
	}
	for _, u := range s.world.Users {
		out.Users[u.Name] = u.ID
	}
	for _, c := range s.world.Channels {
		if !c.direct() {
			out.Channels[c.Name] = c.ID
		}
	}
	for _, g := range s.world.Groups {
		out.Groups[g.Handle] = g.ID
	}
	return out
}

// controls are the orders by path. Each is a POST with a JSON body, or none.
var controls map[string]func(*Sim, *http.Request, order) (any, error)

func init() {
	controls = map[string]func(*Sim, *http.Request, order) (any, error){
		"command": func(s *Sim, _ *http.Request, o order) (any, error) {
			return s.Command(o.User, o.Channel, o.Command, o.Text)
		},
		"click": func(s *Sim, _ *http.Request, o order) (any, error) { return s.pressFor(o) },
		"shortcut": func(s *Sim, _ *http.Request, o order) (any, error) {
			return s.Shortcut(o.User, s.seen(o), o.CallbackID)
		},
		"mention": func(s *Sim, _ *http.Request, o order) (any, error) {
			return s.Mention(o.User, o.Channel, o.ThreadTS, o.Text)
		},
		"edit": func(s *Sim, _ *http.Request, o order) (any, error) {
			return s.Rewrite(o.User, o.Channel, o.TS, o.Text)
		},
		"dm": func(s *Sim, _ *http.Request, o order) (any, error) { return s.DirectMessage(o.User, o.Text) },
		"say": func(s *Sim, _ *http.Request, o order) (any, error) {
			return s.Say(o.User, o.Channel, o.ThreadTS, o.Text)
		},
		"reload":      func(s *Sim, _ *http.Request, o order) (any, error) { s.Reload(o.User); return nil, nil },
		"messages":    func(s *Sim, _ *http.Request, o order) (any, error) { return s.list(o), nil },
		"live":        func(s *Sim, _ *http.Request, o order) (any, error) { return LiveMentions(s.seen(o)), nil },
		"files":       func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Files(), nil },
		"calls":       func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Calls(), nil },
		"acks":        func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Acks(), nil },
		"connections": func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Connections(), nil },
		"attempts":    func(s *Sim, _ *http.Request, o order) (any, error) { return s.Attempts(o.EventID), nil },
		"identity":    func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Identity(), nil },
		"verify":      func(s *Sim, _ *http.Request, _ order) (any, error) { return nil, s.VerifyURL() },
		"refresh":     func(s *Sim, r *http.Request, _ order) (any, error) { return nil, s.Refresh(r.Context()) },
		"disconnect":  func(s *Sim, r *http.Request, o order) (any, error) { return nil, s.Disconnect(r.Context(), o.Reason) },
		"cut":         func(s *Sim, _ *http.Request, _ order) (any, error) { s.CutSockets(); return nil, nil },
		"freeze":      func(s *Sim, _ *http.Request, _ order) (any, error) { return s.Freeze(), nil },
		"settings":    func(s *Sim, _ *http.Request, o order) (any, error) { s.set(o); return nil, nil },
		"faults":      func(s *Sim, _ *http.Request, o order) (any, error) { s.Inject(o.fault()); return nil, nil },
		"clear":       func(s *Sim, _ *http.Request, _ order) (any, error) { s.ClearFaults(); return nil, nil },
	}
}

func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	obey, ok := controls[r.URL.Path[len("/_sim/"):]]
	if !ok || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	in.DisallowUnknownFields()
	var o order
	err := in.Decode(&o)
	var out any
	if err == nil || err == io.EOF { //nolint:errorlint // the decoder gives it bare
		out, err = obey(s, r, o)
	}
	if err != nil {
		sendJSON(w, http.StatusBadRequest, answer{"error": err.Error()})
		return
	}
	sendJSON(w, http.StatusOK, out)
}

func (s *Sim) seen(o order) Message {
	m, _ := s.Message(o.Channel, o.TS)
	return m
}

func (s *Sim) pressFor(o order) (Answer, error) {
	if o.Value != "" {
		return s.Choose(o.User, s.seen(o), o.ActionID, o.Value)
	}
	return s.Click(o.User, s.seen(o), o.ActionID)
}

func (s *Sim) list(o order) []Message {
	if o.User != "" && o.Channel == "" {
		return s.VisibleDM(o.User)
	}
	if o.User != "" {
		return s.Visible(o.User, o.Channel)
	}
	return s.Messages(o.Channel)
}

func (s *Sim) set(o order) {
	if o.BotURL != nil {
		s.SetBotURL(*o.BotURL)
	}
	if o.RateLimits != nil {
		s.LimitRates(*o.RateLimits)
	}
	if o.AuthError != nil {
		s.FailAuth(*o.AuthError)
	}
	if o.Scopes != nil {
		s.Grant(o.Scopes...)
	}
	s.Advance(time.Duration(o.AdvanceMS) * time.Millisecond)
}

func (o order) fault() Fault {
	f := o.Fault
	f.RetryAfter = time.Duration(o.RetryAfterMS) * time.Millisecond
	f.Delay = time.Duration(o.DelayMS) * time.Millisecond
	return f
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
