package slacksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Signature is what Slack sends as X-Slack-Signature.
func Signature(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Forged is a request to the app as Slack would send it, or not quite.
type Forged struct {
	URL         string
	Body        []byte
	ContentType string      // "" means a form
	At          time.Time   // zero means now
	Timestamp   string      // instead of At, word for word
	Secret      string      // "" means the right one
	Signature   string      // instead of the right one for timestamp and body
	Header      http.Header // set last; an empty list of values takes a header away
}

// Forge signs the request as it is told to.
func (s *Sim) Forge(ctx context.Context, f Forged) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, bytes.NewReader(f.Body))
	if err != nil {
		return nil, err
	}
	if f.At.IsZero() {
		s.mu.Lock()
		f.At = s.now()
		s.mu.Unlock()
	}
	stamp, secret := f.Timestamp, f.Secret
	if stamp == "" {
		stamp = strconv.FormatInt(f.At.Unix(), 10)
	}
	if secret == "" {
		secret = s.secrets.SigningSecret
	}
	if f.Signature == "" {
		f.Signature = Signature(secret, stamp, f.Body)
	}
	if f.ContentType == "" {
		f.ContentType = formType
	}
	r.Header.Set("Content-Type", f.ContentType)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", f.Signature)
	for name, values := range f.Header {
		r.Header.Del(name)
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	return r, nil
}

const formType = "application/x-www-form-urlencoded"
