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

const maxBody = 64 << 10 // bytes of a request; Slack's are far below

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
		body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxBody))
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			w.deny(out, r, http.StatusRequestEntityTooLarge, "it is too long")
			return
		}
		if err != nil {
			w.deny(out, r, http.StatusBadRequest, "it is not whole")
			return
		}
		if !w.verified(r.Header, body) {
			w.deny(out, r, http.StatusUnauthorized, "it is not signed by Slack, or its time is off by more than five minutes")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(out, r)
	}
}

func (w web) verified(header http.Header, body []byte) bool {
	verifier, err := slack.NewSecretsVerifier(header, w.secret)
	if err != nil {
		return false
	}
	_, err = verifier.Write(body)
	return err == nil && verifier.Ensure() == nil
}

// deny logs why, and nothing of the request itself.
func (w web) deny(out http.ResponseWriter, r *http.Request, status int, why string) {
	w.metrics.commands.WithLabelValues("refused").Inc()
	w.logger.WarnContext(r.Context(), "a request was refused", "path", r.URL.Path, "from", r.RemoteAddr, "why", why)
	http.Error(out, "alitriage: "+why, status)
}

func (w web) commands(out http.ResponseWriter, r *http.Request) {
	c, err := slack.SlashCommandParse(r)
	if err != nil || c.TriggerID == "" || c.Command == "" {
		w.deny(out, r, http.StatusBadRequest, "it is no slash command")
		return
	}
	answer(out, w.slashed(r.Context(), c))
}

func (w web) interactions(out http.ResponseWriter, r *http.Request) {
	var callback slack.InteractionCallback
	if err := json.Unmarshal([]byte(r.PostFormValue("payload")), &callback); err != nil {
		w.deny(out, r, http.StatusBadRequest, "it holds no payload")
		return
	}
	after := w.interacted(r.Context(), callback)
	out.Header().Set("Content-Length", "0") // so that Slack does not wait for what comes after
	out.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(out).Flush()
	after()
}

func (w web) events(out http.ResponseWriter, r *http.Request) {
	var outer envelope
	if err := json.NewDecoder(r.Body).Decode(&outer); err != nil {
		w.deny(out, r, http.StatusBadRequest, "it is no event")
		return
	}
	if outer.Type == "url_verification" {
		out.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(out, outer.Challenge)
		return
	}
	if err := w.happened(r.Context(), outer); err != nil { // Slack sends it again
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
