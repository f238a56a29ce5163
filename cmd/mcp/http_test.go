package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/mcp/internal/gate"
	"github.com/alitriage/alitriage/internal/config"
)

// webServer is the program serving HTTP, as a process.
type webServer struct {
	*exec.Cmd

	url    string
	stderr bytes.Buffer // not to be looked at before the exit
}

func launchHTTP(t *testing.T, env ...string) *webServer {
	t.Helper()
	s := &webServer{Cmd: exec.CommandContext(t.Context(), program, "--http", "127.0.0.1:0")}
	s.Env = append([]string{"HOME=" + t.TempDir(), "ALITRIAGE_LOG_LEVEL=debug", promptExit}, env...)
	s.Stderr = &s.stderr
	stdout, err := s.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() {
		_ = s.Process.Kill() // most are gone already
		_ = s.Wait()
		requireNoSecret(t, s.stderr.String())
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	s.url = strings.TrimSpace(url)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/mcp$`, s.url)
	return s
}

// open sends one message. Whoever calls it reads the answer.
func (s *webServer) open(t *testing.T, line string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader(line))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// post returns the status and the messages of the answer.
func (s *webServer) post(t *testing.T, line string, headers ...string) (int, []message) {
	t.Helper()
	answer := s.open(t, line, headers...)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, messagesIn(t, answer.Header.Get("Content-Type"), string(body))
}

func messagesIn(t *testing.T, contentType, body string) (all []message) {
	t.Helper()
	documents := []string{body}
	if contentType == "text/event-stream" {
		documents = strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
	}
	for _, text := range documents {
		var m message
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(text, "event: message\ndata: ")), &m), body)
		all = append(all, m)
	}
	return all
}

func TestBothErasAreServedOverHTTP(t *testing.T) {
	t.Parallel()
	const token = "a token of this test"
	w := newWorld(t)
	s := launchHTTP(t, append(w.env(), "ALITRIAGE_HTTP_TOKEN="+token)...)
	for _, revision := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		c, err := client.NewStreamableHttpClient(s.url, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
		require.NoError(t, err)
		hello := mcp.InitializeRequest{}
		hello.Params.ProtocolVersion = revision
		hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
		_, err = c.Initialize(t.Context(), hello)
		require.NoError(t, err, revision)
		require.Equal(t, revision, c.ProtocolVersion())
		list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
		require.NoError(t, err)
		require.Len(t, list.Tools, 4)
		result := callTool(t, c, "get_app_status", map[string]any{"app_id": cloudsim.WebApp})
		require.Contains(t, textOf(t, result), "OK: ")
		require.True(t, callTool(t, c, "get_app_status", map[string]any{"app_id": "0099b7be-****"}).IsError)
		require.NoError(t, c.Close())
	}
	for _, headers := range [][]string{nil, {"Authorization", "Bearer wrong"}} {
		status, answer := s.post(t, webStatus(1), headers...)
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, answer[0].Error.Message, "Authorization: Bearer TOKEN")
	}
	require.NoError(t, s.Process.Kill())
	_ = s.Wait()
	require.NotContains(t, s.stderr.String(), token)
}

func TestOverHTTPProgressComesBeforeTheResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := launchHTTP(t, w.env()...)
	status, all := s.post(t, gather(1))
	require.Equal(t, http.StatusOK, status)
	require.Greater(t, len(all), 1)
	for _, m := range all[:len(all)-1] {
		require.Equal(t, "notifications/progress", m.Method)
		require.Contains(t, m.Params.Message, "Gather wc-")
	}
	require.Equal(t, "failed", all[len(all)-1].Result.StructuredContent["verdict"])
}

func TestOverHTTPHostilePagesAndGarbageAreRefused(t *testing.T) {
	t.Parallel()
	s := launchHTTP(t, newWorld(t).env()...)
	status, _ := s.post(t, webStatus(1), "Origin", "http://evil.example")
	require.Equal(t, http.StatusForbidden, status)
	status, answer := s.post(t, "{")
	require.Equal(t, http.StatusBadRequest, status)
	require.NotNil(t, answer[0].Error)
	status, answer = s.post(t, strings.Repeat(" ", 2<<20))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Contains(t, answer[0].Error.Message, "1048576 bytes")
	status, _ = s.post(t, webStatus(2))
	require.Equal(t, http.StatusOK, status)
}

// The handler runs in the test's process, which can see it return.
func TestOverHTTPAClientThatGoesStopsThePolling(t *testing.T) {
	w := newWorld(t)
	w.runForEver()
	for _, variable := range w.env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	endpoint, err := url.Parse(w.url)
	require.NoError(t, err)
	g := gate.New(gate.Options{})
	cfg := config.Config{MaxWait: config.DefaultMaxWait, Profiles: []config.Profile{{
		Name: config.DefaultProfile, Region: cloudsim.Region, Endpoints: map[cloudapi.Product]*url.URL{cloudapi.BPStudio: endpoint},
	}}}
	known, all, err := new(app).tools(cfg, nil, g.Draining())
	require.NoError(t, err)
	handler := web{g}.handler(known, all, slog.New(slog.DiscardHandler))
	returned := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		defer close(returned)
		handler.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+httpPath, strings.NewReader(waiting(1)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	go func() {
		if answer, err := server.Client().Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}()
	w.awaitRequest(t, "GetExecuteOperationResult")
	leave()
	select {
	case <-returned:
	case <-time.After(patience):
		require.Fail(t, "the call still waits")
	}
}

// TestAWrongTokenIsExplainedWhereClientsLook: a client that was refused looks for an
// authorization server, and a person reads what it finds.
func TestAWrongTokenIsExplainedWhereClientsLook(t *testing.T) {
	t.Parallel()
	get := func(t *testing.T, s *webServer, path string) (status int, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(s.url, httpPath)+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	guarded, open := launchHTTP(t, "ALITRIAGE_HTTP_TOKEN=secret"), launchHTTP(t)
	for _, path := range []string{
		"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server",
		"/.well-known/openid-configuration", "/register", "/authorize", "/token",
	} {
		status, body := get(t, guarded, path)
		require.Equal(t, http.StatusNotFound, status)
		require.Contains(t, body, "the bearer token is missing or wrong: there is no OAuth here", path)
		require.Contains(t, body, "Authorization: Bearer TOKEN", path)
		_, body = get(t, open, path)
		require.NotContains(t, body, "token", "where none is needed")
	}
	_, body := get(t, open, "/sse")
	require.Contains(t, body, "choose Streamable HTTP and the URL with /mcp")
	status, body := get(t, guarded, httpPath)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "there is no OAuth here")
}
