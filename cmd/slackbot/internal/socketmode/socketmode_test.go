package socketmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slack is the other end, in a bubble: its time passes only when all wait.
type slack struct {
	t      *testing.T
	client *Client
	taken  chan *Request
	stop   context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	refuse error // what Open answers
	status int   // of the handshake, if it is no WebSocket
	mute   bool  // no hello

	opened []time.Time // when an address was asked for
	peers  []*peer     // in the order in which they came
	states []string
	log    bytes.Buffer // of the client
}

// change is how a test sets, and has, what belongs to the lock.
func (s *slack) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func locked[T any](s *slack, f func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func (s *slack) list() []*peer { return locked(s, func() []*peer { return slices.Clone(s.peers) }) }
func (s *slack) newest() *peer { l := s.list(); return l[len(l)-1] }
func (s *slack) asked() []time.Time {
	return locked(s, func() []time.Time { return slices.Clone(s.opened) })
}
func (s *slack) told() []string       { return locked(s, func() []string { return slices.Clone(s.states) }) }
func (s *slack) logged() string       { return locked(s, s.log.String) }
func (s *slack) answer(refusal error) { s.change(func() { s.refuse = refusal }) }

// Write takes the client's log.
func (s *slack) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(line)
}

// peer is Slack's side of a connection.
type peer struct {
	*websocket.Conn

	writing sync.Mutex
	silence chan struct{} // closed when no more PINGs come
	frames  chan string   // closed when it has ended
	ended   chan struct{}
	code    int // of the client's close frame, then
}

// meet runs a test with a Slack in a bubble.
func meet(t *testing.T, connections int, prepare func(s *slack), test func(s *slack)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &slack{t: t, taken: make(chan *Request, 100), ended: make(chan error, 1)}
		listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(s.serve)}
		go server.Serve(listener) //nolint:errcheck // it ends with the test
		s.client = &Client{
			Open: s.open, Take: func(_ context.Context, r *Request) { s.taken <- r }, Connected: s.connected,
			Logger: slog.New(slog.NewTextHandler(s, nil)), Connections: connections, MaxFrame: 10_000, tcp: listener.dial,
		}
		if prepare != nil {
			prepare(s)
		}
		ctx, stop := context.WithCancel(t.Context())
		s.stop = stop
		go func() { s.ended <- s.client.Run(ctx) }()
		defer func() {
			stop()
			wait(time.Minute)
			for _, p := range s.list() {
				p.Close()
			}
			server.Close()
			synctest.Wait()
		}()
		synctest.Wait()
		test(s)
	})
}

func (s *slack) open(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, time.Now())
	return "ws://slack.test/link/?ticket=hidden", s.refuse
}

func (s *slack) connected(number int, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, fmt.Sprint(number, is))
}

func (s *slack) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	p := &peer{Conn: conn, silence: make(chan struct{}), frames: make(chan string, 100), ended: make(chan struct{})}
	s.peers = append(s.peers, p)
	go p.read()
	go p.ping()
	if !s.mute {
		go p.say(`{"type":"hello","num_connections":1}`)
	}
}

func (p *peer) read() {
	defer close(p.ended)
	defer close(p.frames)
	for {
		_, frame, err := p.ReadMessage()
		if err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				p.code = closed.Code
			}
			return
		}
		p.frames <- string(frame)
	}
}

func (p *peer) ping() {
	for {
		select {
		case <-time.After(5 * time.Second):
			_ = p.WriteControl(websocket.PingMessage, []byte("Ping"), time.Now().Add(time.Second)) // the client may have gone
		case <-p.silence:
			return
		case <-p.ended:
			return
		}
	}
}

func (p *peer) say(frame string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	_ = p.WriteMessage(websocket.TextMessage, []byte(frame)) // the client may have gone
}

// pipes is a network.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// ask sends a request over p.
func (s *slack) ask(p *peer, id string) *Request {
	s.t.Helper()
	p.say(`{"type":"slash_commands","envelope_id":"` + id + `","payload":{"command":"/triage"},"accepts_response_payload":true}`)
	synctest.Wait()
	require.Len(s.t, s.taken, 1)
	return <-s.taken
}

func TestARequestIsAcknowledgedWithWhatSlackShows(t *testing.T) {
	meet(t, 2, nil, func(s *slack) {
		require.Len(t, s.list(), 2)
		r := s.ask(s.list()[1], "e1")
		require.Equal(t, `slash_commands e1 {"command":"/triage"} false`, fmt.Sprintf("%s %s %s %t", r.Type, r.ID, r.Payload, r.Retried))
		require.NoError(t, r.Ack(map[string]string{"text": "on it"}))
		r.Done()
		require.JSONEq(t, `{"envelope_id":"e1","payload":{"text":"on it"}}`, <-s.list()[1].frames)
		r = s.ask(s.list()[0], "e2")
		require.NoError(t, r.Ack(nil))
		r.Done()
		require.JSONEq(t, `{"envelope_id":"e2"}`, <-s.list()[0].frames, "one without a payload")
		require.ErrorContains(t, r.Ack(strings.Repeat("x", maxAck)), "Slack drops those of 20480 or more")
	})
}

func TestTheNextConnectionIsThereBeforeTheOldOneGoes(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		old := s.list()[0]
		wait(time.Hour)
		before := s.ask(old, "before")
		old.say(`{"type":"disconnect","reason":"refresh_requested"}`)
		synctest.Wait()
		require.NotSame(t, old, s.newest())
		wait(quiet / 2)
		late := s.ask(old, "late")
		wait(quiet * 2)
		require.NoError(t, before.Ack("one"))
		before.Done()
		wait(quiet / 2)
		require.NoError(t, late.Ack("two"))
		late.Done()
		require.Contains(t, <-old.frames, "before")
		require.Contains(t, <-old.frames, "late")
		wait(quiet)
		_, more := <-old.frames
		require.False(t, more)
		require.Equal(t, websocket.CloseNormalClosure, old.code, "a farewell, after all is done")
		require.Contains(t, s.logged(), "reason=refresh_requested")
		s.ask(s.newest(), "after").Done()
	})
}

func TestAnOldConnectionServesOnUntilThereIsANewOne(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		old := s.list()[0]
		wait(time.Hour)
		s.answer(errors.New("Slack is away"))
		old.say(`{"type":"disconnect","reason":"warning"}`)
		wait(time.Hour)
		require.Less(t, len(s.asked()), 100)
		require.Equal(t, "0 true", s.told()[len(s.told())-1])
		r := s.ask(old, "e1")
		require.NoError(t, r.Ack(nil))
		r.Done()
		s.answer(nil)
		wait(2 * maxPause)
		require.Len(t, s.list(), 2)
		require.Equal(t, websocket.CloseNormalClosure, old.code)
		require.Contains(t, s.logged(), "Slack is away")
	})
}

func TestAConnectionWithoutPINGsIsDead(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		wait(24 * time.Hour)
		require.Len(t, s.list(), 1)
		require.Equal(t, []string{"0 true"}, s.told())
		close(s.list()[0].silence)
		wait(silence + 2*time.Second)
		require.Len(t, s.list(), 2)
		require.Equal(t, []string{"0 true", "0 false", "0 true"}, s.told())
		require.Contains(t, s.logged(), "i/o timeout")
	})
}

func TestAConnectionThatSlackDoesNotGreetIsGivenUp(t *testing.T) {
	meet(t, 1, func(s *slack) { s.mute = true }, func(s *slack) {
		wait(time.Hour)
		require.InDelta(t, 55, len(s.asked()), 30, "the pauses grow, but no longer than a minute or so")
		require.NotContains(t, s.told(), "0 true")
		require.Contains(t, s.logged(), "hello did not come")
		s.change(func() { s.mute = false })
		wait(3 * maxPause)
		require.Contains(t, s.told(), "0 true")
	})
}

func TestOneTooManyIsTurnedAwayAndTheOldOneServesOn(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		old := s.list()[0]
		wait(time.Hour)
		s.change(func() { s.mute = true })
		old.say(`{"type":"disconnect","reason":"warning"}`)
		synctest.Wait()
		require.Len(t, s.list(), 2)
		s.newest().say(`{"type":"disconnect","reason":"too_many_websockets"}`)
		synctest.Wait()
		require.Contains(t, s.logged(), "Slack turned it away: too_many_websockets")
		r := s.ask(old, "e1")
		require.NoError(t, r.Ack(nil))
		r.Done()
		require.Contains(t, <-old.frames, "e1")
		s.change(func() { s.mute = false })
		wait(time.Minute)
		require.Equal(t, websocket.CloseNormalClosure, old.code)
	})
}

func TestConnectionsThatEndAtOnceAreNotOpenedInARow(t *testing.T) {
	for _, frame := range []string{`{"type":"disconnect","reason":"link_disabled"}`, "cut"} {
		t.Run(frame, func(t *testing.T) {
			meet(t, 1, nil, func(s *slack) {
				for began, seen := time.Now(), 0; time.Since(began) < time.Hour; wait(time.Second) {
					for ; seen < len(s.list()); seen++ {
						if frame == "cut" {
							s.list()[seen].Close()
						} else {
							s.list()[seen].say(frame)
						}
					}
				}
				require.Less(t, len(s.asked()), 120)
				require.Greater(t, len(s.asked()), 30)
			})
		})
	}
}

func TestAnAcknowledgementWhoseConnectionIsCutGoesOverAnother(t *testing.T) {
	meet(t, 2, nil, func(s *slack) {
		r := s.ask(s.list()[0], "e1")
		s.list()[0].Close()
		synctest.Wait()
		require.NoError(t, r.Ack("here"))
		r.Done()
		require.JSONEq(t, `{"envelope_id":"e1","payload":"here"}`, <-s.list()[1].frames)
		r = s.ask(s.list()[1], "e2")
		s.answer(errors.New("Slack is away"))
		s.list()[1].Close()
		synctest.Wait()
		require.ErrorContains(t, r.Ack("nowhere"), "no connection takes the acknowledgement")
		r.Done()
	})
}

func TestAnAcknowledgementGoesOverNoConnectionThatSlackHasNotGreeted(t *testing.T) {
	meet(t, 2, nil, func(s *slack) {
		r := s.ask(s.list()[0], "e1")
		s.change(func() { s.mute = true })
		s.list()[0].Close()
		wait(5 * time.Second)
		require.Len(t, s.list(), 3) // and Slack may turn this one away
		require.NoError(t, r.Ack("here"))
		r.Done()
		synctest.Wait()
		require.Empty(t, s.list()[2].frames)
		require.Len(t, s.list()[1].frames, 1)
	})
}

func TestAConnectionThatHasGoneIsNotSaidToBeThere(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		wait(time.Hour)
		old := s.list()[0]
		s.answer(errors.New("Slack is away"))
		old.say(`{"type":"disconnect","reason":"warning"}`)
		wait(10 * time.Minute) // the pauses have grown by now
		require.Equal(t, []string{"0 true"}, s.told())
		old.Close()
		synctest.Wait()
		require.Equal(t, []string{"0 true", "0 false"}, s.told())
	})
}

// endless is a context that ends without telling, as one does at the moment when a
// connection comes.
type endless struct {
	context.Context

	over func() bool
}

func (c endless) Err() error {
	if c.over() {
		return context.Canceled
	}
	return nil
}

func TestAConnectionThatComesAtTheEndIsClosed(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		dying := endless{context.WithoutCancel(t.Context()), func() bool { return len(s.list()) == 2 }}
		var all sync.WaitGroup
		require.NoError(t, s.client.keep(dying, 1, &all))
		wait(time.Minute)
		require.Len(t, s.list(), 2)
		require.False(t, isOpen(s.list()[1].ended))
		require.Equal(t, websocket.CloseNormalClosure, s.list()[1].code)
		require.Equal(t, []string{"0 true", "1 true", "1 false"}, s.told())
		all.Wait()
	})
}

func TestAnErrorThatIsPermanentEndsAll(t *testing.T) {
	meet(t, 2, nil, func(s *slack) {
		revoked := errors.New("token_revoked")
		s.answer(backoff.Permanent(revoked))
		s.list()[0].Close()
		wait(10 * time.Second)
		require.Len(t, s.ended, 1)
		require.Equal(t, revoked, <-s.ended)
		require.Equal(t, websocket.CloseNormalClosure, s.list()[1].code)
		require.Equal(t, "false", s.told()[len(s.told())-1][2:])
	})
}

func TestSlacksWishToWaitIsMetAsFarAsItMakesSense(t *testing.T) {
	for wish, most := range map[time.Duration]time.Duration{10 * time.Minute: 10 * time.Minute, 240 * time.Hour: maxWish, -time.Hour: time.Second} {
		refusal := &backoff.RetryAfterError{Duration: wish}
		meet(t, 1, func(s *slack) { s.refuse = refusal }, func(s *slack) {
			wait(40 * time.Minute)
			require.GreaterOrEqual(t, len(s.asked()), 3, wish)
			require.GreaterOrEqual(t, s.asked()[1].Sub(s.asked()[0]), min(wish, most))
			require.LessOrEqual(t, s.asked()[1].Sub(s.asked()[0]), most)
		})
	}
}

func TestTheEndWaitsForWhatCameInAsLongAsSlackDoes(t *testing.T) {
	t.Run("acknowledged", func(t *testing.T) {
		meet(t, 2, nil, func(s *slack) {
			r := s.ask(s.list()[0], "e1")
			s.stop()
			wait(time.Second)
			require.Equal(t, websocket.CloseNormalClosure, s.list()[1].code)
			require.Empty(t, s.ended)
			require.NoError(t, r.Ack("in time"))
			r.Done()
			wait(time.Second)
			require.Contains(t, <-s.list()[0].frames, "in time")
			require.NoError(t, <-s.ended)
		})
	})
	t.Run("never", func(t *testing.T) {
		meet(t, 1, nil, func(s *slack) {
			s.ask(s.list()[0], "e1")
			s.stop()
			wait(ackTime + time.Second)
			require.NoError(t, <-s.ended)
			require.Equal(t, websocket.CloseNormalClosure, s.list()[0].code)
		})
	})
	t.Run("by a Slack that does not answer", func(t *testing.T) {
		meet(t, 1, nil, func(s *slack) {
			s.list()[0].SetCloseHandler(func(int, string) error { return nil })
			s.stop()
			wait(closeTime + time.Second)
			require.NoError(t, <-s.ended)
		})
	})
}

func TestARequestAfterTheFarewellIsLeftToSlack(t *testing.T) {
	for _, before := range []string{"nothing is to be done", "a request is not done in time"} {
		t.Run(before, func(t *testing.T) {
			meet(t, 1, nil, func(s *slack) {
				p := s.list()[0]
				p.SetCloseHandler(func(int, string) error {
					go p.say(`{"type":"slash_commands","envelope_id":"late"}`)
					return nil
				})
				if before != "nothing is to be done" {
					s.ask(p, "slow")
				}
				s.stop()
				wait(ackTime + closeTime + time.Second)
				require.NoError(t, <-s.ended)
				require.Empty(t, s.taken)
				require.Contains(t, s.logged(), "Slack says so to the person")
			})
		})
	}
}

func TestAnAddressThatDoesNotDoIsNotQuoted(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusFound, http.StatusOK} {
		meet(t, 1, func(s *slack) { s.status = status }, func(s *slack) {
			require.Contains(t, s.logged(), fmt.Sprintf("HTTP %d in place of a WebSocket", status))
			require.NotContains(t, s.logged(), "hidden")
		})
	}
	for _, address := range []string{"", "https://slack.test/?hidden", "ws://slack.test:hidden/", "ws://slack.test/%hidden"} {
		meet(t, 1, func(s *slack) {
			s.client.Open = func(context.Context) (string, error) { return address, nil }
		}, func(s *slack) {
			require.Contains(t, s.logged(), "none of a WebSocket", address)
			require.NotContains(t, s.logged(), "hidden")
		})
	}
}

func TestWhatCannotBeReadDoesNotEndAConnection(t *testing.T) {
	meet(t, 1, nil, func(s *slack) {
		p := s.list()[0]
		for _, frame := range []string{"", "{", "[]", `"hidden"`, "null", "{}", `{"type":"hello"}`, `{"envelope_id":7}`, "\xff", `{"type":"hidden","envelope_id":null}`} {
			p.say(frame)
		}
		require.NoError(t, p.WriteMessage(websocket.BinaryMessage, []byte{0, 1}))
		synctest.Wait()
		require.Empty(t, s.taken)
		require.NotContains(t, s.logged(), "hidden")
		s.ask(p, "e1").Done()
		require.Len(t, s.list(), 1)
		p.say(`{"type":"` + strings.Repeat("x", int(s.client.MaxFrame)) + `"}`)
		wait(time.Second)
		require.Len(t, s.list(), 2, "too large a frame ends it")
		require.Contains(t, s.logged(), "read limit exceeded")
		s.ask(s.list()[1], "e2").Done()
	})
}

func TestDecode(t *testing.T) {
	for frame, want := range map[string]string{
		`{"type":"events_api","envelope_id":"e1","payload":{"a":1},"retry_attempt":2}`:       `events_api e1 {"a":1} true`,
		`{"type":"x","envelope_id":"e1","payload":"text","num_connections":"many"}`:          `x e1 "text" false`,
		`{"type":7,"envelope_id":"e1","retry_attempt":"often","debug_info":[]}`:              ` e1  true`,
		`{"type":"x","envelope_id":"e1","retry_attempt":false}`:                              `x e1  false`,
		`{"type":"x","envelope_id":"e1","payload":null,"retry_attempt":0,"reason":{"a":[]}}`: `x e1 null false`,
	} {
		e, err := decode([]byte(frame))
		require.NoError(t, err, frame)
		require.Equal(t, want, fmt.Sprintf("%s %s %s %t", e.Type, e.ID, e.Payload, e.Retried), frame)
	}
	for reason, want := range map[string]string{"warning": "warning", "": "none that can be shown", "a\nb": "none that can be shown", "refresh_requested": "refresh_requested"} {
		require.Equal(t, want, Envelope{why: reason}.reason())
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"events_api","envelope_id":"e1","payload":{"event":1},"retry_attempt":1.5}`))
	f.Add([]byte(`{"type":7,"envelope_id":"\ud800","retry_attempt":"often","reason":[]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		e, err := decode(frame)
		if err != nil {
			require.Equal(t, Envelope{}, e)
		}
		require.LessOrEqual(t, len(e.reason()), 40)
	})
}
