package formatters

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// secrets lists what must not be shown. The first group, where there is one, is
// the secret; what stands before it stays readable.
var secrets = []struct {
	kind    string
	hint    string // a literal without which the pattern cannot match
	pattern *regexp.Regexp
}{
	{"private key", "PRIVATE KEY", regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`)},
	{"AccessKey ID", "LTAI", regexp.MustCompile(`\bLTAI[0-9A-Za-z]{12,28}\b`)},
	{"STS key", "STS.", regexp.MustCompile(`\bSTS\.[0-9A-Za-z]{10,}\b`)},
	{"Slack token", "xox", regexp.MustCompile(`\bxox[abeprs]-[0-9A-Za-z-]{8,}`)},
	{"Slack token", "xapp-", regexp.MustCompile(`\bxapp-[0-9A-Za-z-]{8,}`)},
	{"JWT", "eyJ", regexp.MustCompile(`\beyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)?`)},
	{"bearer token", "earer", regexp.MustCompile(`(?i)\bbearer\s+([0-9A-Za-z._~+/=-]{8,})`)},
	{"password", "://", regexp.MustCompile(`://[^\s/:@]*:([^\s/@]+)@`)},
	{"secret", "", regexp.MustCompile(`(?i)(?:passwd|password|passphrase|pwd|secret|secret[_-]?key|access[_-]?key[_-]?secret|api[_-]?key|licen[cs]e[_-]?key|token|credential)["']?\s*[:=]\s*["']?([^\s"',;&]{3,})`)},
}

var mayName = regexp.MustCompile(`(?i)passw|passphrase|pwd|secret|key|token|credential`)

// redact replaces secrets by marks and counts them.
func (a Airlock) redact(text string) (string, int) {
	n := 0
	for _, s := range secrets {
		if s.hint != "" && !strings.Contains(text, s.hint) || s.hint == "" && !mayName.MatchString(text) {
			continue
		}
		var b strings.Builder
		end := 0
		for _, m := range s.pattern.FindAllStringSubmatchIndex(text, -1) {
			from, to := m[0], m[1]
			if len(m) > 2 {
				from, to = m[2], m[3]
			}
			if strings.HasPrefix(text[from:to], redactedPrefix) {
				continue // marked by an earlier pattern
			}
			b.WriteString(text[end:from])
			b.WriteString(a.mark(s.kind, text[from:to]))
			end = to
			n++
		}
		if end > 0 {
			b.WriteString(text[end:])
			text = b.String()
		}
	}
	return text, n
}

const redactedPrefix = "[redacted"

func (a Airlock) mark(kind, secret string) string {
	mac := hmac.New(sha256.New, a.Key)
	mac.Write([]byte(secret))
	return redactedPrefix + " " + kind + " #" + hex.EncodeToString(mac.Sum(nil)[:3]) + "]"
}
