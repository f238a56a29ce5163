package slacksim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func x(n int) string { return strings.Repeat("x", n) }

func plain(text string) object  { return object{"type": "plain_text", "text": text} }
func mrkdwn(text string) object { return object{"type": "mrkdwn", "text": text} }

func repeat(n int, v any) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func with(o object, name string, v any) object {
	out := object{name: v}
	for k, old := range o {
		if k != name {
			out[k] = old
		}
	}
	return out
}

func section(text string) object { return object{"type": "section", "text": mrkdwn(text)} }

func buttons(n int) []any {
	list := []any{}
	for i := range n {
		list = append(list, button(fmt.Sprint("b", i)))
	}
	return list
}

func menu(kind string, n int) object {
	return object{"type": kind, "action_id": "m", "options": repeat(n, object{"text": plain("t"), "value": "v"})}
}

func rich(elements ...any) object {
	return object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section", "elements": elements}}}
}

func word(text string) object { return object{"type": "text", "text": text} }
func cell(text string) object { return object{"type": "raw_text", "text": text} }

func table(rows, columns int, c any) object {
	return object{"type": "table", "rows": repeat(rows, repeat(columns, c))}
}

func confirm(title, text, yes string) object {
	return object{"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain("No")}
}

// Each limit, at it and one beyond.
func TestTheLimitsOfAMessage(t *testing.T) {
	s := start(t, slacksim.Options{})
	b := button("b")
	id := func(id string) object { return object{"type": "divider", "block_id": id} }
	for name, tc := range map[string]struct {
		fits, beyond []any
		want         string // in the error's words, or its code
	}{
		"blocks":                      {repeat(50, object{"type": "divider"}), repeat(51, object{"type": "divider"}), "no more than 50 items allowed [json-pointer:/blocks]"},
		"section text":                {[]any{section(x(3000))}, []any{section(x(3001))}, "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		"section text in UTF-16":      {[]any{section(strings.Repeat("😀", 1500))}, []any{section(strings.Repeat("😀", 1501))}, "must be less than 3001"},
		"no empty text":               {[]any{section("x")}, []any{section("")}, "must be more than 0 characters"},
		"a section says something":    {[]any{section("x")}, []any{object{"type": "section"}}, "missing required field: text"},
		"fields":                      {[]any{object{"type": "section", "fields": repeat(10, plain("x"))}}, []any{object{"type": "section", "fields": repeat(11, plain("x"))}}, "no more than 10 items"},
		"field text":                  {[]any{object{"type": "section", "fields": repeat(1, plain(x(2000)))}}, []any{object{"type": "section", "fields": repeat(1, plain(x(2001)))}}, "less than 2001"},
		"header":                      {[]any{object{"type": "header", "text": plain(x(150))}}, []any{object{"type": "header", "text": plain(x(151))}}, "less than 151"},
		"a header is plain":           {[]any{object{"type": "header", "text": plain("x")}}, []any{object{"type": "header", "text": mrkdwn("x")}}, "must be plain_text"},
		"no emoji in mrkdwn":          {[]any{object{"type": "header", "text": with(plain("x"), "emoji", false)}}, []any{object{"type": "section", "text": with(mrkdwn("x"), "emoji", false)}}, "invalid additional property: emoji"},
		"context":                     {[]any{object{"type": "context", "elements": repeat(10, mrkdwn("x"))}}, []any{object{"type": "context", "elements": repeat(11, mrkdwn("x"))}}, "no more than 10 items"},
		"actions":                     {[]any{actions(buttons(25)...)}, []any{actions(buttons(26)...)}, "no more than 25 items"},
		"no empty actions":            {[]any{actions(b)}, []any{object{"type": "actions", "elements": []any{}}}, "no less than 1 items"},
		"button text":                 {[]any{actions(with(b, "text", plain(x(75))))}, []any{actions(with(b, "text", plain(x(76))))}, "less than 76"},
		"a button is plain":           {[]any{actions(b)}, []any{actions(with(b, "text", mrkdwn("x")))}, "must be plain_text"},
		"button value":                {[]any{actions(with(b, "value", x(2000)))}, []any{actions(with(b, "value", x(2001)))}, "less than 2001"},
		"button url":                  {[]any{actions(with(b, "url", x(3000)))}, []any{actions(with(b, "url", x(3001)))}, "less than 3001"},
		"button style":                {[]any{actions(with(b, "style", "danger"))}, []any{actions(with(b, "style", "red"))}, "must be one of: primary, danger"},
		"action_id":                   {[]any{actions(button(x(255)))}, []any{actions(button(x(256)))}, "less than 256"},
		"action_ids are unique":       {[]any{actions(button("1"), button("2"))}, []any{actions(button("1"), button("1"))}, "already exists"},
		"block_id":                    {[]any{id(x(255))}, []any{id(x(256))}, "less than 256"},
		"block_ids are unique":        {[]any{id("1"), id("2")}, []any{id("1"), id("1")}, "already exists"},
		"confirm title":               {[]any{actions(with(b, "confirm", confirm(x(100), "x", "x")))}, []any{actions(with(b, "confirm", confirm(x(101), "x", "x")))}, "less than 101"},
		"confirm text":                {[]any{actions(with(b, "confirm", confirm("x", x(300), "x")))}, []any{actions(with(b, "confirm", confirm("x", x(301), "x")))}, "less than 301"},
		"confirm button":              {[]any{actions(with(b, "confirm", confirm("x", "x", x(30))))}, []any{actions(with(b, "confirm", confirm("x", "x", x(31))))}, "less than 31"},
		"menu options":                {[]any{actions(menu("static_select", 100))}, []any{actions(menu("static_select", 101))}, "no more than 100 items"},
		"overflow options":            {[]any{actions(menu("overflow", 5))}, []any{actions(menu("overflow", 6))}, "no more than 5 items"},
		"table rows":                  {[]any{table(100, 1, cell("x"))}, []any{table(101, 1, cell("x"))}, "no more than 100 items"},
		"table columns":               {[]any{table(1, 20, cell("x"))}, []any{table(1, 21, cell("x"))}, "no more than 20 items"},
		"table text":                  {[]any{table(10, 1, cell(x(1000)))}, []any{table(10, 1, cell(x(1001)))}, "no more than 10000 characters"},
		"no empty cell":               {[]any{table(1, 1, cell("-"))}, []any{table(1, 1, cell(""))}, "must be more than 0 characters"},
		"no empty rich cell":          {[]any{table(1, 1, rich(word("-")))}, []any{table(1, 1, rich())}, "must be more than 0 characters"},
		"no numbers in cells":         {[]any{table(1, 1, cell("1"))}, []any{table(1, 1, object{"type": "raw_number", "value": 1})}, "unsupported type: raw_number"},
		"one table":                   {[]any{table(1, 1, cell("x"))}, []any{table(1, 1, cell("x")), table(1, 1, cell("x"))}, "only_one_table_allowed"},
		"markdown":                    {[]any{object{"type": "markdown", "text": x(12000)}}, []any{object{"type": "markdown", "text": x(12001)}}, "less than 12001"},
		"no empty rich text":          {[]any{rich(word("x"))}, []any{rich(word(""))}, "must be more than 0 characters"},
		"the hidden total":            {repeat(4, section(x(3000))), repeat(5, section(x(2700))), "msg_blocks_too_long"},
		"the total counts tables":     {[]any{table(10, 1, cell(x(1000))), section(x(3000))}, []any{table(10, 1, cell(x(1000))), section(x(3000)), section(x(300))}, "msg_blocks_too_long"},
		"the total counts containers": {[]any{rich(repeat(100, word(x(100)))...)}, []any{rich(repeat(1000, word("xx"))...)}, "msg_blocks_too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			ok(t, call(t, s, "chat.postMessage", object{"channel": slacksim.Incidents, "text": "t", "blocks": tc.fits}))
			answer := call(t, s, "chat.postMessage", object{"channel": slacksim.Incidents, "text": "t", "blocks": tc.beyond})
			require.Equal(t, false, answer["ok"])
			require.Contains(t, fmt.Sprint(answer["error"], answer["errors"]), tc.want)
		})
	}
}

func TestNewerBlocksAreRefused(t *testing.T) {
	s := start(t, slacksim.Options{})
	for _, kind := range []string{"alert", "card", "task_card", "plan", "carousel", "data_table", "nonsense"} {
		answer := call(t, s, "chat.postMessage", object{"channel": slacksim.Incidents, "text": "t", "blocks": []any{object{"type": kind}}})
		require.Equal(t, "invalid_blocks", answer["error"])
		require.Equal(t, []any{"unsupported type: " + kind + " [json-pointer:/blocks/0/type]"}, answer["errors"])
		require.Equal(t, object{"messages": []any{"[ERROR] unsupported type: " + kind + " [json-pointer:/blocks/0/type]"}}, answer["response_metadata"])
	}
}

func TestTheLimitsHoldOnEveryWay(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	bad := []any{section("")}
	ts := say(t, s, slacksim.Incidents, "x")
	require.Equal(t, "invalid_blocks", call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": "x", "blocks": bad})["error"])
	require.Equal(t, "invalid_blocks", call(t, s, "chat.postEphemeral", object{"channel": slacksim.Incidents, "user": slacksim.Bob, "text": "x", "blocks": bad})["error"])
	seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
	require.NoError(t, err)
	status, text := respond(t, seen.ResponseURL, object{"text": "x", "blocks": bad})
	require.Equal(t, 400, status)
	require.Contains(t, text, "invalid_blocks")
	require.Zero(t, s.ResponseURLUses(seen.ResponseURL), "what was refused is no use")
}
