package rpc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

func TestWhatSurvivesTheLibrary(t *testing.T) {
	for id, want := range map[string]bool{
		`1`: true, `-7`: true, `0`: true, `1.5`: true, `1.0`: true, `1e2`: true, `1e21`: true, `9007199254740992`: true, `"a"`: true, `"\u00e9"`: true, `""`: true,
		`9007199254740993`: false, `-9007199254740993`: false, `18446744073709551615`: false, `1e400`: false, `1e-400`: false, `0.12345678901234567890`: false,
		`1` + strings.Repeat("0", 300) + `1`: false, `"\ud83d"`: false, `1e999999999`: false, `1e-999999999`: false,
	} {
		require.Equal(t, want, rpc.Survives(json.RawMessage(id)), id)
	}
}

func FuzzStand(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":9007199254740993,"method":"x","params":{"_meta":{"progressToken":1e400},"a":[1]}}`))
	f.Add([]byte(`{"ID":1.00000000000000000001,"id":"\ud800","params":[]}`))
	f.Add([]byte(`{"id":1}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		changed, id, token := rpc.Stand(message, func() string { return "stand-in" })
		if id == nil && token == nil {
			require.True(t, bytes.Equal(message, changed))
			return
		}
		require.True(t, json.Valid(changed))
		_, now := rpc.Name(changed)
		if id == nil {
			require.NotEqual(t, `"stand-in"`, string(now))
			return
		}
		var m struct{ ID any }
		require.NoError(t, json.Unmarshal(changed, &m))
		require.Equal(t, "stand-in", m.ID)
		answer := rpc.Restore([]byte(`{"jsonrpc":"2.0","id":"stand-in","result":{"id":"stand-in"}}`), "stand-in", id)
		require.Equal(t, `{"jsonrpc":"2.0","id":`+string(id)+`,"result":{"id":"stand-in"}}`, string(answer))
	})
}

// FuzzIDOfCut: an id is found or not, but never that of something else.
func FuzzIDOfCut(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":7,"method":"x","params":{"id":5,"a":"b"}}`), 30, 10)
	f.Add([]byte(`{"method":"x","params":{"id":5,"a":"},\"id\":6}"},"jsonrpc":"2.0","id":"a\"b"}`), 20, 40)
	f.Fuzz(func(t *testing.T, message []byte, head, tail int) {
		var all map[string]json.RawMessage
		if json.Unmarshal(message, &all) != nil || bytes.Count(message, []byte(`"id"`)) != strings.Count(string(message), `"id"`) {
			return
		}
		head, tail = min(max(head, 0), len(message)), min(max(tail, 0), len(message))
		id := rpc.IDOfCut(message[:head], message[len(message)-tail:])
		if id == nil || tail < len(message) && !bytes.HasPrefix(bytes.TrimSpace(message), []byte("{")) {
			return
		}
		d := json.NewDecoder(bytes.NewReader(message)) // the first of several of the same name will do
		_, _ = d.Token()
		for d.More() {
			name, err := d.Token()
			require.NoError(t, err)
			var value json.RawMessage
			require.NoError(t, d.Decode(&value))
			if name == "id" && bytes.Equal(value, id) {
				return
			}
		}
		t.Fatalf("%s is not the id of %s", id, message)
	})
}

func TestNoAnswerHasAnIDThatIsNoUTF8(t *testing.T) {
	wrong := json.RawMessage("\"\xff\xe4\"")
	line := []byte("{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xe4\",\"method\":\"ping\"}")
	_, id, _ := rpc.Stand(line, func() string { return "stand-in" })
	require.Nil(t, id, "it would be put back as it is")
	require.True(t, utf8.Valid(rpc.Refusal(wrong, rpc.InUTF16)), "a refusal")
}
