package blockkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's limits of one message. Without another source they are those of
// docs.slack.dev/reference/block-kit. All count as Slack's own code does.
const (
	maxBlocks      = 50
	maxSection     = 3000
	maxFields      = 10
	maxField       = 2000
	maxHeader      = 150
	maxContext     = 10
	maxButtons     = 25
	maxLabel       = 75
	maxValue       = 2000
	maxURL         = 3000
	maxID          = 255 // of a block or an action
	maxConfirmHead = 100
	maxConfirmText = 300
	maxConfirmWord = 30
	maxRows        = 100
	maxColumns     = 20
	maxCells       = 10_000 // characters in all cells of a table

	// maxTotal is below the hidden one near 13,200 characters over all blocks
	// (slackapi/bolt-js#2509), to which containers seem to count (bolt-js#2867).
	maxTotal  = 12_000
	container = 20

	maxFallback = 3000 // of the 4,000 that Slack recommends, and chat.update takes
)

// units counts as JavaScript does: a character outside of the basic plane, such
// as an emoji, is two.
func units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func fits(blocks []slack.Block) bool { return Check(Message{Text: "-", Blocks: blocks}) == nil }

// Check finds what Slack would refuse, and what we never send.
func Check(m Message) error {
	c := checker{ids: map[string]bool{}}
	c.text("the fallback", m.Text, maxFallback)
	c.most("blocks", len(m.Blocks), maxBlocks)
	for _, block := range m.Blocks {
		c.block(block)
	}
	c.most("tables", c.tables, 1)
	c.most("characters in all blocks", total(m.Blocks), maxTotal)
	return errors.Join(c.problems...)
}

type checker struct {
	problems []error
	ids      map[string]bool // of blocks
	tables   int
}

func (c *checker) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) most(what string, n, most int) {
	if n > most {
		c.say("%d %s, of at most %d", n, what, most)
	}
}

// some is for what must not be empty.
func (c *checker) some(what string, n, most int) {
	if n == 0 {
		c.say("no %s", what)
	}
	c.most(what, n, most)
}

func (c *checker) text(what, text string, most int) {
	if !utf8.ValidString(text) {
		c.say("%s is not valid UTF-8", what)
	}
	c.some("characters in "+what, units(text), most)
}

func (c *checker) block(block slack.Block) {
	if id := block.ID(); id != "" {
		c.text("a block id", id, maxID)
		if c.ids[id] {
			c.say("the block id %.40q is there twice", id)
		}
		c.ids[id] = true
	}
	switch b := block.(type) {
	case *slack.SectionBlock:
		c.section(b)
	case *slack.HeaderBlock:
		c.object("a header", b.Text, maxHeader)
	case *slack.ContextBlock:
		c.some("elements of a context", len(b.ContextElements.Elements), maxContext)
		for _, e := range b.ContextElements.Elements {
			text, _ := e.(*slack.TextBlockObject)
			c.object("a context", text, maxSection) // the limit of these is not documented
		}
	case *slack.ActionBlock:
		c.actions(b)
	case *slack.DividerBlock:
	case *slack.RichTextBlock:
		c.rich(b.Elements)
	case *slack.TableBlock:
		c.table(b)
	default:
		c.say("%T is no block that we send", block)
	}
}

func (c *checker) section(b *slack.SectionBlock) {
	if b.Text != nil || len(b.Fields) == 0 {
		c.object("a section", b.Text, maxSection)
	}
	c.most("fields", len(b.Fields), maxFields)
	for _, field := range b.Fields {
		c.object("a field", field, maxField)
	}
}

// object is a text object. We send plain text alone, without emoji: whatever
// else is parsed.
func (c *checker) object(what string, t *slack.TextBlockObject, most int) {
	if t == nil {
		c.say("%s without a text", what)
		return
	}
	if t.Type != slack.PlainTextType || t.Emoji != nil && *t.Emoji {
		c.say("%s is parsed", what)
	}
	c.text(what, t.Text, most)
}

func (c *checker) actions(b *slack.ActionBlock) {
	c.some("buttons", len(b.Elements.ElementSet), maxButtons)
	seen := map[string]bool{}
	for _, e := range b.Elements.ElementSet {
		button, ok := e.(*slack.ButtonBlockElement)
		if !ok {
			c.say("%T is no button", e)
			continue
		}
		c.text("an action id", button.ActionID, maxID)
		if seen[button.ActionID] {
			c.say("the action id %.40q is there twice", button.ActionID)
		}
		seen[button.ActionID] = true
		c.button(button)
	}
}

func (c *checker) button(b *slack.ButtonBlockElement) {
	c.object("a button", b.Text, maxLabel)
	c.most("characters in a value", units(b.Value), maxValue)
	c.most("characters in a URL", units(b.URL), maxURL)
	if b.URL != "" && !leadsToVendor(b.URL) {
		c.say("a button leads to %.80q", b.URL)
	}
	if style := Style(b.Style); style != Plain && style != Primary && style != Danger {
		c.say("%.40q is no style", b.Style)
	}
	if q := b.Confirm; q != nil {
		c.object("the title of a question", q.Title, maxConfirmHead)
		c.object("a question", q.Text, maxConfirmText)
		c.object("its yes", q.Confirm, maxConfirmWord)
		c.object("its no", q.Deny, maxConfirmWord)
	}
}

func (c *checker) rich(elements []slack.RichTextElement) {
	if len(elements) == 0 {
		c.say("an empty rich text")
	}
	for _, element := range elements {
		switch e := element.(type) {
		case *slack.RichTextSection:
			c.inline(e.Elements)
		case *slack.RichTextPreformatted:
			c.inline(e.Elements)
		case *slack.RichTextList:
			c.rich(e.Elements)
		default:
			c.say("%T is no rich text that we send", element)
		}
	}
}

// inline lets no link, channel, broadcast or emoji through.
func (c *checker) inline(elements []slack.RichTextSectionElement) {
	if len(elements) == 0 {
		c.say("an empty line of rich text")
	}
	for _, element := range elements {
		switch e := element.(type) {
		case *slack.RichTextSectionTextElement:
			c.text("a rich text", e.Text, maxTotal)
		case *slack.RichTextSectionDateElement:
			if e.URL != nil {
				c.say("a date is a link")
			}
		case *slack.RichTextSectionUserElement:
			if !userID.MatchString(e.UserID) {
				c.say("%.40q is no user id", e.UserID)
			}
		default:
			c.say("%T is nothing that we send", element)
		}
	}
}

func (c *checker) table(t *slack.TableBlock) {
	c.tables++
	c.some("rows", len(t.Rows), maxRows)
	c.most("column settings", len(t.ColumnSettings), maxColumns)
	all := 0
	for _, row := range t.Rows {
		c.some("cells in a row", len(row), maxColumns)
		for _, cell := range row {
			text, ok := cell.(*slack.TableRawTextCell)
			if !ok {
				c.say("a cell of %T", cell)
				continue
			}
			c.text("a cell", text.Text, maxCells)
			all += units(text.Text)
		}
	}
	c.most("characters in all cells", all, maxCells)
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
		return units(t)
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
