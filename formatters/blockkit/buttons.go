package blockkit

import (
	"net/url"
	"strings"

	"github.com/slack-go/slack"
)

// Style is how a button looks. The words say it as well.
type Style string

// The styles.
const (
	Plain   Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Button is one below a message. One with a URL opens it, and has no Value. A
// Value is the id of a run and nothing else: who presses may be anybody.
type Button struct {
	Action, Text, Value, URL string
	Style                    Style
	Confirm                  *Confirm // nil: the button does it at once
}

// Confirm is what Slack asks before it hands a click on.
type Confirm struct{ Title, Text, Yes, No string }

// linkButtons takes the links to the vendor's pages out of lines, and makes
// buttons of them: one of each kind. A further one stays a line.
func linkButtons(lines []string) (buttons []Button, rest []string) {
	seen := map[string]bool{}
	for _, line := range lines {
		b, ok := linkButton(line)
		if !ok || seen[b.Action] {
			rest = append(rest, line)
			continue
		}
		seen[b.Action] = true
		buttons = append(buttons, b)
	}
	return buttons, rest
}

var linkLabels = map[string]string{"Console": "Open in console", "Alibaba Cloud's troubleshooting link": "Diagnose"}

// linkButton reads "Console: https://… (what to choose there)". What is to be
// chosen stands on the button; if it is too long for that, the line stays.
func linkButton(line string) (b Button, ok bool) {
	label, address, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), ": ")
	address, choose, hasChoice := strings.Cut(address, " (")
	address = strings.Trim(address, `"`)
	text := linkLabels[label]
	if text == "" || !leadsToVendor(address) {
		return Button{}, false
	}
	b = Button{Action: "open_" + strings.ToLower(strings.ReplaceAll(text, " ", "_")), Text: text, URL: address}
	if hasChoice {
		b.Text += " (" + choose
	}
	return b, units(b.Text) <= maxLabel
}

// leadsToVendor tells whether a button may open an address: it is the one thing
// in a message that leads elsewhere.
func leadsToVendor(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || len(address) > maxURL || strings.ContainsFunc(address, oddInAddress) {
		return false
	}
	host := u.Hostname()
	return strings.HasSuffix(host, ".aliyun.com") || strings.HasSuffix(host, ".alibabacloud.com")
}

func oddInAddress(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>|\"\\`", r) }

// buttons are ours, and behind them the links; what is there twice, once.
func (b *builder) buttons(buttons []Button) {
	var list []slack.BlockElement
	seen := map[string]bool{}
	for _, button := range buttons {
		if !seen[button.Action] && len(list) < maxButtons {
			list = append(list, button.element())
		}
		seen[button.Action] = true
	}
	if len(list) > 0 {
		b.add(slack.NewActionBlock("", list...))
	}
}

func (b Button) element() slack.BlockElement {
	e := slack.NewButtonBlockElement(b.Action, b.Value, words(b.Text, maxLabel))
	e.Style, e.URL = slack.Style(b.Style), b.URL
	if q := b.Confirm; q != nil {
		e.Confirm = slack.NewConfirmationBlockObject(words(q.Title, maxConfirmHead), words(q.Text, maxConfirmText), words(q.Yes, maxConfirmWord), words(q.No, maxConfirmWord))
	}
	return e
}

// words are plain text in which :these: stay words.
func words(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, cut(clean(text), most), false, false)
}
