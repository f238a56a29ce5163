package guard_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
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
	want, tooLong := lines(string(stdin), limit)
	require.Equal(t, strings.Join(want, ""), string(seen))
	require.Equal(t, tooLong, strings.Count(stdout.String(), "\n"))
	require.LessOrEqual(t, time.Since(began), 4800*time.Millisecond)

	for _, line := range want {
		began, owed := time.Now(), answer(t, library, line)
		g := guard.New(strings.NewReader(line), io.Discard, guard.Options{MaxLine: limit})
		_, err := io.ReadFull(g.Reader(), make([]byte, len(line)))
		require.NoError(t, err)
		time.AfterFunc(time.Second, func() { _, _ = io.WriteString(g.Writer(), owed) })
		_, err = g.Reader().Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, owed != "", time.Since(began) == time.Second, "waited for %q to %q", owed, line)
		require.LessOrEqual(t, time.Since(began), time.Second)
	}
}

// lines are those that the library should see, and how many are too long for it.
func lines(stdin string, limit int) (seen []string, tooLong int) {
	for line := range strings.SplitSeq(stdin, "\n") {
		switch {
		case len(line) > limit:
			tooLong++
		case strings.Trim(line, " \t\r") != "":
			seen = append(seen, line+"\n")
		}
	}
	return seen, tooLong
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
