package main

import (
	"encoding/json"
	"time"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// run is all that is known of one request. It is stored before it is
// acknowledged, and with every step after that.
type run struct {
	Kind  kind            `json:"kind"`
	Tool  string          `json:"tool,omitempty"`
	Args  json.RawMessage `json:"args,omitempty"`  // of the next read
	Scope string          `json:"scope,omitempty"` // of a start: on what it works
	First json.RawMessage `json:"first,omitempty"` // as they were at first, for the audit
	Asker person          `json:"asker"`
	Where surface         `json:"where"`
	Asked time.Time       `json:"asked"`

	Stage stage `json:"stage"`
	// Wait is how long to wait for a final state, and Until when that ends.
	Wait  time.Duration `json:"wait,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	Watch bool          `json:"watch,omitempty"` // the asker is called at the end
	// Since is when it was last read: what was sent to the cloud before is too old.
	Since time.Time `json:"since,omitzero"`
	// Stopped: somebody does not want to wait any longer.
	Stopped bool `json:"stopped,omitempty"`

	Report *formatters.Report `json:"report,omitempty"` // the newest
	Error  string             `json:"error,omitempty"`  // why there is none
	Notes  []string           `json:"notes,omitempty"`  // ours, about the run
	Unsure bool               `json:"unsure,omitempty"` // something may have been started
	From   string             `json:"from,omitempty"`   // the run whose button was pressed; of a question, that of its answer
	// Overrule is a run that may have started something, whose place is taken: a
	// person has looked, and said so.
	Overrule string `json:"overrule,omitempty"`
	// WaitsFor is a run that is to start something in the same place first.
	WaitsFor string `json:"waits_for,omitempty"`
	// Choices are calls to choose from, or the one that was probably meant.
	Choices []tools.Call `json:"choices,omitempty"`

	Posts    int       `json:"posts,omitempty"` // uses of the response_url
	Told     time.Time `json:"told,omitzero"`   // when the message was last changed
	Progress bool      `json:"progress,omitempty"`
	Sent     bool      `json:"sent,omitempty"`   // the file; what is left is to say so
	Tries    int       `json:"tries,omitempty"`  // of the delivery
	Failing  time.Time `json:"failing,omitzero"` // since when it cannot be delivered
	// Undelivered is why the answer was given up.
	Undelivered string   `json:"undelivered,omitempty"`
	Claims      []string `json:"claims,omitempty"` // to release at the end
}

// kind is what is to be delivered.
type kind string

const (
	kindReport kind = "report"
	kindShare  kind = "share" // of the report of another run
	kindFile   kind = "file"  // with the whole output
	kindAsk    kind = "ask"   // a question that waits for a click; nothing is worked on
)

// stage is how far a run is.
type stage string

const (
	stageReading  stage = "reading"  // to be read, or read again
	stageStarting stage = "starting" // the start was meant to be sent, and perhaps was
	stageAnswered stage = "answered" // to be delivered
	stageTold     stage = "told"
	stageAsking   stage = "asking"
	stageChosen   stage = "chosen" // the question was answered
)

// person is who asks, and where.
type person struct {
	Team    string `json:"team"`
	Channel string `json:"channel"`
	User    string `json:"user"`
	Thread  string `json:"thread,omitempty"`
	// App is the workspace whose installation was asked, or the organisation (E…) if it
	// is that of a whole one; "" where Slack does not tell.
	App string `json:"app,omitempty"`
}

// sharesWith tells whether two people use the same installation, as far as Slack
// tells it, or are of one workspace.
func (p person) sharesWith(other person) bool {
	return p.Team == other.Team || p.App != "" && (p.App == other.App || p.App == other.Team) || other.App != "" && other.App == p.Team
}

// surface is where the message of a run lives.
type surface struct {
	// Channel and TS are those of a message that can be edited. Without TS it is
	// private: the run's response_url leads to the asker.
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	Thread  string `json:"thread,omitempty"`
	// Post: a message of its own is still to be posted, in Channel or, if that is
	// empty, as direct message.
	Post bool `json:"post,omitempty"`
	// Replace: the response_url is that of a click, so that it replaces the message
	// in which the button was.
	Replace bool `json:"replace,omitempty"`
}

// editable tells whether there is, or will be, a message with a timestamp.
func (s surface) editable() bool { return s.TS != "" || s.Post }

// verdict of what is delivered, for the audit and the metrics.
func (r *run) verdict() formatters.Verdict {
	if r.Report != nil {
		return r.Report.Verdict
	}
	return formatters.Unknown
}

// shared tells that a run has shown a report to a channel.
func (r *run) shared() bool { return r.Kind == kindShare && r.Stage == stageTold && r.Error == "" }

// answers tells that a run is the answer to a click on "Start", where nobody has
// seen yet that something happens: the question still stands there.
func (r *run) answers() bool {
	return r.Kind == kindReport && r.From != "" && !r.Progress && r.Wait > 0 && !r.Watch
}

// moving tells whether asking again can show something new without anybody's
// doing: also where a part has failed and others still run.
func (r *run) moving() bool {
	return r.Report != nil && len(r.Report.Resume) > 0 && r.Report.Verdict != formatters.ActionNeeded
}
