package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Live is something in a message that Slack acts upon: it notifies people, or can
// be clicked.
type Live struct {
	Where string `json:"where"` // "text", or a pointer such as /blocks/0/text
	Kind  string `json:"kind"`  // see the constants
	Text  string `json:"text"`
}

// Kinds of Live. The bare ones are plain words that Slack turns into links or
// mentions by itself.
const (
	LiveUser          = "user"      // <@U…>
	LiveGroup         = "group"     // <!subteam^S…>
	LiveChannel       = "channel"   // <#C…>
	LiveBroadcast     = "broadcast" // <!here> <!channel> <!everyone>
	LiveDate          = "date"      // <!date^…>: harmless, but not plain
	LiveSpecial       = "special"   // any other <!…>
	LiveLink          = "link"      // <http…>, <mailto:…>
	LiveBareLink      = "bare_link"
	LiveBareBroadcast = "bare_broadcast" // @here @channel @everyone
)

// LiveMentions finds what is live in the text and blocks of a message, the
// strict way: in code too, and in the text although blocks are shown instead of
// it, since the text makes the notification.
func LiveMentions(m Message) []Live {
	list := scan("text", m.Text, m.Parse != "none", m.Parse == "full" || m.LinkNames)
	var blocks []any
	if json.Unmarshal(m.Blocks, &blocks) == nil {
		list = append(list, walk("/blocks", blocks)...)
	}
	return list
}

var (
	control       = regexp.MustCompile(`<([@#!][^<>]*|[A-Za-z][A-Za-z0-9+.-]*:[^<>]*)>`)
	bareLink      = regexp.MustCompile(`(?i)\bhttps?://[^\s<>|]+`)
	bareBroadcast = regexp.MustCompile(`(?i)@(here|channel|everyone)\b`)
	codeSpan      = regexp.MustCompile("(?s)```.*?```|`[^`\n]+`")
)

func scan(where, text string, links, names bool) []Live {
	var list []Live
	for _, found := range control.FindAllStringSubmatch(text, -1) {
		list = append(list, Live{where, kindOf(found[1]), found[0]})
	}
	rest := codeSpan.ReplaceAllString(control.ReplaceAllString(text, " "), " ")
	if links {
		list = append(list, bare(where, LiveBareLink, bareLink, rest)...)
	}
	if names {
		list = append(list, bare(where, LiveBareBroadcast, bareBroadcast, rest)...)
	}
	return list
}

func bare(where, kind string, what *regexp.Regexp, text string) []Live {
	var list []Live
	for _, found := range what.FindAllString(text, -1) {
		list = append(list, Live{where, kind, found})
	}
	return list
}

func kindOf(inner string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(inner, "!"), "|")
	switch {
	case inner[0] == '@':
		return LiveUser
	case inner[0] == '#':
		return LiveChannel
	case inner[0] != '!':
		return LiveLink
	case strings.HasPrefix(name, "subteam^"):
		return LiveGroup
	case strings.HasPrefix(name, "date^"):
		return LiveDate
	case name == "here", name == "channel", name == "everyone", name == "group":
		return LiveBroadcast
	}
	return LiveSpecial
}

// ofElement are the elements of rich_text that are live by their type.
var ofElement = map[string]struct{ kind, field string }{
	"user": {LiveUser, "user_id"}, "usergroup": {LiveGroup, "usergroup_id"}, "channel": {LiveChannel, "channel_id"},
	"broadcast": {LiveBroadcast, "range"}, "link": {LiveLink, "url"}, "date": {LiveDate, "fallback"},
}

func walk(where string, v any) []Live {
	var list []Live
	switch v := v.(type) {
	case []any:
		for i, inner := range v {
			list = append(list, walk(at(where, i), inner)...)
		}
	case object:
		list = live(where, v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, walk(where+"/"+name, v[name])...)
		}
	}
	return list
}

// live looks at one object: plain_text, raw_text and the text of rich_text are
// never parsed.
func live(where string, o object) []Live {
	text, _ := o["text"].(string)
	kind, _ := o["type"].(string)
	switch kind {
	case "mrkdwn":
		return scan(where, text, o["verbatim"] != true, o["verbatim"] != true)
	case "markdown":
		return append(scan(where, text, true, true), bare(where, LiveLink, regexp.MustCompile(`\]\([^)]+\)`), text)...)
	}
	if e, ok := ofElement[kind]; ok && o[e.field] != nil {
		return []Live{{where, e.kind, fmt.Sprint(o[e.field])}}
	}
	if url, ok := o["url"].(string); ok && kind == "button" {
		return []Live{{where, LiveLink, url}}
	}
	return nil
}
