package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// The limits of one message. What Slack does not document is marked.
const (
	maxBlocks      = 50
	maxSection     = 3_000
	maxFields      = 10
	maxField       = 2_000
	maxHeader      = 150
	maxContext     = 10
	maxActions     = 25
	maxButton      = 75
	maxValue       = 2_000
	maxURL         = 3_000
	maxID          = 255
	maxOptions     = 100
	maxOverflow    = 5
	maxOptionValue = 150
	maxTableRows   = 100
	maxTableCells  = 20 // in a row
	maxTableText   = 10_000
	maxMarkdown    = 12_000

	// maxCost is the hidden total behind msg_blocks_too_long. How Slack counts is
	// not known: markdown alone passes up to 13,297 characters (bolt-js#2509), and
	// rich_text with 11,341 characters of text was refused (bolt-js#2867), so the
	// containers count too. Here each object outside of tables costs objectCost, a
	// table its text. In that issue a response_url took what the API refused; here
	// it refuses too.
	maxCost    = 13_200
	objectCost = 20
)

type object = map[string]any

// checker walks the blocks of one message.
type checker struct {
	problems  []string
	blockIDs  map[string]bool
	actionIDs map[string]bool // of the block that is being walked
	cost      int
	tables    int
	markdown  int  // characters in all of these blocks
	inTable   bool // where only text costs
}

// checkBlocks refuses what Slack would refuse, and gives back the blocks with the
// ids that Slack adds.
func checkBlocks(raw []byte) (json.RawMessage, *refusal) {
	var list []any
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	c := &checker{blockIDs: make(map[string]bool)}
	c.count("/blocks", len(list), 0, maxBlocks)
	for i, v := range list {
		c.block(at("/blocks", i), v)
	}
	switch {
	case len(c.problems) > 0:
		return nil, c.invalid()
	case c.tables > 1:
		return nil, refuse("only_one_table_allowed")
	case c.cost > maxCost, c.markdown > maxMarkdown:
		return nil, refuse("msg_blocks_too_long")
	}
	return withIDs(list), nil
}

func (c *checker) invalid() *refusal {
	messages := make([]string, len(c.problems))
	for i, p := range c.problems {
		messages[i] = "[ERROR] " + p
	}
	return &refusal{code: "invalid_blocks", extra: answer{
		"errors": c.problems, "response_metadata": answer{"messages": messages},
	}}
}

func (c *checker) fail(pointer, format string, a ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, a...)+" [json-pointer:"+pointer+"]")
}

// at is the pointer to an element.
func at(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }

type walker func(c *checker, pointer string, o object)

// kinds are the blocks that chat.postMessage takes and the fake models. Newer ones
// (alert, card, task_card, plan, carousel) are refused by Slack itself.
var kinds map[string]walker

func init() {
	kinds = map[string]walker{
		"section": (*checker).section, "header": (*checker).header, "context": (*checker).context,
		"actions": (*checker).actions, "divider": (*checker).divider, "rich_text": (*checker).richText,
		"table": (*checker).table, "image": (*checker).image, "markdown": (*checker).markdownBlock,
	}
}

func (c *checker) block(pointer string, v any) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	kind, _ := o["type"].(string)
	walk, ok := kinds[kind]
	if !ok {
		c.fail(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	c.actionIDs = make(map[string]bool)
	c.id(pointer+"/block_id", o["block_id"], c.blockIDs)
	walk(c, pointer, o)
}

func (c *checker) section(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "text", "fields", "accessory", "expand")
	if o["text"] == nil && o["fields"] == nil {
		c.fail(pointer, "missing required field: text")
	}
	if o["text"] != nil {
		c.text(pointer+"/text", o["text"], eitherText, maxSection)
	}
	if o["fields"] != nil {
		for i, f := range c.list(pointer+"/fields", o["fields"], 1, maxFields) {
			c.text(at(pointer+"/fields", i), f, eitherText, maxField)
		}
	}
	if o["accessory"] != nil {
		c.element(pointer+"/accessory", o["accessory"])
	}
}

func (c *checker) header(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "text")
	c.text(pointer+"/text", o["text"], plainText, maxHeader)
}

func (c *checker) divider(pointer string, o object) { c.only(pointer, o, "type", "block_id") }

func (c *checker) context(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "elements")
	for i, e := range c.list(pointer+"/elements", o["elements"], 1, maxContext) {
		where := at(pointer+"/elements", i)
		if inner, _ := e.(object); inner["type"] == "image" {
			c.object(where, e)
			c.image(where, inner)
			continue
		}
		c.text(where, e, eitherText, maxSection) // the limit of these is not documented
	}
}

func (c *checker) actions(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "elements")
	for i, e := range c.list(pointer+"/elements", o["elements"], 1, maxActions) {
		if inner, _ := e.(object); inner["type"] == "image" {
			c.fail(at(pointer+"/elements", i)+"/type", "unsupported type: image")
			continue
		}
		c.element(at(pointer+"/elements", i), e)
	}
}

func (c *checker) image(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "image_url", "alt_text", "title")
	c.words(pointer+"/image_url", o["image_url"], maxURL)
	c.words(pointer+"/alt_text", o["alt_text"], maxField)
	if o["title"] != nil {
		c.text(pointer+"/title", o["title"], plainText, maxField)
	}
}

func (c *checker) markdownBlock(pointer string, o object) {
	c.only(pointer, o, "type", "block_id", "text")
	n := c.words(pointer+"/text", o["text"], maxMarkdown)
	c.markdown += n
	c.cost += n
}

// element is something to press, or an image.
func (c *checker) element(pointer string, v any) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	switch o["type"] {
	case "button":
		c.button(pointer, o)
	case "static_select":
		c.only(pointer, o, "type", "action_id", "placeholder", "options", "initial_option", "confirm", "focus_on_load")
		c.options(pointer, o, maxOptions)
		if o["placeholder"] != nil {
			c.text(pointer+"/placeholder", o["placeholder"], plainText, 150)
		}
	case "overflow":
		c.only(pointer, o, "type", "action_id", "options", "confirm")
		c.options(pointer, o, maxOverflow)
	case "image":
		c.image(pointer, o)
		return
	default:
		c.fail(pointer+"/type", "unsupported type: %v", o["type"])
		return
	}
	c.id(pointer+"/action_id", o["action_id"], c.actionIDs)
	if o["confirm"] != nil {
		c.confirm(pointer+"/confirm", o["confirm"])
	}
}

func (c *checker) button(pointer string, o object) {
	c.only(pointer, o, "type", "action_id", "text", "value", "url", "style", "confirm", "accessibility_label")
	c.text(pointer+"/text", o["text"], plainText, maxButton)
	c.optional(pointer+"/value", o["value"], maxValue)
	c.optional(pointer+"/url", o["url"], maxURL)
	c.optional(pointer+"/accessibility_label", o["accessibility_label"], 75)
	c.style(pointer, o)
}

func (c *checker) style(pointer string, o object) {
	if o["style"] != nil && o["style"] != "primary" && o["style"] != "danger" {
		c.fail(pointer+"/style", "must be one of: primary, danger")
	}
}

func (c *checker) options(pointer string, o object, limit int) {
	for i, v := range c.list(pointer+"/options", o["options"], 1, limit) {
		where := at(pointer+"/options", i)
		option, ok := c.object(where, v)
		if !ok {
			continue
		}
		c.only(where, option, "text", "value", "description", "url")
		c.text(where+"/text", option["text"], eitherText, 75)
		c.words(where+"/value", option["value"], maxOptionValue)
		if option["description"] != nil {
			c.text(where+"/description", option["description"], eitherText, 75)
		}
		c.optional(where+"/url", option["url"], maxURL)
	}
}

func (c *checker) confirm(pointer string, v any) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	c.only(pointer, o, "title", "text", "confirm", "deny", "style")
	c.text(pointer+"/title", o["title"], plainText, 100)
	c.text(pointer+"/text", o["text"], eitherText, 300)
	c.text(pointer+"/confirm", o["confirm"], plainText, 30)
	c.text(pointer+"/deny", o["deny"], plainText, 30)
	c.style(pointer, o)
}

// withIDs adds what Slack adds: a block_id to each block and an action_id to each
// button.
func withIDs(list []any) json.RawMessage {
	for _, v := range list {
		block := v.(object)
		if block["block_id"] == nil {
			block["block_id"] = randomHex(3)
		}
		for _, e := range pressable(block) {
			if e["action_id"] == nil {
				e["action_id"] = randomHex(3)
			}
		}
	}
	raw, _ := json.Marshal(list) // it was JSON a moment ago
	return raw
}

// pressable lists the elements of a block that a person can use.
func pressable(block object) []object {
	elements, _ := block["elements"].([]any)
	if block["type"] == "section" {
		elements = []any{block["accessory"]}
	} else if block["type"] != "actions" {
		return nil
	}
	var list []object
	for _, v := range elements {
		if o, ok := v.(object); ok && slices.Contains([]any{"button", "static_select", "overflow"}, o["type"]) {
			list = append(list, o)
		}
	}
	return list
}
