package acs3

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Algorithm is the first word of the Authorization header and of the string to
// sign.
const Algorithm = "ACS3-HMAC-SHA256"

// TimeFormat is the layout of x-acs-date, always in UTC.
const TimeFormat = "2006-01-02T15:04:05Z"

// The headers the gateway reads, in net/http's canonical spelling.
const (
	HeaderAction        = "X-Acs-Action"
	HeaderVersion       = "X-Acs-Version"
	HeaderDate          = "X-Acs-Date"
	HeaderNonce         = "X-Acs-Signature-Nonce"
	HeaderContentSHA256 = "X-Acs-Content-Sha256"
	HeaderSecurityToken = "X-Acs-Security-Token" //nolint:gosec // the name of a header, not a token
)

// Key is one set of credentials. SecurityToken is empty unless the key is
// temporary (STS).
type Key struct {
	ID, Secret, SecurityToken string
}

// Call is what a signature covers beside the request itself.
type Call struct {
	Action, Version string     // such as DescribeInvocationResults, 2014-05-26
	Query           url.Values // what Sign puts into the URL
	Body            []byte     // the bytes that r.Body will send
	Time            time.Time  // when the request is made; the gateway allows 15 minutes
	Nonce           string     // fresh for each attempt: the gateway refuses a second use
}

// Nonce returns a value for Call.Nonce with at least 128 random bits.
func Nonce() string { return rand.Text() }

// Sign sets the query, the x-acs-* headers and Authorization on r. A
// Content-Type that is already set is signed. The returned string to sign is
// for comparing with a server's; it is a digest and holds no secret.
func Sign(r *http.Request, call Call, key Key) (stringToSign string) {
	bodyHash := HexSHA256(call.Body)
	values := [...]string{
		call.Action, call.Version, call.Time.UTC().Format(TimeFormat), call.Nonce, bodyHash, key.SecurityToken,
	}
	for i, name := range [...]string{
		HeaderAction, HeaderVersion, HeaderDate, HeaderNonce, HeaderContentSHA256, HeaderSecurityToken,
	} {
		if values[i] != "" {
			r.Header[name] = values[i : i+1 : i+1]
		}
	}
	r.URL.RawQuery = CanonicalQuery(call.Query)

	signed := MustSign(r.Header)
	stringToSign = StringToSign(r, signed, bodyHash)
	r.Header["Authorization"] = []string{Algorithm +
		" Credential=" + key.ID +
		",SignedHeaders=" + strings.Join(signed, ";") +
		",Signature=" + Signature(stringToSign, key.Secret)}
	return stringToSign
}

// MustSign lists, sorted and in lower case, the headers that a signature has
// to cover: host, content-type when present, and every x-acs-* present.
func MustSign(h http.Header) []string {
	names := make([]string, 1, 8)
	names[0] = "host"
	for name := range h {
		if strings.EqualFold(name, "content-type") || len(name) > 6 && strings.EqualFold(name[:6], "x-acs-") {
			names = append(names, lowerCase(name))
		}
	}
	slices.Sort(names)
	return names
}

// StringToSign builds the text whose HMAC is the signature. The query of r
// must be canonical already, and signed sorted and in lower case.
func StringToSign(r *http.Request, signed []string, bodyHash string) string {
	return Algorithm + "\n" + HexSHA256(CanonicalRequest(r, signed, bodyHash))
}

// CanonicalRequest is the normal form of r that both sides of the wire compute.
// It holds the security token, if there is one: never show it.
func CanonicalRequest(r *http.Request, signed []string, bodyHash string) []byte {
	b := make([]byte, 0, 1024)
	b = append(append(b, r.Method...), '\n')
	b = append(appendPath(b, r.URL.Path), '\n')
	b = append(append(b, r.URL.RawQuery...), '\n')
	for _, name := range signed {
		b = append(append(b, name...), ':')
		b = append(append(b, strings.TrimSpace(headerValue(r, name))...), '\n')
	}
	b = append(b, '\n')
	for i, name := range signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, bodyHash...)
}

// CanonicalQuery encodes values sorted by key as RFC 3986 wants it: a space is
// %20, an empty value keeps its equals sign.
func CanonicalQuery(values url.Values) string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b []byte
	for _, key := range keys {
		for _, value := range values[key] {
			if len(b) > 0 {
				b = append(b, '&')
			}
			b = append(appendEscaped(b, key), '=')
			b = appendEscaped(b, value)
		}
	}
	return string(b)
}

// Signature is the lower-case hex HMAC-SHA256 of stringToSign. The key is the
// bare secret, without the trailing ampersand of the older signature versions.
func Signature(stringToSign, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stringToSign))
	return hexString([sha256.Size]byte(mac.Sum(nil)))
}

// HexSHA256 is the form in which the gateway wants digests.
func HexSHA256(data []byte) string {
	return hexString(sha256.Sum256(data))
}

func hexString(sum [sha256.Size]byte) string {
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// spellings spares the headers of every request two allocations each.
var spellings = [...]struct{ canonical, lower string }{
	{HeaderAction, "x-acs-action"},
	{HeaderVersion, "x-acs-version"},
	{HeaderDate, "x-acs-date"},
	{HeaderNonce, "x-acs-signature-nonce"},
	{HeaderContentSHA256, "x-acs-content-sha256"},
	{HeaderSecurityToken, "x-acs-security-token"},
	{"Content-Type", "content-type"},
}

func lowerCase(name string) string {
	for _, s := range spellings {
		if s.canonical == name {
			return s.lower
		}
	}
	return strings.ToLower(name)
}

func headerValue(r *http.Request, name string) string {
	if name == "host" {
		return cmp.Or(r.Host, r.URL.Host)
	}
	for _, s := range spellings {
		if s.lower == name {
			name = s.canonical
		}
	}
	return r.Header.Get(name)
}

func appendPath(b []byte, path string) []byte {
	if path == "" {
		return append(b, '/')
	}
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b = append(b, '/')
		}
		b = appendEscaped(b, segment)
	}
	return b
}

// appendEscaped is RFC 3986: everything but the unreserved characters becomes
// %XX with upper-case digits. url.QueryEscape writes a space as a plus sign.
func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if unreserved(c) {
			b = append(b, c)
			continue
		}
		b = append(b, '%', digits[c>>4], digits[c&15])
	}
	return b
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}
