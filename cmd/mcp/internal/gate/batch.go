package gate

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

const (
	versionHeader = "Mcp-Protocol-Version"
	// withBatches is the version that has batches, and the one that a client means
	// that names none: the header came with the next.
	withBatches = "2025-03-26"
	atATime     = 8 // messages of a batch that are worked on at once
)

// batch answers the messages of a batch in one.
func (g *Gate) batch(w http.ResponseWriter, r *http.Request, messages []json.RawMessage, err error, library http.Handler) {
	if version := r.Header.Get(versionHeader); version != "" && version != withBatches {
		refuse(w, http.StatusBadRequest, rpc.ErrNoBatches.Error())
		return
	}
	if wrong := rpc.RefuseBatch(messages, err); wrong != nil {
		answerError(w, http.StatusBadRequest, nil, wrong.Code, wrong.Message)
		return
	}
	if !g.enter(w) {
		return
	}
	defer func() { <-g.places }()
	answers := make([]answer, len(messages))
	turns := make(chan struct{}, atATime)
	var all sync.WaitGroup
	for i, m := range messages {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			g.member(&answers[i], r, m, library)
		})
	}
	all.Wait()
	var texts [][]byte
	for _, a := range answers {
		if text := bytes.TrimSpace(a.body.Bytes()); len(text) > 0 && text[0] == '{' { // a notification has none
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(append([]byte{'['}, bytes.Join(texts, []byte{','})...), ']', '\n')) // to a client that has gone nothing can be said
}

// member answers one message of a batch. There is no progress: the answer is one
// document.
func (g *Gate) member(a *answer, r *http.Request, message json.RawMessage, library http.Handler) {
	method, id := rpc.Name(message)
	switch {
	case message[0] != '{':
		answerError(a, http.StatusBadRequest, nil, rpc.NoMember.Code, rpc.NoMember.Message)
	case method == "initialize":
		answerError(a, http.StatusBadRequest, id, rpc.NoMemberInitializes.Code, rpc.NoMemberInitializes.Message)
	case !g.answered(a, message):
		g.serve(a, r.Clone(r.Context()), message, false, library)
	}
}

// answer keeps what is written.
type answer struct {
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (*answer) WriteHeader(int) {}
