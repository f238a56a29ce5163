package slacksim

import "slices"

const maxRich = 100_000 // these texts have no limit but the message's

// richText checks a rich_text block, or the same in a cell of a table.
func (c *checker) richText(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "elements")
	for i, e := range c.list(pointer+"/elements", o["elements"], 1, 1_000) { // how many is not known
		c.richPart(at(pointer+"/elements", i), e)
	}
}

func (c *checker) richPart(pointer string, v any) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	inside := richInline
	switch o["type"] {
	case "rich_text_section":
		c.only(pointer, o, "type", "elements")
	case "rich_text_quote":
		c.only(pointer, o, "type", "elements", "border")
	case "rich_text_preformatted":
		c.only(pointer, o, "type", "elements", "border")
		inside = richInline[:2]
	case "rich_text_list":
		c.richList(pointer, o)
		return
	default:
		c.fail(pointer+"/type", "unsupported type: %v", o["type"])
		return
	}
	for i, e := range c.list(pointer+"/elements", o["elements"], 0, 1_000) {
		c.inline(at(pointer+"/elements", i), e, inside)
	}
}

func (c *checker) richList(pointer string, o object) {
	c.only(pointer, o, "type", "elements", "style", "indent", "offset", "border")
	if o["style"] != "bullet" && o["style"] != "ordered" {
		c.fail(pointer+"/style", "must be one of: bullet, ordered")
	}
	for i, e := range c.list(pointer+"/elements", o["elements"], 1, 1_000) {
		where := at(pointer+"/elements", i)
		if part, _ := e.(object); part["type"] != "rich_text_section" {
			c.fail(where+"/type", "must be rich_text_section")
			continue
		}
		c.richPart(where, e)
	}
}

// The first two may stand in preformatted text.
var richInline = []string{"text", "link", "emoji", "user", "usergroup", "channel", "broadcast", "date", "color"}

var richFields = map[string][]string{
	"text":      {"text"},
	"link":      {"url", "text", "unsafe"},
	"emoji":     {"name", "unicode", "skin_tone"},
	"user":      {"user_id"},
	"usergroup": {"usergroup_id"},
	"channel":   {"channel_id"},
	"broadcast": {"range"},
	"date":      {"timestamp", "format", "url", "fallback"},
	"color":     {"value"},
}

func (c *checker) inline(pointer string, v any, allowed []string) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	kind, _ := o["type"].(string)
	if !slices.Contains(allowed, kind) {
		c.fail(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	c.only(pointer, o, append([]string{"type", "style"}, richFields[kind]...)...)
	if needed := richFields[kind][0]; kind != "date" {
		c.cost += c.words(pointer+"/"+needed, o[needed], maxRich)
	}
	if kind == "link" && o["text"] != nil {
		c.cost += c.words(pointer+"/text", o["text"], maxRich)
	}
	c.richStyle(pointer+"/style", o["style"])
}

func (c *checker) richStyle(pointer string, v any) {
	if v == nil {
		return
	}
	style, ok := v.(object)
	if !ok {
		c.fail(pointer, "must provide an object")
		return
	}
	c.only(pointer, style, "bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
	for name, value := range style {
		if _, ok := value.(bool); !ok {
			c.fail(pointer+"/"+name, "must be a boolean")
		}
	}
}

func (c *checker) table(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "rows", "column_settings")
	c.tables++
	inside := &checker{inTable: true}
	for i, row := range inside.list(pointer+"/rows", o["rows"], 1, maxTableRows) {
		where := at(pointer+"/rows", i)
		for j, cell := range inside.list(where, row, 1, maxTableCells) {
			inside.cell(at(where, j), cell)
		}
	}
	if o["column_settings"] != nil {
		inside.columns(pointer+"/column_settings", o["column_settings"])
	}
	if inside.cost > maxTableText {
		inside.fail(pointer, "no more than %d characters allowed in all cells", maxTableText)
	}
	c.problems = append(c.problems, inside.problems...)
	c.cost += inside.cost
}

// cell is raw_text, or rich_text with something in it; raw_number is refused by
// some workspaces, so by this one.
func (c *checker) cell(pointer string, v any) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	switch o["type"] {
	case "raw_text":
		c.only(pointer, o, "type", "text")
		c.cost += c.words(pointer+"/text", o["text"], maxRich)
	case "rich_text":
		before := c.cost
		c.richText(pointer, o)
		if c.cost == before {
			c.fail(pointer, "must be more than 0 characters")
		}
	default:
		c.fail(pointer+"/type", "unsupported type: %v", o["type"])
	}
}

func (c *checker) columns(pointer string, v any) {
	for i, e := range c.list(pointer, v, 0, maxTableCells) {
		if e == nil {
			continue // a column without settings
		}
		where := at(pointer, i)
		o, ok := c.object(where, e)
		if !ok {
			continue
		}
		c.only(where, o, "align", "is_wrapped")
		if o["align"] != nil && !slices.Contains([]any{"left", "center", "right"}, o["align"]) {
			c.fail(where+"/align", "must be one of: left, center, right")
		}
	}
}
