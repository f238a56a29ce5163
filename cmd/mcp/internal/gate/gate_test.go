package gate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/gate"
	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

const (
	both   = "application/json, text/event-stream"
	hello  = `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`
	answer = `{"jsonrpc":"2.0","id":1,"result":{}}`
)

// library answers as the MCP library does: one JSON document with a newline.
func library(before func(r *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil {
			before(r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, answer+"\n")
	})
}

func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1/mcp", strings.NewReader(body))
	r.Header.Set("Accept", both)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOnlyTheTokenOpensTheGate(t *testing.T) {
	const token = "correct horse battery"
	h := gate.New(gate.Options{Token: token}).Handler(library(nil))
	for header, want := range map[string]int{
		"Bearer " + token:        http.StatusOK,
		"bearer " + token:        http.StatusOK,
		"Bearer  " + token + " ": http.StatusOK,
		"":                       http.StatusUnauthorized,
		token:                    http.StatusUnauthorized,
		"Bearer":                 http.StatusUnauthorized,
		"Bearer ":                http.StatusUnauthorized,
		"Bearer wrong":           http.StatusUnauthorized,
		"Bearer " + token + "y":  http.StatusUnauthorized,
		"Basic " + token:         http.StatusUnauthorized,
	} {
		w := serve(h, post(hello, "Authorization", header))
		require.Equal(t, want, w.Code, header)
		if want == http.StatusUnauthorized {
			require.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer")
			require.Contains(t, w.Body.String(), "Authorization: Bearer TOKEN")
			require.NotContains(t, w.Body.String(), token)
			require.True(t, json.Valid(w.Body.Bytes()))
		}
	}
}

func TestAPageOfAnotherOriginIsRefused(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(nil))
	for origin, want := range map[string]int{
		"":                    http.StatusOK, // no browser
		"http://127.0.0.1":    http.StatusOK,
		"http://evil.example": http.StatusForbidden,
		"null":                http.StatusForbidden,
		"http://127.0.0.1:99": http.StatusForbidden,
	} {
		var headers []string
		if origin != "" {
			headers = []string{"Origin", origin}
		}
		require.Equal(t, want, serve(h, post(hello, headers...)).Code, origin)
	}
	require.Equal(t, http.StatusForbidden, serve(h, post(hello, "Sec-Fetch-Site", "cross-site")).Code)
}

func TestARequestHasASizeLimit(t *testing.T) {
	h := gate.New(gate.Options{MaxBody: 100}).Handler(library(nil))
	require.Equal(t, http.StatusOK, serve(h, post(strings.Repeat(" ", 100-len(hello))+hello)).Code)
	w := serve(h, post(strings.Repeat("x", 101)))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Contains(t, w.Body.String(), "100 bytes at most")
}

func TestTheLibraryGetsTheWholeBody(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, hello, string(body))
	}))
	require.Equal(t, http.StatusOK, serve(h, post(hello)).Code)
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(nil))
	r := post("")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"jsonrpc"`), broken{}))
	require.Equal(t, http.StatusBadRequest, serve(h, r).Code)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAcceptMayBeSpeltInAnyWay(t *testing.T) {
	for _, accept := range [][]string{{both}, {"application/json", "Text/Event-Stream"}, {"text/event-stream;q=0.5, application/json"}} {
		h := gate.New(gate.Options{}).Handler(library(func(r *http.Request) {
			require.NoError(t, gate.Notify(r.Context(), "notifications/progress", nil), accept)
		}))
		r := post(hello)
		r.Header["Accept"] = accept
		serve(h, r)
	}
}

func TestOnlyPOSTIsTaken(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(nil))
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodPut, http.MethodOptions} {
		r := post("")
		r.Method = method
		w := serve(h, r)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, http.MethodPost, w.Header().Get("Allow"))
	}
}

func TestAPanicShowsNothingButAReference(t *testing.T) {
	for _, progress := range []bool{false, true} {
		var log bytes.Buffer
		h := gate.New(gate.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}).Handler(library(func(r *http.Request) {
			if progress {
				require.NoError(t, gate.Notify(r.Context(), "notifications/progress", nil))
			}
			panic("a secret")
		}))
		w := serve(h, post(hello))
		reference := regexp.MustCompile(`reference (\w+)`).FindStringSubmatch(w.Body.String())
		require.Len(t, reference, 2)
		require.Contains(t, log.String(), "reference="+reference[1])
		require.NotContains(t, w.Body.String()+log.String(), "a secret")
		if !progress {
			require.Equal(t, http.StatusInternalServerError, w.Code)
			require.True(t, json.Valid(w.Body.Bytes()))
		}
	}
}

// connected serves h on a real connection, whose time limit is the point.
func connected(t *testing.T, limit time.Duration, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout = limit
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func send(t *testing.T, url string, body io.Reader) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(said)
}

func TestABodyThatDoesNotArriveIsGivenUp(t *testing.T) {
	url := connected(t, 50*time.Millisecond, gate.New(gate.Options{}).Handler(library(nil)))
	body, never := io.Pipe()
	defer never.Close()
	status, text := send(t, url, body)
	require.Equal(t, http.StatusRequestTimeout, status)
	require.Contains(t, text, "did not arrive in time")
}

func TestAtTheEndABodyThatHasNotArrivedIsNotWaitedFor(t *testing.T) {
	g := gate.New(gate.Options{})
	gated := g.Handler(library(nil))
	url := connected(t, time.Minute, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go g.Drain()
		gated.ServeHTTP(w, r)
	}))
	body, never := io.Pipe()
	defer never.Close()
	status, _ := send(t, url, body)
	require.Contains(t, []int{http.StatusRequestTimeout, http.StatusServiceUnavailable}, status, "before or after the reading has begun")
}

func TestAtTheEndNothingNewIsTaken(t *testing.T) {
	g := gate.New(gate.Options{})
	h := g.Handler(library(func(*http.Request) { t.Error("the library saw it") }))
	g.Drain()
	w := serve(h, post(hello))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "nothing was begun")
}

func TestACallMayTakeLongerThanItsRequest(t *testing.T) {
	const limit = 50 * time.Millisecond
	url := connected(t, limit, gate.New(gate.Options{}).Handler(library(func(r *http.Request) {
		select {
		case <-r.Context().Done():
			t.Error("the call was cancelled")
		case <-time.After(4 * limit):
		}
	})))
	status, _ := send(t, url, strings.NewReader(hello))
	require.Equal(t, http.StatusOK, status)
}

// Ids of different clients are alike: 1, 2, 3.
func TestNoClientCancelsTheRequestOfAnother(t *testing.T) {
	reached := false
	h := gate.New(gate.Options{}).Handler(library(func(*http.Request) { reached = true }))
	w := serve(h, post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`))
	require.Equal(t, http.StatusAccepted, w.Code)
	require.Empty(t, w.Body.String())
	require.False(t, reached)
	for _, other := range []string{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled"}`} {
		reached = false
		serve(h, post(other))
		require.True(t, reached, "the library answers it")
	}
}

func TestThereIsNothingToSubscribeTo(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(func(*http.Request) { t.Error("the library saw it") }))
	w := serve(h, post(`{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{}}`))
	require.Equal(t, http.StatusNotFound, w.Code)
	require.JSONEq(t, `{"jsonrpc":"2.0","id":"s","error":{"code":-32601,"message":"alitriage: nothing changes here while the server runs, so there is nothing to subscribe to"}}`, w.Body.String())
}

func TestTooManyRequestsAtATimeAreToldToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		h := gate.New(gate.Options{InFlight: 2}).Handler(library(func(*http.Request) { <-hold }))
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() { serve(h, post(hello)) })
		}
		synctest.Wait()
		w := serve(h, post(hello))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		close(hold)
		wait.Wait()
		require.Equal(t, http.StatusOK, serve(h, post(hello)).Code)
	})
}

func TestProgressComesBeforeTheResultAndIsNeverDropped(t *testing.T) {
	const each = 1000
	h := gate.New(gate.Options{}).Handler(library(func(r *http.Request) {
		for i := range each {
			require.NoError(t, gate.Notify(r.Context(), "notifications/progress", map[string]any{"progress": i}))
		}
	}))
	w := serve(h, post(hello))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/event-stream", w.Result().Header.Get("Content-Type"), "as it was sent")
	events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
	require.Len(t, events, each+1)
	for i, event := range events[:each] {
		require.Equal(t, fmt.Sprintf("event: message\ndata: "+`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":%d}}`, i), event)
	}
	require.Equal(t, "event: message\ndata: "+answer, events[each])
}

func TestWithoutProgressTheAnswerIsOneDocument(t *testing.T) {
	w := serve(gate.New(gate.Options{}).Handler(library(nil)), post(hello))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, answer+"\n", w.Body.String())
}

func TestAClientThatTakesNoEventsGetsNone(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(library(func(r *http.Request) {
		require.ErrorIs(t, gate.Notify(r.Context(), "notifications/progress", nil), gate.ErrAnswered)
	}))
	w := serve(h, post(hello, "Accept", "application/json"))
	require.Equal(t, answer+"\n", w.Body.String())
}

func TestNothingFollowsTheResult(t *testing.T) {
	var late *http.Request
	h := gate.New(gate.Options{}).Handler(library(func(r *http.Request) { late = r }))
	w := serve(h, post(hello))
	require.ErrorIs(t, gate.Notify(late.Context(), "notifications/progress", nil), gate.ErrAnswered)
	require.Equal(t, answer+"\n", w.Body.String())
	require.ErrorIs(t, gate.Notify(t.Context(), "notifications/progress", nil), gate.ErrAnswered, "and none goes to nobody")
}

func TestWhatTheLibraryStreamsByItselfPasses(t *testing.T) {
	h := gate.New(gate.Options{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: message\ndata: 1\n\n")
		w.(http.Flusher).Flush()
	}))
	w := serve(h, post(hello))
	require.True(t, w.Flushed)
	require.Equal(t, "event: message\ndata: 1\n\n", w.Body.String())
}

func TestTheEndComesInTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(gate.Options{})
		requireOpen(t, g.Draining())
		for range 2 {
			g.Drain()
		}
		<-g.Draining()
		time.Sleep(3999 * time.Millisecond)
		synctest.Wait()
		requireOpen(t, g.Expired())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		<-g.Expired()
	})
}

func requireOpen(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
		t.Fatal("closed")
	default:
	}
}

func FuzzGate(f *testing.F) {
	for _, seed := range []string{
		hello, "", "{", `[` + hello + `]`, `[]`, `[7]`, `{"method":"notifications/cancelled"}`, `{"id":null,"method":"notifications/cancelled"}`, "\xff\x00", "\xff\xfe{\x00", `{"method":3}`,
		`{"id":9007199254740993,"method":"x","params":{"_meta":{"progressToken":1e400}}}`, "\ufeff" + hello,
	} {
		f.Add([]byte(seed), "Bearer x")
	}
	f.Fuzz(func(t *testing.T, body []byte, authorization string) {
		var mu sync.Mutex
		var got [][]byte
		h := gate.New(gate.Options{Token: "the token", MaxBody: 1 << 10}).Handler(library(func(r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			got = append(got, text)
		}))
		r := post(string(body))
		r.Header["Authorization"] = []string{authorization}
		w := serve(h, r)
		clean := rpc.Clean(body)
		changed, _, _ := rpc.Stand(clean, func() string { return "stand-in" })
		_, isBatch, _ := rpc.Batch(clean)
		switch w.Code {
		case http.StatusOK:
			require.Contains(t, authorization, "the token")
			if !isBatch && bytes.Equal(changed, clean) {
				require.Equal(t, [][]byte{clean}, got)
			}
			require.NotContains(t, w.Body.String(), "stand-in")
		case http.StatusAccepted, http.StatusNotFound, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusBadRequest:
			require.Empty(t, got)
		default:
			t.Fatalf("status %d", w.Code)
		}
	})
}

func TestIDsThatTheLibraryWouldRoundComeBackAsTheyWereWritten(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     any
			Params struct {
				Meta struct{ ProgressToken any } `json:"_meta"`
			}
		}
		require.NoError(t, json.NewDecoder(r.Body).Decode(&m))
		if m.Params.Meta.ProgressToken != nil {
			require.NoError(t, gate.Notify(r.Context(), "notifications/progress", map[string]any{"progressToken": m.Params.Meta.ProgressToken}))
		}
		require.NoError(t, json.NewEncoder(w).Encode(struct {
			Version string   `json:"jsonrpc"`
			ID      any      `json:"id"`
			Result  struct{} `json:"result"`
		}{Version: "2.0", ID: m.ID}))
	})
	h := gate.New(gate.Options{}).Handler(echo)
	for _, id := range []string{"9007199254740993", "1764547200000000001", `"x"`, "7", "1e400"} {
		w := serve(h, post(`{"jsonrpc":"2.0","id":`+id+`,"method":"ping"}`))
		require.Equal(t, `{"jsonrpc":"2.0","id":`+id+`,"result":{}}`+"\n", w.Body.String())
	}
	w := serve(h, post(`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping","params":{"_meta":{"progressToken":9007199254740995}}}`))
	require.Contains(t, w.Body.String(), `"progressToken":9007199254740995`)
	require.Contains(t, w.Body.String(), `data: {"jsonrpc":"2.0","id":9007199254740993,`)
}

func TestABatchIsAnsweredAsOneWhereTheVersionHasBatches(t *testing.T) {
	const two = `[{"jsonrpc":"2.0","id":1,"method":"tools/call"},7,{"jsonrpc":"2.0","id":2,"method":"initialize"}]`
	h := gate.New(gate.Options{}).Handler(library(nil))
	for _, headers := range [][]string{nil, {"MCP-Protocol-Version", "2025-03-26"}} {
		w := serve(h, post(two, headers...))
		require.Equal(t, http.StatusOK, w.Code)
		var answers []struct {
			ID    *int
			Error *struct{ Message string }
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answers))
		require.Len(t, answers, 3)
		require.Equal(t, 1, *answers[0].ID)
		require.Contains(t, answers[1].Error.Message, "no object")
		require.Contains(t, answers[2].Error.Message, "send it first, by itself")
	}
	w := serve(h, post(two, "MCP-Protocol-Version", "2025-06-18"))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "batches are of MCP 2025-03-26 alone")
	require.Equal(t, http.StatusBadRequest, serve(h, post(`[]`)).Code)
	quiet := gate.New(gate.Options{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	require.Equal(t, http.StatusAccepted, serve(quiet, post(`[{"jsonrpc":"2.0","method":"notifications/x"}]`)).Code)
}
