package guard_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
)

// In this file the test plays the library, in a bubble: its clock is exact,
// and it fails a test that leaves a goroutine behind.

type session struct {
	*guard.Guard
	stdin   *io.PipeWriter
	library *bufio.Reader
	stdout  bytes.Buffer
	began   time.Time
}

// inSession runs a test with the client's end of stdin open.
func inSession(t *testing.T, opts guard.Options, test func(t *testing.T, s *session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		in, stdin := io.Pipe()
		defer stdin.Close()
		s := &session{stdin: stdin, began: time.Now()}
		s.Guard = guard.New(in, &s.stdout, opts)
		s.library = bufio.NewReader(s.Reader())
		defer s.Drain()
		test(t, s)
	})
}

// hears lets the client say lines and the library take them.
func (s *session) hears(t *testing.T, lines ...string) {
	t.Helper()
	go func() { _, _ = io.WriteString(s.stdin, strings.Join(lines, "")) }()
	for _, want := range lines {
		got, err := s.library.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// says is what the library writes.
func (s *session) says(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		n, err := io.WriteString(s.Writer(), line)
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
}

// ends is when the library is told of the end of input.
func (s *session) ends(t *testing.T) time.Duration {
	t.Helper()
	line, err := s.library.ReadString('\n')
	require.Empty(t, line)
	require.ErrorIs(t, err, io.EOF)
	return time.Since(s.began)
}

func requireOpen(t *testing.T, c <-chan struct{}) {
	t.Helper()
	synctest.Wait()
	select {
	case <-c:
		require.Fail(t, "closed")
	default:
	}
}

func requireClosed(t *testing.T, c <-chan struct{}) {
	t.Helper()
	synctest.Wait()
	select {
	case <-c:
	default:
		require.Fail(t, "open")
	}
}

func request(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}` + "\n"
}

func requestWithToken(id, token string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"_meta":{"progressToken":` + token + `}}}` + "\n"
}

func cancel(id string) string {
	return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}` + "\n"
}

func result(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"result":{}}` + "\n"
}

func TestEOFWaitsForTheLastAnswer(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"), request("2"))
		s.says(t, result("2"))
		requireOpen(t, s.Draining())
		s.stdin.Close()
		go func() {
			<-s.Draining()
			<-time.After(3 * time.Second)
			s.says(t, result("1"))
		}()
		require.Equal(t, 3*time.Second, s.ends(t))
		require.Equal(t, 3*time.Second, s.ends(t), "the end stays the end")
		require.Equal(t, result("2")+result("1"), s.stdout.String())
	})
}

func TestEOFIsImmediateWhenNothingIsPending(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		s.says(t, result("1"))
		s.stdin.Close()
		require.Zero(t, s.ends(t))
		<-time.After(time.Minute)
		requireOpen(t, s.Expired())
		requireOpen(t, s.Broken())
		require.NoError(t, s.Err())
	})
}

func TestARequestNeverAnsweredDelaysEOFByDrainAndGrace(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		s.stdin.Close()
		var expired time.Duration
		go func() {
			<-s.Expired()
			expired = time.Since(s.began)
		}()
		require.Equal(t, 4800*time.Millisecond, s.ends(t))
		synctest.Wait()
		require.Equal(t, 4*time.Second, expired)
	})
}

func TestAnAnswerWithinTheGraceIsDelivered(t *testing.T) {
	inSession(t, guard.Options{Drain: time.Second}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		s.stdin.Close()
		go func() {
			<-s.Expired()
			s.says(t, result("1"))
		}()
		require.Equal(t, time.Second, s.ends(t))
		require.Equal(t, result("1"), s.stdout.String())
	})
}

func TestDrainIsEOFAlsoWhileStdinBlocks(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		go func() {
			synctest.Wait() // the library waits for the next line
			for range 3 {
				go s.Drain()
			}
			<-s.Draining()
			<-time.After(time.Second)
			s.says(t, result("1"))
		}()
		require.Equal(t, time.Second, s.ends(t))
		go func() { _, _ = io.WriteString(s.stdin, request("2")) }()
		synctest.Wait()
		require.Equal(t, time.Second, s.ends(t), "nothing more is read")
	})
}

func TestWhatWasReadBeforeDrainIsStillHandedOver(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		go func() { _, _ = io.WriteString(s.stdin, request("2")+request("3")) }()
		synctest.Wait()
		s.Drain()
		for _, id := range []string{"2", "3"} {
			line, err := s.library.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, request(id), line)
		}
		s.says(t, result("1"), result("2"), result("3"))
		require.Zero(t, s.ends(t))
	})
}

func TestEOFAndCancellationAreSeenWhileTheLibraryReadsNothing(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		go func() {
			_, _ = io.WriteString(s.stdin, request("2")+request("3")+cancel("3"))
			s.stdin.Close()
		}()
		requireClosed(t, s.Draining())
		require.True(t, s.Cancelled(3))
		require.False(t, s.Cancelled(2))
	})
}

func TestReadingAheadIsBounded(t *testing.T) {
	inSession(t, guard.Options{MaxLine: 100}, func(t *testing.T, s *session) {
		var got int
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 50 {
				n, _ := io.WriteString(s.stdin, request("1"))
				got += n
			}
		}()
		_, err := s.library.ReadString('\n')
		require.NoError(t, err)
		synctest.Wait()
		select {
		case <-done:
			require.Fail(t, "all was read")
		default:
		}
		for range 49 {
			_, err := s.library.ReadString('\n')
			require.NoError(t, err)
		}
		<-done
		require.Equal(t, 50*len(request("1")), got)
	})
}

func TestLinesReachTheLibraryWithoutWhatStandsAroundThem(t *testing.T) {
	for name, test := range map[string]struct{ stdin, library string }{
		"newline":           {"{}\n7\n", "{}\n7\n"},
		"no last newline":   {"{}\nabc", "{}\nabc\n"},
		"CRLF":              {"{}\r\n{}\r", "{}\n{}\n"},
		"byte order marks":  {"\ufeff{}\n\ufeff {}\r\n", "{}\n{}\n"},
		"NULs and blanks":   {"\x00\x00 {}\x00\n\x00\n", "{}\n"},
		"blank lines":       {"\n \t\n\r\n{}\n\n", "{}\n"},
		"nothing":           {"", ""},
		"a blank last line": {"{}\n ", "{}\n"},
		"no JSON":           {"{\n\xff\x00x\n", "{\n\xff\x00x\n"},
		"longer than any buffer": {
			strings.Repeat("x", 300<<10) + "\n" + strings.Repeat("y", 64<<10) + "\n",
			strings.Repeat("x", 300<<10) + "\n" + strings.Repeat("y", 64<<10) + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for chunked, in := range map[string]io.Reader{
					"whole":        strings.NewReader(test.stdin),
					"byte by byte": iotest.OneByteReader(strings.NewReader(test.stdin)),
					"EOF at once":  iotest.DataErrReader(strings.NewReader(test.stdin)),
				} {
					got, err := io.ReadAll(guard.New(in, io.Discard, guard.Options{}).Reader())
					require.NoError(t, err, chunked)
					require.Equal(t, test.library, string(got), chunked)
				}
			})
		})
	}
}

func TestALineOverTheLimitIsSkippedAndAnswered(t *testing.T) {
	const limit = 100_000 // more than one buffer
	long := strings.Repeat("x", limit+1)
	for name, test := range map[string]struct {
		stdin, library string
		refused        int
	}{
		"at the limit":      {long[1:] + "\n", long[1:] + "\n", 0},
		"one byte over":     {long + "\n", "", 1},
		"between others":    {"{}\n" + long + "\n7\n" + long + long + "\n{}\n", "{}\n7\n{}\n", 2},
		"last, without end": {"{}\n" + long, "{}\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stdout bytes.Buffer
				g := guard.New(strings.NewReader(test.stdin), &stdout, guard.Options{MaxLine: limit, Drain: 1})
				got, err := io.ReadAll(g.Reader())
				require.NoError(t, err)
				require.Equal(t, test.library, string(got))
				require.Equal(t, test.refused, strings.Count(stdout.String(), "\n"))
				for line := range strings.Lines(stdout.String()) {
					require.JSONEq(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":%q}}`,
						message(t, line)), line)
					require.Contains(t, line, "the limit is 100000: send it again with shorter arguments")
				}
			})
		})
	}
}

func message(t *testing.T, line string) string {
	t.Helper()
	var m struct{ Error struct{ Message string } }
	require.NoError(t, json.Unmarshal([]byte(line), &m))
	return m.Error.Message
}

// endless is a very long line.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

func TestALineOverTheLimitIsNotHeldInMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g := guard.New(&endless{left: 100 << 20}, io.Discard, guard.Options{MaxLine: 1 << 20})
	_, err := io.Copy(io.Discard, g.Reader())
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "of 100 MiB")
}

func TestIDsMatchAcrossTheLibrary(t *testing.T) {
	for _, test := range []struct {
		asked    string // by the client
		cancelBy string // the same, as the client may write it again
		decoded  any    // as the library may hand it on
		answered string // as the library writes it
		other    any    // what it must not be confused with
	}{
		{`1`, `1`, float64(1), `1`, "1"},
		{`1.0`, `1`, int64(1), `1`, "1.0"},
		{`1`, `1.0`, json.Number("1"), `1`, 2},
		{`1e2`, `100`, 100, `100`, "1e2"},
		{`-7`, `-7`, int32(-7), `-7`, 7},
		{`1.5`, `1.5`, 1.5, `1.5`, 1},
		{`1e21`, `1e21`, 1e21, `1e+21`, 1},
		{`"1"`, `"1"`, "1", `"1"`, 1},
		{`""`, `""`, "", `""`, 0},
		{`"null"`, `"null"`, "null", `"null"`, nil},
		{`"a<b é"`, `"a\u003cb \u00e9"`, "a<b é", `"a\u003cb é"`, "a"},
		{`true`, `true`, true, `true`, "true"},
		{`{"b":1,"a":2}`, `{"a":2,"b":1.0}`, map[string]any{"a": 2, "b": 1}, `{"a":2,"b":1}`, 1},
		{`[1]`, `[1]`, []any{1.0}, `[1]`, 1},
	} {
		t.Run(test.asked, func(t *testing.T) {
			inSession(t, guard.Options{}, func(t *testing.T, s *session) {
				s.hears(t, request(test.asked))
				require.False(t, s.Cancelled(test.decoded))
				s.hears(t, cancel(test.cancelBy))
				require.True(t, s.Cancelled(test.decoded))
				require.True(t, s.Cancelled(json.RawMessage(test.asked)))
				require.False(t, s.Cancelled(test.other))
				s.says(t, result(test.answered))
				require.Empty(t, s.stdout.String())
				require.False(t, s.Cancelled(test.decoded), "it is over")
				s.stdin.Close()
				require.Zero(t, s.ends(t))
			})
		})
	}
}

func TestCancellingNeedsAPendingRequestAndAnID(t *testing.T) {
	for name, line := range map[string]string{
		"another id":      cancel("2"),
		"another type":    cancel(`"1"`),
		"null":            cancel("null"),
		"no params":       `{"jsonrpc":"2.0","method":"notifications/cancelled"}` + "\n",
		"params a list":   `{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}` + "\n",
		"other notice":    `{"jsonrpc":"2.0","method":"notifications/x","params":{"requestId":1}}` + "\n",
		"deeper":          `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"x":{"requestId":1}}}` + "\n",
		"another version": `{"jsonrpc":"1.0","method":"notifications/cancelled","params":{"requestId":1}}` + "\n",
		"a request":       `{"jsonrpc":"2.0","id":9,"method":"notifications/cancelled","params":{"requestId":1}}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			inSession(t, guard.Options{}, func(t *testing.T, s *session) {
				s.hears(t, request("1"), line)
				require.False(t, s.Cancelled(1))
				require.False(t, s.Cancelled(nil))
				s.says(t, result("1"))
				require.Equal(t, result("1"), s.stdout.String())
			})
		})
	}
}

func TestACancellationThatComesTooLateChangesNothing(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"))
		s.says(t, result("1"))
		s.hears(t, cancel("1"))
		require.False(t, s.Cancelled(1))
		s.hears(t, request("1")) // the id again
		require.False(t, s.Cancelled(1))
		s.says(t, result("1"))
		require.Equal(t, result("1")+result("1"), s.stdout.String())
	})
}

func TestIDsInFlightTwiceAreCounted(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"), request("1"))
		s.says(t, result("1"))
		s.stdin.Close()
		go func() {
			<-s.Draining()
			<-time.After(time.Second)
			s.says(t, result("1"))
		}()
		require.Equal(t, time.Second, s.ends(t), "the second is waited for")
	})
}

func TestACancellationHitsOnlyWhatWasAskedBeforeIt(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"), request("1"), cancel("1"))
		require.True(t, s.Cancelled(1))
		s.hears(t, request("1"))
		require.False(t, s.Cancelled(1), "one of the three is wanted")
		s.says(t, result("1"), result("1"), result("1"))
		require.Equal(t, result("1"), s.stdout.String())
	})
}

func TestResponsesWithoutARequestPassThrough(t *testing.T) {
	lines := []string{
		result("99"),
		result("null"),
		`{"jsonrpc":"2.0","error":{"code":-32700}}` + "\n",
		`{"jsonrpc":"2.0","method":"notifications/x","params":{"id":1}}` + "\n",
		`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n", // the library's own request
		"no JSON\n",
		"\n",
	}
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"), cancel("1"))
		s.says(t, lines...)
		require.Equal(t, strings.Join(lines, ""), s.stdout.String())
		require.True(t, s.Cancelled(1), "none of them was its answer")
	})
}

func TestWritesAreCutIntoLines(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, request("1"), request("2"), requestWithToken("3", "3"), cancel("2"))
		text := result("1") + result("2") + result("3")
		cut := len(result("1")) + 10
		s.says(t, text[:5])
		require.Empty(t, s.stdout.String(), "held until its end is known")
		s.says(t, text[5:cut])
		require.Equal(t, result("1"), s.stdout.String())
		require.NoError(t, s.Notify(3, "n", nil))
		s.says(t, text[cut:])
		require.Equal(t, result("1")+`{"jsonrpc":"2.0","method":"n"}`+"\n"+result("3"), s.stdout.String())
	})
}

func TestNotifyIsForPendingRequestsOnly(t *testing.T) {
	params := map[string]any{"progress": 1}
	line := `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}` + "\n"
	for _, token := range []struct {
		asked   string
		decoded any
		other   any
	}{
		{`7`, float64(7), "7"},
		{`7.0`, int64(7), 8},
		{`"7"`, "7", 7},
	} {
		t.Run(token.asked, func(t *testing.T) {
			inSession(t, guard.Options{}, func(t *testing.T, s *session) {
				notify := func(token any) error { return s.Notify(token, "notifications/progress", params) }
				require.ErrorIs(t, notify(token.decoded), guard.ErrAnswered, "unknown")
				s.hears(t, requestWithToken("1", token.asked), request("2"))
				require.NoError(t, notify(token.decoded))
				require.Equal(t, line, s.stdout.String())
				require.ErrorIs(t, notify(token.other), guard.ErrAnswered)
				require.ErrorIs(t, notify(nil), guard.ErrAnswered)
				s.says(t, result("1"))
				require.ErrorIs(t, notify(token.decoded), guard.ErrAnswered, "answered")
				s.hears(t, requestWithToken("3", token.asked), cancel("3"))
				require.ErrorIs(t, notify(token.decoded), guard.ErrAnswered, "cancelled")
				require.Equal(t, line+result("1"), s.stdout.String())
			})
		})
	}
}

func TestNotifyReportsWhatCannotBeEncoded(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, requestWithToken("1", "7"))
		require.ErrorContains(t, s.Notify(7, "n", map[string]any{"x": func() {}}), "encode n: json: unsupported type")
	})
}

// gone is a client that takes so many bytes and then has left.
type gone struct{ after int }

var errGone = errors.New("broken pipe")

func (g *gone) Write(p []byte) (int, error) {
	if g.after -= len(p); g.after < 0 {
		return 0, errGone
	}
	return len(p), nil
}

func TestAClientThatHasGoneEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, stdin := io.Pipe()
		defer stdin.Close()
		began := time.Now()
		g := guard.New(in, &gone{after: len(result("1"))}, guard.Options{})
		library := bufio.NewReader(g.Reader())
		go func() { _, _ = io.WriteString(stdin, request("1")+request("2")+requestWithToken("3", "3")) }()
		for range 3 {
			_, err := library.ReadString('\n')
			require.NoError(t, err)
		}
		_, err := io.WriteString(g.Writer(), result("1"))
		require.NoError(t, err)
		_, err = io.WriteString(g.Writer(), result("2"))
		require.EqualError(t, err, "write to the client: broken pipe")
		_, err = library.ReadString('\n')
		require.ErrorIs(t, err, io.EOF, "though 3 is pending")
		requireClosed(t, g.Broken())
		requireClosed(t, g.Draining())
		requireClosed(t, g.Expired())
		require.ErrorIs(t, g.Err(), errGone)
		require.ErrorIs(t, g.Notify(3, "n", nil), errGone)
		_, err = io.WriteString(g.Writer(), result("3"))
		require.ErrorIs(t, err, errGone)
		g.Drain()
		require.Zero(t, time.Since(began))
		<-time.After(time.Minute) // the timers have nothing left to close
	})
}

func TestAShortWriteIsAWriteError(t *testing.T) {
	g := guard.New(strings.NewReader(""), shortWriter{}, guard.Options{})
	_, err := io.WriteString(g.Writer(), result("1"))
	require.ErrorIs(t, err, io.ErrShortWrite)
	require.ErrorIs(t, g.Err(), io.ErrShortWrite)
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestAClientThatDoesNotReadStopsNeitherDrainNorTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stdin, client := io.Pipe()
		out, stdout := io.Pipe() // nobody reads out
		g := guard.New(stdin, stdout, guard.Options{})
		library := bufio.NewReader(g.Reader())
		go func() { _, _ = io.WriteString(client, request("1")+request("2")) }()
		for range 2 {
			_, err := library.ReadString('\n')
			require.NoError(t, err)
		}
		go func() { _, _ = io.WriteString(g.Writer(), result("1")) }()
		synctest.Wait()
		require.False(t, g.Cancelled(1))
		g.Drain()
		_, err := library.ReadString('\n')
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 4800*time.Millisecond, time.Since(began))
		requireClosed(t, g.Expired())
		out.Close()
		client.Close()
	})
}

func TestAnErrorOfStdinIsItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := io.MultiReader(strings.NewReader("{}\nab"), iotest.ErrReader(errors.New("stdin is odd")))
		var log strings.Builder
		g := guard.New(in, io.Discard, guard.Options{Drain: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		got, err := io.ReadAll(g.Reader())
		require.NoError(t, err)
		require.Equal(t, "{}\nab\n", string(got))
		require.Contains(t, log.String(), "stdin is odd")
	})
}

func TestLogsNeverHoldWhatMessagesSay(t *testing.T) {
	var log strings.Builder
	opts := guard.Options{MaxLine: 200, Drain: 1, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	inSession(t, opts, func(t *testing.T, s *session) {
		s.hears(t, request("1"), request("2"), cancel("1"))
		go func() { _, _ = io.WriteString(s.stdin, strings.Repeat("s3cret", 100)+"\n") }()
		s.says(t, `{"jsonrpc":"2.0","id":1,"result":{"text":"s3cret"}}`+"\n")
		synctest.Wait()
		s.Drain()
		s.ends(t)
		for _, want := range []string{"response to a cancelled request dropped", "line over the limit skipped", "requests still pending"} {
			require.Contains(t, log.String(), want)
		}
		require.NotContains(t, log.String(), "s3cret")
	})
}
