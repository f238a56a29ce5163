package slacksim

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the blocks are: they are refused, or taken and then still within all
// limits, with an id for each block; and looking for what is live ends well.
func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"<!here>"},"accessory":{"type":"button"}}]`)
	f.Add(`[{"type":["x"],"elements":[{"type":{}}]}]`)
	f.Add(`[{"type":"table","rows":[[{"type":"raw_text","text":"x"},{"type":"rich_text","elements":[]}]]}]`)
	f.Add(`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[null]}]}]`)
	f.Add(`[{"type":"actions","elements":[{"type":"overflow","options":[{}]}]}]`)
	f.Add(`[null]`)
	f.Fuzz(func(t *testing.T, raw string) {
		LiveMentions(Message{Text: raw, Blocks: json.RawMessage(raw)})
		taken, refused := checkBlocks([]byte(raw))
		if refused != nil {
			require.NotEmpty(t, refused.code)
			return
		}
		var blocks []object
		require.NoError(t, json.Unmarshal(taken, &blocks))
		for _, b := range blocks {
			require.NotEmpty(t, b["block_id"])
		}
		_, refused = checkBlocks(taken)
		require.Nil(t, refused, "what was taken is taken again")
	})
}
