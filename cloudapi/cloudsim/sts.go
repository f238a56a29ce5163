package cloudsim

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RPC signature version 1 is HMAC-SHA1
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

var (
	assumeRole = &operation{
		name: "AssumeRole", version: "2015-04-01", product: "sts", method: http.MethodPost, path: "/", run: (*Sim).assumeRole,
	}
	assumeRoleWithOIDC = &operation{
		name: "AssumeRoleWithOIDC", version: "2015-04-01", product: "sts", method: http.MethodPost, path: "/", run: (*Sim).assumeRoleWithOIDC,
	}
)

// maxSessions bounds the temporary keys that are kept. The oldest goes first.
const maxSessions = 256

var (
	roleShape    = regexp.MustCompile(`^acs:ram::([0-9]+):role/([A-Za-z0-9._-]{1,64})$`)
	sessionShape = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)
)

// assumeRole opens a session of any well-formed role.
func (s *Sim) assumeRole(c *call) (answer, *refusal) {
	parameter := func(name string) string { return cmp.Or(c.query.Get(name), c.form.Get(name)) } // as the gateway takes either
	arn, session := parameter("RoleArn"), parameter("RoleSessionName")
	role := roleShape.FindStringSubmatch(arn)
	if role == nil {
		return answer{}, invalid("RoleArn")
	}
	if !sessionShape.MatchString(session) {
		return answer{}, invalid("RoleSessionName")
	}
	seconds := 3600
	if text := parameter("DurationSeconds"); text != "" {
		var err error
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 900 || seconds > 43200 {
			return answer{}, invalid("DurationSeconds")
		}
	}
	expires := s.now().Add(time.Duration(seconds) * time.Second)
	key := acs3.Key{ID: "STS." + randomHex(12), Secret: randomHex(20), SecurityToken: "sim+token/" + randomHex(48) + "=="}
	s.openSession(Credential{Key: key, ExpiresAt: expires})
	return answer{fields: map[string]any{
		"AssumedRoleUser": map[string]string{
			"Arn":           "acs:ram::" + role[1] + ":role/" + role[2] + "/" + session,
			"AssumedRoleId": "3" + role[1] + ":" + session,
		},
		"Credentials": map[string]string{
			"AccessKeyId": key.ID, "AccessKeySecret": key.Secret, "SecurityToken": key.SecurityToken,
			"Expiration": expires.UTC().Format(acs3.TimeFormat),
		},
	}}, nil
}

func (s *Sim) openSession(c Credential) {
	if len(s.sessions) >= maxSessions {
		delete(s.credentials, s.sessions[0])
		s.sessions = s.sessions[1:]
	}
	s.sessions = append(s.sessions, c.ID)
	s.putCredential(c)
}

// signedInQuery tells the older RPC requests, which the vendor's CLI and
// credentials library still send to STS, from those with an Authorization header.
func signedInQuery(r *http.Request) bool {
	return r.Header.Get("Authorization") == "" && r.URL.Query().Has("Signature")
}

// checkRPC lets in a request with signature version 1, for STS alone.
func (s *Sim) checkRPC(r *http.Request, body []byte) (*call, *refusal) {
	query, form := r.URL.Query(), readForm(r, body)
	if query.Get("AccessKeyId") == "" {
		return nil, refuse("MissingAccessKeyId")
	}
	for _, name := range []string{"Action", "Version", "Timestamp", "SignatureNonce", "SignatureMethod", "SignatureVersion"} {
		if query.Get(name) == "" {
			return nil, missing(name)
		}
	}
	switch {
	case query.Get("SignatureMethod") != "HMAC-SHA1":
		return nil, refuse("InvalidSignatureMethod")
	case query.Get("SignatureVersion") != "1.0":
		return nil, refuse("IncompleteSignature")
	}
	refused := s.authenticate(proof{
		keyID: query.Get("AccessKeyId"), token: query.Get("SecurityToken"),
		date: query.Get("Timestamp"), nonce: query.Get("SignatureNonce"),
		verify: func(secret string) *refusal { return checkRPCSignature(r.Method, query, form, secret) },
	})
	if refused != nil {
		return nil, refused
	}
	if query.Get("Action") != assumeRole.name {
		return nil, refuse("InvalidAction.NotFound")
	}
	onRoot := r.URL.Path == "" || r.URL.Path == "/"
	if query.Get("Version") != assumeRole.version || r.Method != assumeRole.method || !onRoot || !assumeRole.servedBy(r.Host) {
		return nil, refuse("InvalidApi.NotFound")
	}
	return &call{operation: assumeRole, request: r, query: query, form: form}, nil
}

// checkRPCSignature signs all parameters of query and form but the signature.
func checkRPCSignature(method string, query, form url.Values, secret string) *refusal {
	all := make(url.Values, len(query)+len(form))
	for _, values := range []url.Values{query, form} {
		for name, list := range values {
			all[name] = append(all[name], list...)
		}
	}
	all.Del("Signature")
	stringToSign := method + "&%2F&" + url.QueryEscape(acs3.CanonicalQuery(all))
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(stringToSign))
	if hmac.Equal([]byte(query.Get("Signature")), []byte(base64.StdEncoding.EncodeToString(mac.Sum(nil)))) {
		return nil
	}
	refused := refuse("SignatureDoesNotMatch")
	refused.message += " server string to sign is:" + stringToSign
	return refused
}

// unsigned tells a request that comes without any signature.
func unsigned(r *http.Request) bool {
	return r.Header.Get("Authorization") == "" && r.URL.Query().Get("Action") == assumeRoleWithOIDC.name
}

// checkUnsigned lets in the one operation that is not signed, as credentials-go
// sends it: what is asked in the query, the rest in a form.
func (s *Sim) checkUnsigned(r *http.Request, body []byte) (*call, *refusal) {
	query, form := r.URL.Query(), readForm(r, body)
	for _, name := range []string{"Version", "Timestamp"} {
		if query.Get(name) == "" {
			return nil, missing(name)
		}
	}
	op, onRoot := assumeRoleWithOIDC, r.URL.Path == "" || r.URL.Path == "/"
	if query.Get("Version") != op.version || r.Method != op.method || !onRoot || !op.servedBy(r.Host) {
		return nil, refuse("InvalidApi.NotFound")
	}
	return &call{operation: op, request: r, query: query, form: form}, nil
}

// assumeRoleWithOIDC lets in every provider, and every token that was not
// declared as one that is no more.
func (s *Sim) assumeRoleWithOIDC(c *call) (answer, *refusal) {
	if c.form.Get("OIDCProviderArn") == "" {
		return answer{}, missing("OIDCProviderArn")
	}
	if c.form.Get("OIDCToken") == "" {
		return answer{}, missing("OIDCToken")
	}
	return s.assumeRole(c)
}
