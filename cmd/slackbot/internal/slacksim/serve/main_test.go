package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestItServesUntilItsStdinEnds(t *testing.T) {
	stdin, hold := io.Pipe()
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run([]string{"-retries", "0s,1s"}, stdin, stdout) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	var who slacksim.Identity
	require.NoError(t, json.Unmarshal([]byte(line), &who))

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, who.APIURL+"auth.test", strings.NewReader("token="+who.BotToken))
	require.NoError(t, err)
	r.Close = true
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), who.BotUserID)

	require.NoError(t, hold.Close())
	require.NoError(t, <-ended)
}

func TestWrongFlagsAreRefused(t *testing.T) {
	require.Error(t, run([]string{"-retries", "soon"}, strings.NewReader(""), io.Discard))
	require.Error(t, run([]string{"-listen", "nowhere"}, strings.NewReader(""), io.Discard))
}
