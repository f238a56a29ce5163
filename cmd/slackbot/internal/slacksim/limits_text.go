package slacksim

import "slices"

// The basic questions that all checks of limits.go ask.

const (
	plainText  = "plain_text"
	eitherText = "plain_text or mrkdwn"
)

func (c *checker) object(pointer string, v any) (object, bool) {
	o, ok := v.(object)
	if !ok {
		c.fail(pointer, "must provide an object")
		return nil, false
	}
	if !c.inTable {
		c.cost += objectCost
	}
	return o, true
}

// only refuses fields that Slack does not know at this place.
func (c *checker) only(pointer string, o object, known ...string) {
	for name := range o {
		if !slices.Contains(known, name) {
			c.fail(pointer, "invalid additional property: %s", name)
		}
	}
}

func (c *checker) count(pointer string, n, least, most int) {
	if n > most {
		c.fail(pointer, "no more than %d items allowed", most)
	}
	if n < least {
		c.fail(pointer, "no less than %d items allowed", least)
	}
}

func (c *checker) list(pointer string, v any, least, most int) []any {
	list, ok := v.([]any)
	if !ok {
		c.fail(pointer, "must provide an array")
		return nil
	}
	c.count(pointer, len(list), least, most)
	return list
}

// text checks a text object.
func (c *checker) text(pointer string, v any, kind string, limit int) {
	o, ok := c.object(pointer, v)
	if !ok {
		return
	}
	switch {
	case o["type"] == plainText:
		c.only(pointer, o, "type", "text", "emoji")
	case o["type"] == "mrkdwn" && kind == eitherText:
		c.only(pointer, o, "type", "text", "verbatim")
	default:
		c.fail(pointer+"/type", "must be %s", kind)
		return
	}
	c.cost += c.words(pointer+"/text", o["text"], limit)
}

// words checks a string that must be there and not empty, and returns its length.
func (c *checker) words(pointer string, v any, limit int) int {
	text, ok := v.(string)
	if !ok {
		c.fail(pointer, "must be a string")
		return 0
	}
	n := units(text)
	if n == 0 {
		c.fail(pointer, "must be more than 0 characters")
	}
	if n > limit {
		c.fail(pointer, "must be less than %d characters", limit+1)
	}
	return n
}

func (c *checker) optional(pointer string, v any, limit int) {
	if v != nil {
		c.cost += c.words(pointer, v, limit)
	}
}

// id checks a block_id or action_id; both may be left out.
func (c *checker) id(pointer string, v any, taken map[string]bool) {
	if v == nil {
		return
	}
	c.words(pointer, v, maxID)
	id, _ := v.(string)
	if taken[id] {
		c.fail(pointer, "%q already exists", id)
	}
	taken[id] = true
}
