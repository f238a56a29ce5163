package slacksim_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// inBubble is a fake without sockets, and a client of it.
func inBubble(t *testing.T, b *bot) (*sim, *http.Client) {
	t.Helper()
	s := slacksim.New(slacksim.Options{
		BotURL: "http://bot.example", Client: &http.Client{Transport: slacksim.Transport{Handler: b}},
	})
	s.SetURL("http://slack.example")
	t.Cleanup(s.Close)
	return s, &http.Client{Transport: slacksim.Transport{Handler: s}}
}

func TestAnEventIsRepeatedAtSlacksOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }}
		s, _ := inBubble(t, b)
		began := time.Now()
		seen, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "hello")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		after := []time.Duration{}
		for _, a := range s.Attempts(seen.EventID) {
			after = append(after, a.At.Sub(began))
		}
		require.Equal(t, []time.Duration{0, 0, time.Minute, 6 * time.Minute}, after)
	})
}

func TestAnAnswerAfterThreeSecondsIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := 3*time.Second - time.Millisecond
		b := &bot{answer: func(http.ResponseWriter, *http.Request) { time.Sleep(pause) }}
		s, _ := inBubble(t, b)
		require.Empty(t, command(t, s, slacksim.Incidents).Error)
		pause += 2 * time.Millisecond
		seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
		require.NoError(t, err)
		require.Equal(t, "operation_timeout", seen.Error)
		require.Equal(t, 3*time.Second, seen.Latency)
		time.Sleep(time.Second)
	})
}

func TestACutIsAnErrorWithoutSocketsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := inBubble(t, &bot{})
		url := command(t, s, slacksim.Incidents).ResponseURL
		send := func() (int, string, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader([]byte(`{"text":"x"}`)))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			response, err := client.Do(r)
			if err != nil {
				return 0, "", err
			}
			text, err := io.ReadAll(response.Body)
			return response.StatusCode, string(text), err
		}
		s.Inject(slacksim.Fault{Times: 1, Drop: slacksim.DropAfter})
		_, _, err := send()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 1, s.ResponseURLUses(url))
		status, _, err := send()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		time.Sleep(30 * time.Minute)
		status, text, err := send()
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, status)
		require.Contains(t, text, "expired_url")
	})
}
