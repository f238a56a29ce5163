package cloudapi

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	headerRequestID  = "X-Acs-Request-Id"
	headerRetryAfter = "X-Acs-Retry-After" // milliseconds
)

// answer is a decoded body of any operation.
type answer interface {
	head() *envelope
	complete() error // says what a success lacks to be one
}

// envelope is what answers and refusals have in common. The JSON decoder
// ignores case, so the code and requestId of older back ends fit too. One field
// of another shape does not cost the others: any JSON object can be read.
type envelope struct {
	Code, ErrorCode, Message, RequestID looseText
	Recommend, Success                  looseText
	AccessDeniedDetail                  json.RawMessage

	// Of CloudSSO and of OAuth 2.0, which name them otherwise.
	ErrorMessage     looseText
	OAuthError       looseText `json:"error"`
	OAuthDescription looseText `json:"error_description"`
}

// fromElsewhere takes code and message from where CloudSSO and OAuth put them.
func (e *envelope) fromElsewhere() {
	e.Code = cmp.Or(e.Code, e.ErrorCode, e.OAuthError)
	e.Message = cmp.Or(e.Message, e.ErrorMessage, e.OAuthDescription)
}

func (e *envelope) head() *envelope { return e }
func (e *envelope) complete() error { return nil }

// message is "" where the vendor sends a blank, quoted or not.
func (e *envelope) message() string {
	if text := e.Message.trimmed(); strings.Trim(text, `" `) != "" {
		return text
	}
	return ""
}

// requestID takes the id from the body or else from the header. It is shown and
// logged as it is, so nothing passes that no RequestId looks like.
func requestID(resp *http.Response, inBody looseText) string {
	for _, id := range [...]string{inBody.trimmed(), resp.Header.Get(headerRequestID)} {
		if id != "" && len(id) <= 64 && !strings.ContainsFunc(id, notInRequestID) {
			return id
		}
	}
	return ""
}

func notInRequestID(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.*", r)
}

// codeAndStatus finds what to classify by. A back end behind HTTP 200 puts an
// HTTP status where the gateway puts its code.
func (e *envelope) codeAndStatus(status int) (code string, effective int) {
	code = e.Code.trimmed()
	if n, err := strconv.Atoi(code); err == nil {
		if status == http.StatusOK {
			status = n
		}
		if e.ErrorCode != "" {
			code = e.ErrorCode.trimmed()
		}
	}
	return code, status
}

func (e *envelope) denial() *Denial {
	var d struct {
		AuthAction, AuthPrincipalType, AuthPrincipalDisplayName, AuthPrincipalOwnerID,
		NoPermissionType, PolicyType looseString
	}
	if len(e.AccessDeniedDetail) == 0 || json.Unmarshal(e.AccessDeniedDetail, &d) != nil || d.AuthAction == "" {
		return nil
	}
	return &Denial{
		Action:        d.AuthAction.trimmed(),
		Principal:     d.AuthPrincipalDisplayName.trimmed(),
		PrincipalType: d.AuthPrincipalType.trimmed(),
		OwnerID:       d.AuthPrincipalOwnerID.trimmed(),
		Explicit:      strings.EqualFold(d.NoPermissionType.trimmed(), "ExplicitDeny"),
		Implicit:      strings.EqualFold(d.NoPermissionType.trimmed(), "ImplicitDeny"),
		PolicyType:    d.PolicyType.trimmed(),
	}
}

// readEnvelope makes the best of a refusal: the documented JSON, the XML of old
// gateways, or a page of a load balancer, of which a short excerpt stays.
func readEnvelope(body []byte) *envelope {
	var e envelope
	if json.Unmarshal(body, &e) == nil {
		return &e
	}
	var x struct {
		Code, Message string
		RequestID     string `xml:"RequestId"`
	}
	if xml.Unmarshal(body, &x) == nil && x.Code != "" {
		return &envelope{
			Code: looseText(x.Code), Message: looseText(x.Message), RequestID: looseText(x.RequestID),
		}
	}
	return &envelope{Message: looseText(excerpt(body))}
}

var htmlNoise = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>`)

// excerpt shows no JSON: cut or broken, it may be an answer with a licence key.
func excerpt(body []byte) string {
	text := htmlNoise.ReplaceAllString(string(body[:min(len(body), 4096)]), " ")
	text, _, _ = strings.Cut(html.UnescapeString(text), "{")
	return oneLine(text, 360)
}

func retryAfter(h http.Header) time.Duration {
	ms, err := strconv.ParseInt(strings.TrimSpace(h.Get(headerRetryAfter)), 10, 64)
	if err != nil || ms <= 0 {
		return 0
	}
	return time.Duration(min(ms, maxRetryAfter.Milliseconds())) * time.Millisecond
}
