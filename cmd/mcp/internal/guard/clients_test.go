package guard_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

// What clients write that the library would answer wrongly, or not at all.

// takes lets the client say a line, and returns what the library hears.
func (s *session) takes(t *testing.T, line string) (heard string) {
	t.Helper()
	go func() { _, _ = s.stdin.Write([]byte(line)) }()
	heard, err := s.library.ReadString('\n')
	require.NoError(t, err)
	return heard
}

// idIn is the id of a line, as the library decodes it.
func idIn(t *testing.T, line string) any {
	t.Helper()
	var m struct{ ID any }
	require.NoError(t, json.Unmarshal([]byte(line), &m))
	return m.ID
}

func TestIDsThatTheLibraryWouldRoundComeBackAsTheyWereWritten(t *testing.T) {
	for _, id := range []string{`9007199254740993`, `-9007199254740993`, `18446744073709551615`, `1764547200000000001`, `0.1234567890123456789`, `1e-400`, `"\ud83d"`} {
		inSession(t, guard.Options{}, func(t *testing.T, s *session) {
			first := s.takes(t, request(id))
			second := s.takes(t, request("9007199254740992")) // which would be the same
			standIn, err := json.Marshal(idIn(t, first))
			require.NoError(t, err)
			require.NotEqual(t, idIn(t, first), idIn(t, second))
			s.says(t, result("9007199254740992"), result(string(standIn)))
			require.Equal(t, result("9007199254740992")+result(id), s.stdout.String())
		})
	}
}

func TestACancellationFindsAnIDThatTheLibraryWouldRound(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		first := idIn(t, s.takes(t, request("9007199254740993")))
		other := idIn(t, s.takes(t, request("9007199254740995")))
		heard := s.takes(t, cancel("9007199254740993"))
		require.Contains(t, heard, fmt.Sprint(first), "the library cancels what it knows")
		require.True(t, s.Cancelled(first))
		require.False(t, s.Cancelled(other))
		s.hears(t, request("1")) // after one that cancels nothing, which the library does not get
	})
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		go func() { _, _ = s.stdin.Write([]byte(cancel("9007199254740993") + request("1"))) }()
		heard, err := s.library.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, request("1"), heard)
	})
}

func TestOneOddIDTwiceInFlightIsCancelledTwice(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		first := idIn(t, s.takes(t, request("1e400")))
		second := idIn(t, s.takes(t, request("1e400")))
		require.NotEqual(t, first, second)
		s.takes(t, cancel("1e400"))
		require.True(t, s.Cancelled(first))
		require.True(t, s.Cancelled(second))
	})
}

func TestProgressTokensThatTheLibraryWouldRoundComeBackAsTheyWereWritten(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		var tokens []any
		for i, token := range []string{`1764547200000000001`, `1764547200000000002`, `"plain"`} {
			var m struct {
				Params struct {
					Meta struct{ ProgressToken any } `json:"_meta"`
				}
			}
			require.NoError(t, json.Unmarshal([]byte(s.takes(t, requestWithToken(fmt.Sprint(i), token))), &m))
			tokens = append(tokens, m.Params.Meta.ProgressToken)
		}
		for _, token := range tokens {
			require.NoError(t, s.Notify(token, "notifications/progress", map[string]any{"progressToken": token, "progress": 1}))
		}
		for _, want := range []string{`"progressToken":1764547200000000001`, `"progressToken":1764547200000000002`, `"progressToken":"plain"`} {
			require.Contains(t, s.stdout.String(), want)
		}
		require.NotContains(t, s.stdout.String(), "alitriage-")
	})
}

func TestAMessageOverTheLimitIsAnsweredToWhoeverAsked(t *testing.T) {
	filler := strings.Repeat("x", 300_000)
	for _, c := range []struct{ fact, line, id string }{
		{"the id stands first", `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"a":"` + filler + `"}}`, "9007199254740993"},
		{"behind the method", `{"method":"tools/call","jsonrpc":"2.0", "id" : "a\"b","params":{"id":5,"a":"` + filler + `"}}`, `"a\"b"`},
		{"last, as the TypeScript SDK writes it", `{"method":"tools/call","params":{"id":5,"a":"` + filler + `"},"jsonrpc":"2.0","id":7}`, "7"},
		{"last but one", `{"params":{"a":"` + filler + `"},"id":7,"jsonrpc":"2.0"}`, "7"},
		{"behind a byte order mark", "\ufeff" + `{"id":8,"params":{"a":"` + filler + `"}}`, "8"},
		{"only among the parameters", `{"jsonrpc":"2.0","params":{"a":"` + filler + `","id":7}}`, "null"},
		{"only in a text", `{"jsonrpc":"2.0","params":{"a":"` + filler + `,\"id\":7}"}}`, "null"},
		{"an id that is none", `{"id":[1],"params":{"a":"` + filler + `"}}`, "null"},
		{"no JSON", filler, "null"},
	} {
		inSession(t, guard.Options{MaxLine: 100_000}, func(t *testing.T, s *session) {
			go func() { _, _ = s.stdin.Write([]byte(c.line + "\n" + request("1"))) }()
			heard, err := s.library.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, request("1"), heard, "the session goes on")
			require.True(t, strings.HasPrefix(s.stdout.String(), `{"jsonrpc":"2.0","id":`+c.id+`,"error":{"code":-32600,`), "%s: %s", c.fact, s.stdout.String())
		})
	}
}

func initialize(version string) string {
	return `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"` + version + `"}}` + "\n"
}

func TestABatchIsAnsweredAsOneWhereTheVersionHasBatches(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, initialize("2025-03-26"))
		s.says(t, result(`"i"`))
		s.stdout.Reset()
		line := "[" + strings.TrimSpace(request("1")) + `,{"jsonrpc":"2.0","method":"notifications/x"}, 7,` + strings.TrimSpace(request("9007199254740993")) + "," +
			strings.TrimSpace(initialize("2025-03-26")) + "]\n"
		first := s.takes(t, line)
		require.Equal(t, request("1"), first)
		_, err := s.library.ReadString('\n')
		require.NoError(t, err)
		third, err := s.library.ReadString('\n')
		require.NoError(t, err)
		standIn, err := json.Marshal(idIn(t, third))
		require.NoError(t, err)
		s.says(t, result(string(standIn)))
		require.Empty(t, s.stdout.String(), "one answer is missing")
		s.says(t, result("1"))
		var answers []struct {
			ID    json.RawMessage
			Error *struct{ Code int }
		}
		require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &answers))
		require.Equal(t, 1, strings.Count(s.stdout.String(), "\n"))
		ids := map[string]bool{}
		for _, a := range answers {
			ids[string(a.ID)] = a.Error != nil
		}
		require.Equal(t, map[string]bool{"1": false, "9007199254740993": false, `"i"`: true, "null": true}, ids)
		s.stdin.Close()
		s.ends(t)
	})
}

func TestABatchThatCannotBeIsRefusedToEachWhoAsked(t *testing.T) {
	many := "[" + strings.Repeat(strings.TrimSpace(request("1"))+",", 100) + strings.TrimSpace(request("1")) + "]\n"
	for _, c := range []struct {
		fact, version, line string
		ids                 []string
		says                string
	}{
		{"a later version", "2025-06-18", "[" + strings.TrimSpace(request("1")) + "," + strings.TrimSpace(request(`"x"`)) + "]\n", []string{"1", `"x"`}, "2025-03-26 alone"},
		{"no version yet", "", "[" + strings.TrimSpace(request("1")) + "]\n", []string{"1"}, "2025-03-26 alone"},
		{"nothing asked", "2025-06-18", "[7]\n", []string{"null"}, "2025-03-26 alone"},
		{"nothing in it", "2025-03-26", "[]\n", []string{"null"}, "an empty batch asks nothing"},
		{"too many", "2025-03-26", many, []string{"null"}, "100 messages at most"},
		{"cut off", "2025-03-26", "[1,\n", []string{"null"}, "no JSON"},
	} {
		inSession(t, guard.Options{}, func(t *testing.T, s *session) {
			if c.version != "" {
				s.hears(t, initialize(c.version))
				s.says(t, result(`"i"`))
				s.stdout.Reset()
			}
			go func() { _, _ = s.stdin.Write([]byte(c.line + request("2"))) }()
			heard, err := s.library.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, request("2"), heard, "the session goes on")
			require.Equal(t, c.ids, ids(t, strings.SplitAfter(strings.TrimSuffix(s.stdout.String(), "\n"), "\n")), c.fact)
			require.Contains(t, s.stdout.String(), c.says, c.fact)
		})
	}
}

func TestACancelledRequestOfABatchIsLeftOutOfItsAnswer(t *testing.T) {
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.hears(t, initialize("2025-03-26"))
		s.says(t, result(`"i"`))
		s.stdout.Reset()
		s.takes(t, "["+strings.TrimSpace(request("1"))+","+strings.TrimSpace(request("2"))+"]\n")
		_, err := s.library.ReadString('\n')
		require.NoError(t, err)
		s.hears(t, cancel("1"))
		s.says(t, result("1"), result("2"))
		require.Equal(t, "["+strings.TrimSpace(result("2"))+"]\n", s.stdout.String())
	})
}

func TestWhatIsRefusedBeforeTheLibraryHasTheIDOfTheRequest(t *testing.T) {
	refuse := func(method string, _ []byte) *rpc.Error {
		if method == "ping" {
			return &rpc.Error{Code: rpc.InvalidParams, Message: "no"}
		}
		return nil
	}
	inSession(t, guard.Options{}, func(t *testing.T, s *session) {
		s.Check(refuse)
		go func() { _, _ = s.stdin.Write([]byte(request("9007199254740993") + requestWithToken("1", "2"))) }()
		heard, err := s.library.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, requestWithToken("1", "2"), heard)
		require.Equal(t, `{"jsonrpc":"2.0","id":9007199254740993,"error":{"code":-32602,"message":"alitriage: no"}}`+"\n", s.stdout.String())
		s.says(t, result("1"))
		s.stdin.Close()
		require.Zero(t, s.ends(t), "nobody waits for what was refused")
	})
}

func TestUTF16IsRefusedInWords(t *testing.T) {
	for _, first := range []string{"\xff\xfe{\x00\"\x00", "\xfe\xff\x00{\x00\"", "{\x00\"\x00j\x00", "\x00{\x00\"\x00j"} {
		inSession(t, guard.Options{}, func(t *testing.T, s *session) {
			go func() { _, _ = s.stdin.Write([]byte(first + "\n" + request("1"))) }()
			heard, err := s.library.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, request("1"), heard)
			require.Contains(t, s.stdout.String(), "this is UTF-16")
		})
	}
}
