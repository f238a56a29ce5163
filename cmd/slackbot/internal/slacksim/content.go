package slacksim

import (
	"encoding/json"
	"unicode/utf16"
)

const (
	maxText   = 40_000 // longer text is cut
	maxUpdate = 4_000  // longer text is refused by chat.update; not in the documentation's tables
)

// content is what a message is to say.
type content struct {
	text               string
	blocks             json.RawMessage // with block_ids
	hasText, hasBlocks bool
	parse              string
	linkNames          bool
	truncated          bool
}

// readContent checks text and blocks against all limits.
func readContent(a arguments) (content, *refusal) {
	c := content{text: a["text"], hasText: a.has("text"), parse: a["parse"]}
	if yes := a.yes("link_names"); yes != nil {
		c.linkNames = *yes
	}
	if a.has("attachments") && a["attachments"] != "[]" {
		return c, refuse("attachments_not_modelled") // ours: the fake has no secondary attachments
	}
	if units(c.text) > maxText {
		c.text, c.truncated = cut(c.text, maxText), true
	}
	if a["blocks"] != "" {
		checked, refused := checkBlocks([]byte(a["blocks"]))
		if refused != nil {
			return c, refused
		}
		c.blocks, c.hasBlocks = checked, true
	}
	if c.text == "" && (c.blocks == nil || string(c.blocks) == "[]") {
		return c, refuse("no_text")
	}
	return c, nil
}

// units counts as JavaScript does: a character outside of the basic plane is two.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

func cut(text string, limit int) string {
	n := 0
	for i, r := range text {
		if n += utf16.RuneLen(r); n > limit {
			return text[:i]
		}
	}
	return text
}
