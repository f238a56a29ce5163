package blockkit_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
)

// hostile are texts that Slack would make something of, if it parsed them, or
// that a reader does not see as they are.
var hostile = []string{
	"<!channel>", "<@U0EVIL>", "<#C0EVIL>", "<http://evil.example|ok>", "http://evil.example", "@here", "@channel", ":skull:", ":a:skull:", ":100:",
	"```", "`", "*bold* _it_ ~no~", "\u202eabc", "a\u200bb\u2060c", "\xff\xfe", "\x00", "\x1b[31mred", "\n\n\n", " ", "",
	strings.Repeat("x", 100_000), strings.Repeat("😀", 50_000), strings.Repeat("line\n", 20_000), "&lt;!here&gt;", strings.Repeat("<", 20_000), strings.Repeat(":a", 20_000),
	"Console: https://evil.example/", "Console: https://aliyun.com.evil.example/", "Console: https://evil@ecs.console.aliyun.com/", "Console: javascript:alert(1)//.aliyun.com",
	"Console: https://ecs.console.aliyun.com:444/", "Console: https://ecs.console.aliyun.com/|evil", "Why\n- a\nNext\n- <!here>\nSource: <@U0EVIL>",
}

// reportOf has a text in all its fields.
func reportOf(text string, n int) formatters.Report {
	r := formatters.Report{
		Verdict: formatters.Verdict(text), Headline: text, Rerun: formatters.Rerun(text), Resume: formatters.Facts{{Name: text, Value: text}},
		Source: formatters.Source{Product: text, Operation: text, Region: text, Profile: text, AsOf: text},
	}
	for range n {
		r.Reasons, r.Notes = append(r.Reasons, text), append(r.Notes, text)
		r.NextSteps = append(r.NextSteps, text, "Console: "+text, "Console: https://ecs.console.aliyun.com/"+text)
		r.Facts = append(r.Facts, formatters.Fact{Name: text, Value: text}, formatters.Fact{Name: text, Value: []string{text, text}},
			formatters.Fact{Name: text, Value: formatters.Facts{{Name: text, Value: int64(1)}}})
		r.Items = append(r.Items, formatters.Item{Name: text, Verdict: formatters.Verdict(text), Text: text, Output: &formatters.Output{Text: text, ShownLines: 1, TotalLines: 2}})
		r.Source.RequestIDs = append(r.Source.RequestIDs, text)
	}
	return r
}

// messagesOf are all that can be made of a text that is not ours.
func messagesOf(text string, n int) []blockkit.Message {
	shared := frame
	shared.Notes, shared.Waiting = []string{text}, text
	return []blockkit.Message{
		blockkit.Render(reportOf(text, n), frame), blockkit.Render(reportOf(text, n), shared),
		blockkit.Failure(text, frame), blockkit.Failure("x: refused\n- "+text+"\nNext\n- "+text+"\nSource: "+text, frame),
		blockkit.Say(text, []string{text, text}, shared),
		blockkit.Render(reportOf("x", 1), blockkit.Frame{SharedBy: text, Buttons: []blockkit.Button{{Action: "a", Text: text, Confirm: &blockkit.Confirm{Title: text, Text: text, Yes: text, No: text}}}}),
		blockkit.Say("x", nil, blockkit.Frame{Call: text}),
	}
}

func TestNothingOfOthersBecomesAMention(t *testing.T) {
	for _, text := range hostile {
		for _, n := range []int{1, 3, 40} {
			for _, m := range messagesOf(text, n) {
				requireHarmless(t, m)
			}
		}
	}
}

var (
	liveText   = regexp.MustCompile(`<|>|@(here|channel|everyone)|://|:[\p{L}_+-][\p{L}\p{N}_+-]*:`)
	unseenText = regexp.MustCompile(`[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}\x{200e}\x{200f}\x{feff}\x00\x1b]`)
)

func requireHarmless(t testing.TB, m blockkit.Message) {
	t.Helper()
	require.NoError(t, blockkit.Check(m))
	require.False(t, liveText.MatchString(m.Text), "%.200q", m.Text)
	require.True(t, utf8.ValidString(m.Text))
	raw, err := json.Marshal(m.Blocks)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(raw, &tree))
	requireHarmlessTree(t, tree)
}

// requireHarmlessTree does not know how a message is made, as Check does: it
// looks at what is sent.
func requireHarmlessTree(t testing.TB, tree any) {
	t.Helper()
	switch x := tree.(type) {
	case string:
		require.True(t, utf8.ValidString(x))
		require.False(t, unseenText.MatchString(x), "%.200q", x)
	case []any:
		for _, y := range x {
			requireHarmlessTree(t, y)
		}
	case map[string]any:
		switch x["type"] {
		case "mrkdwn", "markdown", "user", "usergroup", "channel", "broadcast", "link", "emoji":
			require.Failf(t, "live", "%v", x)
		case "plain_text":
			require.Equal(t, false, x["emoji"])
		}
		if address, ok := x["url"].(string); ok {
			require.Regexp(t, `^https://[a-z0-9.-]+\.(aliyun|alibabacloud)\.com(/|$)`, address)
		}
		for _, y := range x {
			requireHarmlessTree(t, y)
		}
	}
}

func TestOnlyThoseOfTheFrameAreMentioned(t *testing.T) {
	for _, f := range []blockkit.Frame{{SharedBy: "U0123"}, {Call: "W0123"}} {
		m := blockkit.Say("x", nil, f)
		require.NoError(t, blockkit.Check(m))
		require.Equal(t, 1, strings.Count(asJSON(t, m), `"type": "user"`))
	}
}

func TestAnEmojiInAnARNStaysText(t *testing.T) {
	m := blockkit.Say("acs:ram::1234:role/x at 03:07:29", nil, blockkit.Frame{})
	require.Equal(t, "acs:ram::1234:role/x at 03:07:29", strings.ReplaceAll(m.Text, "\u2060", ""))
	require.NotContains(t, m.Text, ":ram:")
	require.NotRegexp(t, `:[a-z]+:`, blockkit.Say("a:b:c:d:e https://x.test/files:write @here", nil, blockkit.Frame{}).Text)
	require.Contains(t, m.Text, "03:07:29", "a time is left alone")
	require.Contains(t, asJSON(t, m), "acs:ram::1234:role/x", "the blocks have it as it is, to be copied")
}

func TestWhatIsToBeCopiedHasNoJoinerInTheFallback(t *testing.T) {
	said := "needs files:write in region:cn-beijing at 03:07:29"
	require.Equal(t, said, blockkit.Say(said, nil, blockkit.Frame{}).Text)
}

func TestTheFallbackShowsTheReportsOwnTexts(t *testing.T) {
	for name, r := range reports(t) {
		seen := strings.NewReplacer("\u2060", "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(blockkit.Render(r, frame).Text)
		require.Contains(t, seen, r.Headline, name)
	}
}

func TestALinkThatGetsNoButtonStaysAStep(t *testing.T) {
	r := formatters.Report{Verdict: formatters.Failed, Headline: "h", NextSteps: []string{
		"Console: https://a.console.aliyun.com (choose the region cn-beijing)", "Console: https://b.console.aliyun.com", "Console: http://c.console.aliyun.com",
	}}
	text := asJSON(t, blockkit.Render(r, blockkit.Frame{}))
	require.Contains(t, text, `"text": "Open in console (choose the region cn-beijing)"`)
	require.Contains(t, text, "Next: Console: https://b.console.aliyun.com")
	require.Contains(t, text, "Console: http://c.console.aliyun.com")
}

func TestTheTroubleInALongOutputIsShown(t *testing.T) {
	text := strings.Repeat("fine\n", 800) + "ERROR: the disk is full\n" + strings.Repeat("fine\n", 800) + "bye"
	r := formatters.Report{Verdict: formatters.Failed, Headline: "h", Items: []formatters.Item{{Name: "i", Verdict: formatters.Failed, Text: "t", Output: &formatters.Output{Text: text, ShownLines: 1602, TotalLines: 1602}}}}
	m := blockkit.Render(r, blockkit.Frame{})
	require.Contains(t, asJSON(t, m), "ERROR: the disk is full")
	require.Regexp(t, `Output of i: \d{2,3} of 1602 lines`, asJSON(t, m))
}

func FuzzBlocks(f *testing.F) {
	for _, text := range hostile {
		f.Add(text[:min(len(text), 2000)], 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		for _, m := range messagesOf(text, min(max(n, 0), 60)) {
			requireHarmless(t, m)
			requireKnownBlocks(t, asJSON(t, m))
		}
	})
}

func TestCheckFindsWhatSlackRefuses(t *testing.T) {
	text := func(n int) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", n), false, false)
	}
	button := func(id string, b slack.ButtonBlockElement) *slack.ButtonBlockElement {
		b.Type, b.ActionID = slack.METButton, id
		if b.Text == nil {
			b.Text = text(1)
		}
		return &b
	}
	actions := func(list ...slack.BlockElement) []slack.Block {
		return []slack.Block{slack.NewActionBlock("", list...)}
	}
	rich := func(list ...slack.RichTextSectionElement) []slack.Block {
		return []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(list...))}
	}
	table := func(rows, columns, size int) *slack.TableBlock {
		b := slack.NewTableBlock("")
		for range rows {
			var row []slack.TableCell
			for range columns {
				row = append(row, slack.NewTableRawTextCell(strings.Repeat("x", size)))
			}
			b.Rows = append(b.Rows, row)
		}
		return b
	}
	dividers := func(n int) (list []slack.Block) {
		for range n {
			list = append(list, slack.NewDividerBlock())
		}
		return list
	}
	plain := func(s string) slack.RichTextSectionElement { return slack.NewRichTextSectionTextElement(s, nil) }
	many := make([]slack.BlockElement, 26)
	for i := range many {
		many[i] = button(strings.Repeat("a", i+1), slack.ButtonBlockElement{})
	}
	twice := slack.NewRichTextBlock("same", slack.NewRichTextSection(plain("x")))
	for name, blocks := range map[string][]slack.Block{
		"51 blocks":                     dividers(51),
		"a section of 3,001 characters": {slack.NewSectionBlock(text(3001), nil, nil)},
		"a section of nothing":          {slack.NewSectionBlock(nil, nil, nil)},
		"11 fields":                     {slack.NewSectionBlock(nil, []*slack.TextBlockObject{text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1)}, nil)},
		"a field of 2,001 characters":   {slack.NewSectionBlock(nil, []*slack.TextBlockObject{text(2001)}, nil)},
		"text that is parsed":           {slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "x", false, false), nil, nil)},
		"emoji":                         {slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, "x", true, false), nil, nil)},
		"a header of 151 characters":    {slack.NewHeaderBlock(text(151))},
		"11 elements of a context":      {slack.NewContextBlock("", text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1), text(1))},
		"an empty context":              {slack.NewContextBlock("")},
		"26 buttons":                    actions(many...),
		"no buttons":                    actions(),
		"an action id twice":            actions(button("a", slack.ButtonBlockElement{}), button("a", slack.ButtonBlockElement{})),
		"no action id":                  actions(button("", slack.ButtonBlockElement{})),
		"an action id of 256":           actions(button(strings.Repeat("a", 256), slack.ButtonBlockElement{})),
		"a label of 76":                 actions(button("a", slack.ButtonBlockElement{Text: text(76)})),
		"a label of 38 emoji":           actions(button("a", slack.ButtonBlockElement{Text: slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("😀", 38), false, false)})),
		"a value of 2,001":              actions(button("a", slack.ButtonBlockElement{Value: strings.Repeat("x", 2001)})),
		"a URL of 3,001":                actions(button("a", slack.ButtonBlockElement{URL: "https://a.aliyun.com/" + strings.Repeat("x", 2980)})),
		"a URL of somebody else":        actions(button("a", slack.ButtonBlockElement{URL: "https://evil.example/"})),
		"a style nobody knows":          actions(button("a", slack.ButtonBlockElement{Style: "loud"})),
		"a question of 301":             actions(button("a", slack.ButtonBlockElement{Confirm: slack.NewConfirmationBlockObject(text(1), text(301), text(1), text(1))})),
		"a title of 101":                actions(button("a", slack.ButtonBlockElement{Confirm: slack.NewConfirmationBlockObject(text(101), text(1), text(1), text(1))})),
		"a yes of 31":                   actions(button("a", slack.ButtonBlockElement{Confirm: slack.NewConfirmationBlockObject(text(1), text(1), text(31), text(1))})),
		"two tables":                    {table(1, 1, 1), table(1, 1, 1)},
		"101 rows":                      {table(101, 1, 1)},
		"21 columns":                    {table(1, 21, 1)},
		"10,001 characters in cells":    {table(73, 1, 137)},
		"an empty cell":                 {table(1, 1, 0)},
		"a cell of null":                {slack.NewTableBlock("").AddRow(nil)},
		"an empty rich text":            rich(plain("")),
		"an empty section":              rich(),
		"rich text without a part":      {slack.NewRichTextBlock("")},
		"a link":                        rich(slack.NewRichTextSectionLinkElement("https://a.aliyun.com", "x", nil)),
		"a call to all":                 rich(slack.NewRichTextSectionBroadcastElement("here")),
		"a user id that is none":        rich(slack.NewRichTextSectionUserElement("<!here>", nil)),
		"invalid UTF-8":                 rich(plain("\xff")),
		"12,001 characters":             rich(plain(strings.Repeat("x", 11_000)), plain(strings.Repeat("x", 1_001))),
		"6,100 emoji":                   rich(plain(strings.Repeat("😀", 6_100))),
		"a block id twice":              {twice, twice},
		"an image":                      {slack.NewImageBlock("https://a.aliyun.com", "x", "", nil)},
	} {
		require.Error(t, blockkit.Check(blockkit.Message{Text: "x", Blocks: blocks}), name)
	}
	for name, fallback := range map[string]string{"no fallback": "", "a long one": strings.Repeat("x", 3001), "one of emoji": strings.Repeat("😀", 1501)} {
		require.Error(t, blockkit.Check(blockkit.Message{Text: fallback}), name)
	}
	require.NoError(t, blockkit.Check(blockkit.Message{Text: "x", Blocks: append(rich(plain(strings.Repeat("x", 5_000))), table(20, 3, 50))}))
}
