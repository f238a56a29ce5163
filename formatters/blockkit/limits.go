package blockkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's limits, from reference/slack.md, section 2.
const (
	maxBlocks = 50
	// maxTotal is below the hidden one near 13,200 characters over all blocks
	// (slackapi/bolt-js#2509), to which containers seem to count (bolt-js#2867).
	maxTotal    = 12_000
	container   = 20
	maxFallback = 3000 // of 4,000 that Slack recommends
	maxButtons  = 25
	maxLabel    = 75
	maxValue    = 2000
	maxURL      = 3000
	maxAction   = 255
	maxRows     = 100
	maxColumns  = 20
)

func fits(blocks []slack.Block) bool { return Check(Message{Text: "-", Blocks: blocks}) == nil }

// Check finds what Slack would refuse.
func Check(m Message) error {
	var problems []error
	say := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > maxFallback {
		say("the fallback has %d characters, of 1 to %d", n, maxFallback)
	}
	if n := len(m.Blocks); n > maxBlocks {
		say("%d blocks, of %d", n, maxBlocks)
	}
	if n := total(m.Blocks); n > maxTotal {
		say("%d characters in all blocks, of %d", n, maxTotal)
	}
	tables, actions := 0, map[string]bool{}
	for _, block := range m.Blocks {
		switch b := block.(type) {
		case *slack.TableBlock:
			tables++
			checkTable(b, say)
		case *slack.ActionBlock:
			checkActions(b, actions, say)
		}
	}
	if tables > 1 {
		say("%d tables, of 1", tables)
	}
	return errors.Join(problems...)
}

func checkTable(t *slack.TableBlock, say func(string, ...any)) {
	if len(t.Rows) > maxRows {
		say("a table of %d rows, of %d", len(t.Rows), maxRows)
	}
	for _, row := range t.Rows {
		if len(row) > maxColumns {
			say("a row of %d cells, of %d", len(row), maxColumns)
		}
		for _, cell := range row {
			if c, ok := cell.(*slack.TableRawTextCell); !ok || c.Text == "" {
				say("an empty cell")
			}
		}
	}
}

func checkActions(b *slack.ActionBlock, seen map[string]bool, say func(string, ...any)) {
	if n := len(b.Elements.ElementSet); n == 0 || n > maxButtons {
		say("%d buttons, of 1 to %d", n, maxButtons)
	}
	for _, e := range b.Elements.ElementSet {
		button, ok := e.(*slack.ButtonBlockElement)
		switch {
		case !ok:
			say("%T is no button", e)
		case button.ActionID == "" || len(button.ActionID) > maxAction || seen[button.ActionID]:
			say("the action id %.40q is empty, too long, or there twice", button.ActionID)
		case utf8.RuneCountInString(button.Text.Text) > maxLabel, len(button.Value) > maxValue, len(button.URL) > maxURL:
			say("the button %s is too long", button.ActionID)
		default:
			seen[button.ActionID] = true
		}
	}
}

// total counts the characters of all texts in the blocks.
func total(blocks []slack.Block) int {
	raw, err := json.Marshal(blocks)
	var tree any
	if err != nil || json.Unmarshal(raw, &tree) != nil {
		return maxTotal + 1
	}
	return characters(tree)
}

// characters counts texts, and a little for each object around them.
func characters(tree any) (n int) {
	switch t := tree.(type) {
	case string:
		return utf8.RuneCountInString(t)
	case []any:
		for _, x := range t {
			n += characters(x)
		}
	case map[string]any:
		n = container
		if t["type"] == "raw_text" { // cells are many, and cost nothing
			n = 0
		}
		for name, x := range t {
			if name != "type" && name != "style" {
				n += characters(x)
			}
		}
	}
	return n
}
