package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters/blockkit"
)

const (
	// maxBody is how many bytes a request may have. A message has up to 40,000
	// characters, each up to 12 bytes as JSON writes them (9 in a form), twice with its
	// blocks, and twice again where an edit brings the old one too.
	maxBody = 4 << 20
	// smallBody is what any request may hold in memory, before anybody knows whether it
	// is Slack's. Of those that are longer there are a few at once.
	smallBody   = 64 << 10
	maxLarge    = 8
	largeLimit  = 2 * time.Second // for one to get its turn; Slack waits 3 s
	retryHeader = "X-Slack-Retry-Num"
)

// The paths are those of the manifest.
const (
	pathCommands     = "/slack/commands"
	pathInteractions = "/slack/interactions"
	pathEvents       = "/slack/events"
)

// web takes Slack's requests over HTTP.
type web struct {
	*bot

	secret string // that signs them
}

func (w web) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathCommands, w.signed(w.commands))
	mux.HandleFunc("POST "+pathInteractions, w.signed(w.interactions))
	mux.HandleFunc("POST "+pathEvents, w.signed(w.events))
}

// signed lets through what Slack has signed within the last five minutes. What is
// repeated within them is recognised by its trigger; see runID.
func (w web) signed(next http.HandlerFunc) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		began := time.Now()
		defer func() {
			w.metrics.ack.Observe(time.Since(began).Seconds())
			if value := recover(); value != nil { // which may quote anything, so the server is not to log it
				w.logger.ErrorContext(r.Context(), "internal error in a request", "type", fmt.Sprintf("%T", value))
				panic(http.ErrAbortHandler) // without an answer Slack shows an error, or sends it again
			}
		}()
		verifier, err := slack.NewSecretsVerifier(r.Header, w.secret)
		if err != nil { // then nothing of it is read
			w.deny(out, r, http.StatusUnauthorized, notSigned)
			return
		}
		body, done, err := w.read(http.MaxBytesReader(out, r.Body, maxBody))
		_, _ = verifier.Write(body) // a hash takes everything
		unsigned := verifier.Ensure() != nil
		done()
		if status, why := unread(err); status != 0 {
			w.deny(out, r, status, why)
			return
		}
		if unsigned {
			w.deny(out, r, http.StatusUnauthorized, notSigned)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(out, r)
	}
}

const notSigned = "it is not signed by Slack, or its time is off by more than five minutes"

var errTooMany = errors.New("too many large requests at once")

// read reads a body. A large one waits for its turn, and keeps it until done, when
// it is known whether it is Slack's: who cannot sign fills no memory.
func (w web) read(body io.Reader) (text []byte, done func(), err error) {
	done = func() {}
	text, err = io.ReadAll(io.LimitReader(body, smallBody))
	if err != nil || len(text) < smallBody {
		return text, done, err
	}
	turn := time.NewTimer(largeLimit)
	defer turn.Stop()
	select {
	case w.large <- struct{}{}:
		done = func() { <-w.large }
	case <-turn.C:
		return nil, done, errTooMany
	}
	rest, err := io.ReadAll(body)
	return append(text, rest...), done, err
}

// unread tells what is answered when a body was not read.
func unread(err error) (status int, why string) {
	_, tooLong := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return 0, ""
	case tooLong:
		return http.StatusRequestEntityTooLarge, "it is too long"
	case errors.Is(err, errTooMany): // Slack sends an event again
		return http.StatusServiceUnavailable, "there are too many large ones at once"
	default:
		return http.StatusBadRequest, "it is not whole"
	}
}

// deny logs why, and nothing of the request itself.
func (w web) deny(out http.ResponseWriter, r *http.Request, status int, why string) {
	w.bot.deny(r.Context(), r.URL.Path, r.RemoteAddr, why)
	http.Error(out, "alitriage: "+why, status)
}

func (w web) commands(out http.ResponseWriter, r *http.Request) {
	c := slashCommand{}
	if r.ParseForm() == nil {
		c = typed(r.PostForm)
	}
	if !c.whole() && r.PostForm.Get("ssl_check") == "1" {
		return // Slack looks at the certificate, and expects HTTP 200
	}
	if !c.whole() {
		w.deny(out, r, http.StatusBadRequest, "it is no slash command")
		return
	}
	answer(out, w.slashed(r.Context(), c))
}

func (w web) interactions(out http.ResponseWriter, r *http.Request) {
	var pressed interaction
	if err := unmarshal([]byte(r.PostFormValue("payload")), &pressed); err != nil {
		w.deny(out, r, http.StatusBadRequest, "it holds no payload")
		return
	}
	after := w.interacted(r.Context(), pressed)
	out.Header().Set("Content-Length", "0") // so that Slack does not wait for what comes after
	out.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(out).Flush()
	after()
}

func (w web) events(out http.ResponseWriter, r *http.Request) {
	var outer envelope
	body, _ := io.ReadAll(r.Body) // it is in memory
	if err := unmarshal(body, &outer); err != nil {
		w.deny(out, r, http.StatusBadRequest, "it is no event")
		return
	}
	if outer.Type == "url_verification" {
		out.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(out, string(outer.Challenge))
		return
	}
	again := r.Header.Get(retryHeader)
	if err := w.happened(r.Context(), outer, again != "" && again != "0"); err != nil { // Slack sends it again
		http.Error(out, "alitriage: it could not be stored", http.StatusServiceUnavailable)
		return
	}
	out.WriteHeader(http.StatusOK)
}

// answer acknowledges a command.
func answer(out http.ResponseWriter, m blockkit.Message) {
	crashAt("acking")
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(ackOf(m))
}

// ackOf is a message as an acknowledgement carries it.
func ackOf(m blockkit.Message) map[string]any {
	return map[string]any{"response_type": slack.ResponseTypeEphemeral, "text": m.Text, "blocks": m.Blocks, "unfurl_links": false, "unfurl_media": false}
}
