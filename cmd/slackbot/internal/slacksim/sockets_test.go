package slacksim_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func ticket(t *testing.T, s *sim) string {
	t.Helper()
	_, _, text := post(t, s.APIURL()+"apps.connections.open", "application/json", []byte("{}"), "Authorization", "Bearer "+s.Secrets().AppToken)
	return ok(t, decoded(t, text))["url"].(string)
}

func dial(t *testing.T, s *sim) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), ticket(t, s), nil)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func read(t *testing.T, conn *websocket.Conn) object {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	var v object
	require.NoError(t, conn.ReadJSON(&v))
	return v
}

func greeted(t *testing.T, s *sim) *websocket.Conn {
	t.Helper()
	conn := dial(t, s)
	require.Equal(t, "hello", read(t, conn)["type"])
	return conn
}

// acking reads until the connection ends and acks all with the payload.
func acking(conn *websocket.Conn, payload string, reconnect func()) (envelopes chan object) {
	envelopes = make(chan object, 10)
	go func() {
		defer close(envelopes)
		for {
			var v object
			if conn.ReadJSON(&v) != nil {
				return
			}
			if v["type"] == "disconnect" {
				conn.Close()
				reconnect()
				return
			}
			ack := object{"envelope_id": v["envelope_id"]}
			if payload != "" {
				ack["payload"] = json.RawMessage(payload)
			}
			conn.WriteJSON(ack) //nolint:errcheck // the command would time out
			envelopes <- v
		}
	}()
	return envelopes
}

func TestATicketIsGoodOnceAndForAWhile(t *testing.T) {
	s := start(t, slacksim.Options{})
	url := ticket(t, s)
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	require.NoError(t, err)
	defer conn.Close()
	_, _, err = websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	require.Error(t, err)
	late := ticket(t, s)
	s.Advance(time.Minute)
	_, _, err = websocket.DefaultDialer.DialContext(t.Context(), late, nil)
	require.Error(t, err)
}

func TestHelloTellsHowManyConnectionsThereAre(t *testing.T) {
	s := start(t, slacksim.Options{})
	for n := range 10 {
		hello := read(t, dial(t, s))
		require.Equal(t, "hello", hello["type"])
		require.EqualValues(t, n+1, hello["num_connections"])
		require.NotEmpty(t, hello["debug_info"].(object)["host"])
		require.Equal(t, slacksim.AppID, hello["connection_info"].(object)["app_id"])
	}
	eleventh := dial(t, s)
	require.Equal(t, "too_many_websockets", read(t, eleventh)["reason"])
	require.Len(t, s.Connections(), 10)
}

func TestACommandOverSocketMode(t *testing.T) {
	s := start(t, slacksim.Options{})
	envelopes := acking(greeted(t, s), `{"text":"on it"}`, func() {})
	seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "checkout")
	require.NoError(t, err)
	require.Equal(t, "on it", seen.Text())
	envelope := <-envelopes
	require.Equal(t, "slash_commands", envelope["type"])
	require.Equal(t, true, envelope["accepts_response_payload"])
	require.Equal(t, seen.EnvelopeID, envelope["envelope_id"])
	require.Equal(t, "checkout", envelope["payload"].(object)["text"])
	require.Equal(t, seen.EnvelopeID, s.Acks()[0].EnvelopeID)
	require.Equal(t, []string{"on it"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)))
}

func TestClicksAndEventsTakeNoPayloadInTheAck(t *testing.T) {
	s := start(t, slacksim.Options{})
	envelopes := acking(greeted(t, s), `{"text":"not shown"}`, func() {})
	ts := ok(t, call(t, s, "chat.postMessage", object{"channel": slacksim.Incidents, "text": "m", "blocks": []any{actions(button("b"))}}))["ts"].(string)
	m, _ := s.Message(slacksim.Incidents, ts)
	_, err := s.Click(slacksim.Bob, m, "b")
	require.NoError(t, err)
	click := <-envelopes
	require.Equal(t, "interactive", click["type"])
	require.Equal(t, false, click["accepts_response_payload"])
	_, err = s.Mention(slacksim.Bob, slacksim.Incidents, "", "hello")
	require.NoError(t, err)
	event := <-envelopes
	require.Equal(t, "events_api", event["type"])
	require.EqualValues(t, 0, event["retry_attempt"])
	require.Equal(t, "app_mention", event["payload"].(object)["event"].(object)["type"])
	require.Len(t, s.Visible(slacksim.Bob, slacksim.Incidents), 2)
}

func TestWithoutAConnectionACommandFailsAtOnce(t *testing.T) {
	s := start(t, slacksim.Options{})
	seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
	require.NoError(t, err)
	require.Equal(t, "dispatch_failed", seen.Error)
}

func TestAcksThatDoNotCount(t *testing.T) {
	s := start(t, slacksim.Options{AckTimeout: 50 * time.Millisecond})
	conn := greeted(t, s)
	for name, payload := range map[string]string{"too_large": strings.Repeat("x", 20_480), "unknown_envelope": "x"} {
		done := make(chan slacksim.Answer, 1)
		go func() {
			seen, _ := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
			done <- seen
		}()
		id := read(t, conn)["envelope_id"]
		if name == "unknown_envelope" {
			id = "of another life"
		}
		require.NoError(t, conn.WriteJSON(object{"envelope_id": id, "payload": object{"text": payload}}))
		require.Equal(t, "operation_timeout", (<-done).Error, name)
		acks := s.Acks()
		require.Equal(t, name, acks[len(acks)-1].Refused)
	}
}

func TestEachConnectionGetsItsTurn(t *testing.T) {
	s := start(t, slacksim.Options{AckTimeout: 50 * time.Millisecond})
	for range 2 {
		acking(greeted(t, s), "", func() {})
	}
	used := map[int]int{}
	for range 4 {
		used[command(t, s, slacksim.Incidents).Connection]++
	}
	require.Equal(t, map[int]int{1: 2, 2: 2}, used)

	t.Run("and a dead one too", func(t *testing.T) {
		require.Equal(t, 1, s.Freeze())
		lost := 0
		for range 4 {
			seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
			require.NoError(t, err)
			if seen.Error == "operation_timeout" {
				lost++
			}
		}
		require.Equal(t, 2, lost)
	})
}

func TestRefreshReplacesOneConnectionAfterTheOther(t *testing.T) {
	s := start(t, slacksim.Options{})
	var again func()
	again = func() { acking(greeted(t, s), "", again) }
	again()
	again()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, s.Refresh(ctx))
	require.Len(t, s.Connections(), 2)
	require.Equal(t, 3, s.Connections()[0].ID, "both are new")
	command(t, s, slacksim.Incidents)
	again = func() {}
	s.CutSockets()
}

func TestAConnectionThatIsAskedToGoGetsNothingAndIsClosed(t *testing.T) {
	s := start(t, slacksim.Options{CloseGrace: 20 * time.Millisecond})
	conn := greeted(t, s)
	done := make(chan error, 1)
	go func() { done <- s.Disconnect(t.Context(), "warning") }()
	require.Equal(t, "warning", read(t, conn)["reason"])
	seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
	require.NoError(t, err)
	require.Equal(t, "dispatch_failed", seen.Error)
	require.NoError(t, <-done)
	require.Empty(t, s.Connections(), "it did not go by itself")
	_, _, err = conn.ReadMessage()
	require.Error(t, err)
}

func TestACutComesWithoutAWord(t *testing.T) {
	s := start(t, slacksim.Options{})
	conn := greeted(t, s)
	s.CutSockets()
	_, _, err := conn.ReadMessage()
	require.Error(t, err)
	require.False(t, websocket.IsCloseError(err, websocket.CloseNormalClosure), "no close frame")
	require.Empty(t, s.Connections())
}

func TestPINGsComeAndPongsAreCounted(t *testing.T) {
	s := start(t, slacksim.Options{PingInterval: time.Millisecond})
	conn := greeted(t, s)
	pinged := make(chan string, 1)
	answer := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		select {
		case pinged <- data:
		default:
		}
		return answer(data)
	})
	acking(conn, "", func() {})
	require.Contains(t, <-pinged, "Ping from fake")
	require.Eventually(t, func() bool { return s.Connections()[0].Pongs > 1 }, 5*time.Second, time.Millisecond)
}

func TestAnEventThatIsNotAckedIsRepeated(t *testing.T) {
	s := start(t, slacksim.Options{AckTimeout: 50 * time.Millisecond, EventRetries: []time.Duration{0}})
	conn := greeted(t, s)
	first, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "hello")
	require.NoError(t, err)
	require.Equal(t, "operation_timeout", first.Error)
	require.EqualValues(t, 0, read(t, conn)["retry_attempt"])
	second := read(t, conn)
	require.EqualValues(t, 1, second["retry_attempt"])
	require.Equal(t, "http_timeout", second["retry_reason"])
	require.NotEqual(t, first.EnvelopeID, second["envelope_id"])
	require.Equal(t, first.EventID, second["payload"].(object)["event_id"])
}
