package blockkit

import (
	"net/url"
	"strings"

	"github.com/slack-go/slack"
)

// linkButtons takes the links to the vendor's pages out of lines, and makes
// buttons of them.
func linkButtons(lines []string) (buttons []Button, rest []string) {
	rest = []string{}
	for _, line := range lines {
		label, address, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), ": ")
		address, _, _ = strings.Cut(address, " (") // behind which stands what to choose there
		text := linkLabels[label]
		if text == "" || !leadsToVendor(address) || len(buttons) == maxLinks {
			rest = append(rest, line)
			continue
		}
		buttons = append(buttons, Button{Action: "open_" + strings.ToLower(strings.ReplaceAll(text, " ", "_")), Text: text, URL: address})
	}
	return buttons, rest
}

const maxLinks = 3

var linkLabels = map[string]string{"Console": "Open in console", "Alibaba Cloud's troubleshooting link": "Diagnose"}

func leadsToVendor(address string) bool {
	u, err := url.Parse(strings.Trim(address, `"`))
	if err != nil || u.Scheme != "https" || u.User != nil || len(address) > maxURL || strings.ContainsAny(address, " \n\t<>|") {
		return false
	}
	host := u.Hostname()
	return u.Port() == "" && (strings.HasSuffix(host, ".aliyun.com") || strings.HasSuffix(host, ".alibabacloud.com"))
}

func elements(buttons []Button) (list []slack.BlockElement) {
	seen := map[string]bool{}
	for _, b := range buttons[:min(len(buttons), maxButtons)] {
		if seen[b.Action] {
			continue
		}
		seen[b.Action] = true
		e := slack.NewButtonBlockElement(b.Action, cut(b.Value, maxValue), slack.NewTextBlockObject(slack.PlainTextType, cut(clean(b.Text), maxLabel), false, false))
		e.Style, e.URL = slack.Style(b.Style), strings.Trim(b.URL, `"`)
		list = append(list, e)
	}
	return list
}
