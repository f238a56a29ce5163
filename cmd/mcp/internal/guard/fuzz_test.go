package guard_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

// The library must see each line but those too long, and the guard must wait
// for exactly the answers that mcp-go gives: for one more it would delay EOF,
// and one less could be lost.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{
		"",
		"\n\r\n \n",
		request("1") + request(`"1"`) + request("1.0") + cancel("1") + "{}",
		requestWithToken("null", "7") + requestWithToken(`{"a":[]}`, `"x"`),
		`{"jsonrpc":"2.0","id":1,"result":{}}` + "\n" + `{"jsonrpc":2,"id":1,"method":"ping"}`,
		request("9007199254740993") + cancel("9007199254740993") + cancel("9007199254740992") + requestWithToken(`"\ud800"`, "1e400"),
		`[{"jsonrpc":"2.0","id":1,"method":"initialize"}]` + "\n\xff\x00\n" + strings.Repeat("x", 300) + "\n",
		`{"jsonrpc":"1.0","id":1e400}` + "\r\n" + `{"JSONRPC":"2.0","ID":-0,"id":2e0,"method":"tools/list","params":[]}`,
	} {
		f.Add([]byte(seed))
	}
	for _, shape := range shapes {
		f.Add([]byte(shape.line))
	}
	f.Fuzz(func(t *testing.T, stdin []byte) {
		synctest.Test(t, func(t *testing.T) { requireHonest(t, stdin) })
	})
}

func requireHonest(t *testing.T, stdin []byte) {
	const limit = 250
	began := time.Now()
	library := server.NewMCPServer("test", "0", server.WithToolCapabilities(false))
	var stdout bytes.Buffer
	g := guard.New(iotest.HalfReader(bytes.NewReader(stdin)), &stdout, guard.Options{MaxLine: limit})

	seen, err := io.ReadAll(g.Reader()) // no line is answered, so the guard gives up in the end
	require.NoError(t, err)
	want, refused := lines(string(stdin), limit)
	require.Equal(t, strings.Join(want, ""), standIn.ReplaceAllString(string(seen), "stand-in"))
	require.Equal(t, refused, strings.Count(stdout.String(), "\n"))
	require.LessOrEqual(t, time.Since(began), 4800*time.Millisecond)

	for line := range strings.Lines(string(stdin)) {
		if want, _ := lines(line, limit); len(want) != 1 {
			continue
		}
		began = time.Now()
		g := guard.New(strings.NewReader(line), io.Discard, guard.Options{MaxLine: limit})
		in := bufio.NewReader(g.Reader())
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		owed := answer(t, library, line)
		time.AfterFunc(time.Second, func() { _, _ = io.WriteString(g.Writer(), owed) })
		_, err = in.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, owed != "", time.Since(began) == time.Second, "waited for %q to %q", owed, line)
		require.LessOrEqual(t, time.Since(began), time.Second)
	}
}

var standIn = regexp.MustCompile(`alitriage-[0-9A-Z]{26}-[0-9]+`)

// lines are those that the library should see, with the same word in the place of
// every stand-in, and how many answers the guard gives by itself.
func lines(stdin string, limit int) (seen []string, refused int) {
	stood := map[string]bool{} // ids that the library knows by a stand-in
	for line := range strings.SplitSeq(stdin, "\n") {
		clean := rpc.Clean([]byte(line))
		messages, isBatch, err := rpc.Batch(clean)
		cancels := rpc.Cancels(clean)
		switch {
		case len(line) > limit, rpc.IsUTF16(clean), isBatch && rpc.RefuseBatch(messages, err) != nil:
			refused++
		case isBatch:
			before := refused
			for _, m := range messages {
				if method, _ := rpc.Name(m); method != "" {
					refused++
				}
			}
			refused = max(refused, before+1)
		case len(clean) == 0:
		case cancels != nil && !rpc.Survives(cancels):
			if stood[string(cancels)] {
				seen = append(seen, string(rpc.Cancelling(json.RawMessage(`"stand-in"`)))+"\n")
			}
		default:
			changed, id, _ := rpc.Stand(clean, func() string { return "stand-in" })
			stood[string(id)] = true
			seen = append(seen, string(changed)+"\n")
		}
	}
	return seen, refused
}

// answer is what mcp-go's stdio loop writes for a line, or "".
func answer(t *testing.T, library *server.MCPServer, line string) string {
	t.Helper()
	response := library.HandleMessage(t.Context(), json.RawMessage(line))
	if response == nil {
		return ""
	}
	text, err := json.Marshal(response)
	if err != nil {
		return ""
	}
	return string(text) + "\n"
}
