package slacksim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// What Slack says when an app does not answer.
const (
	operationTimeout = "operation_timeout"
	dispatchFailed   = "dispatch_failed"
)

// delivery is one thing on its way to the app, in the forms of both ways.
type delivery struct {
	kind string

	path, contentType string // over HTTP
	body              []byte
	header            http.Header

	payload        any // over Socket Mode
	acceptsPayload bool

	retry  int
	reason string
}

func (s *Sim) deliver(d delivery) Answer {
	s.mu.Lock()
	base := s.botURL
	s.mu.Unlock()
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.life, s.options.AckTimeout)
	defer cancel()
	var out Answer
	if base == "" {
		out = s.sendEnvelope(ctx, d)
	} else {
		out = s.post(ctx, base+d.path, d)
	}
	out.Latency = time.Since(began)
	return out
}

func (s *Sim) post(ctx context.Context, url string, d delivery) Answer {
	r, err := s.Forge(ctx, Forged{URL: url, Body: d.body, ContentType: d.contentType, Header: d.header})
	if err != nil {
		return Answer{Error: dispatchFailed}
	}
	response, err := s.client.Do(r)
	if err != nil {
		return Answer{Error: failure(err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRequest))
	if err != nil {
		return Answer{Error: failure(err)}
	}
	out := Answer{Status: response.StatusCode, Body: string(body), noRetry: response.Header.Get("X-Slack-No-Retry") == "1"}
	switch {
	case out.Status >= http.StatusInternalServerError:
		out.Error = "http_service_error"
	case out.Status >= http.StatusMultipleChoices:
		out.Error = "http_client_error"
	}
	return out
}

func failure(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return operationTimeout
	}
	return dispatchFailed
}
