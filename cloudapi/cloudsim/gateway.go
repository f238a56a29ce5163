package cloudsim

import (
	"crypto/hmac"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

const (
	maxRequest = 1 << 20 // bytes of a request's body
	// clockWindow is how far a request's date may be off, and how long a nonce is
	// remembered.
	clockWindow = 15 * time.Minute
)

// Credential is a key that the gateway knows.
type Credential struct {
	acs3.Key

	Disabled  bool
	ExpiresAt time.Time // of the security token; zero: never
}

// PutCredential adds a key beside the one of New, or replaces one.
func (s *Sim) PutCredential(c Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putCredential(c)
}

// putCredential is called under Sim.mu.
func (s *Sim) putCredential(c Credential) {
	s.credentials[c.ID] = &credential{Credential: c, seen: make(map[string]bool)}
}

// credential remembers the nonces that were used with a key, oldest first.
type credential struct {
	Credential

	seen   map[string]bool
	nonces []usedNonce
}

type usedNonce struct {
	text string
	at   time.Time
}

// call is a request that the gateway has let in.
type call struct {
	operation   *operation
	request     *http.Request
	query, form url.Values
}

// region is the RegionId of a call. WebPlus can do without: its host then
// decides.
func (c *call) region() string { return c.query.Get("RegionId") }

// operation is one row of reference/cloudapi.md, section 1.
type operation struct {
	name, version, method, path string
	product                     string                               // the first part of its host names
	run                         func(*Sim, *call) (answer, *refusal) // called under Sim.mu
}

var operations = []*operation{
	gatherAppEnvStats, describeGatherStatsResult, describeInvocationResults, describeApplicationStatus,
	getExecuteOperationResult, assumeRole, assumeRoleWithOIDC, describeAppEnvs,
}

// admit lets a request in or says why not, in the order of section 9.
func (s *Sim) admit(w http.ResponseWriter, r *http.Request) (*call, *refusal) {
	c, refused := s.check(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused != nil {
		s.calls.Refused++
		return nil, refused
	}
	s.calls.Accepted[c.operation.name]++
	return c, nil
}

func (s *Sim) check(w http.ResponseWriter, r *http.Request) (*call, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, refuse("RequestEntityTooLarge")
	}
	if signedInQuery(r) {
		return s.checkRPC(r, body)
	}
	if unsigned(r) {
		return s.checkUnsigned(r, body)
	}
	signed, refused := readAuthorization(r.Header)
	if refused != nil {
		return nil, refused
	}
	if refused := s.authenticate(acsProof(r, body, signed)); refused != nil {
		return nil, refused
	}
	op, refused := route(r)
	if refused != nil {
		return nil, refused
	}
	return &call{operation: op, request: r, query: r.URL.Query(), form: readForm(r, body)}, nil
}

// authorization is the Authorization header, taken apart.
type authorization struct {
	keyID, signature string
	headers          []string
}

func readAuthorization(h http.Header) (authorization, *refusal) {
	text := h.Get("Authorization")
	if text == "" {
		return authorization{}, refuse("MissingAccessKeyId")
	}
	for _, required := range [...]struct{ header, name string }{
		{acs3.HeaderAction, "Action"}, {acs3.HeaderVersion, "Version"}, {acs3.HeaderDate, "Date"},
		{acs3.HeaderNonce, "SignatureNonce"}, {acs3.HeaderContentSHA256, "ContentSha256"},
	} {
		if h.Get(required.header) == "" {
			refused := missing(required.name)
			refused.message = strings.ReplaceAll(refused.message, required.name, strings.ToLower(required.header))
			return authorization{}, refused
		}
	}
	algorithm, rest, found := strings.Cut(text, " ")
	if found && algorithm != acs3.Algorithm {
		return authorization{}, refuse("InvalidSignatureMethod")
	}
	return parseCredential(rest)
}

var signatureShape = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

func parseCredential(text string) (authorization, *refusal) {
	fields := make(map[string]string, 3)
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if value == "" || fields[name] != "" {
			return authorization{}, refuse("IncompleteSignature")
		}
		fields[name] = value
	}
	a := authorization{keyID: fields["Credential"], signature: fields["Signature"]}
	if len(fields) != 3 || a.keyID == "" || fields["SignedHeaders"] == "" || !signatureShape.MatchString(a.signature) {
		return authorization{}, refuse("IncompleteSignature")
	}
	a.headers = strings.Split(fields["SignedHeaders"], ";")
	return a, nil
}

// proof is what a request brings to show who sent it and when.
type proof struct {
	keyID, token, date, nonce string
	verify                    func(secret string) *refusal
}

func acsProof(r *http.Request, body []byte, signed authorization) proof {
	return proof{
		keyID: signed.keyID, token: r.Header.Get(acs3.HeaderSecurityToken),
		date: r.Header.Get(acs3.HeaderDate), nonce: r.Header.Get(acs3.HeaderNonce),
		verify: func(secret string) *refusal { return checkSignature(r, body, signed, secret) },
	}
}

// authenticate finds out whether the holder of a key has sent this request, now
// and for the first time.
func (s *Sim) authenticate(p proof) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.credentials[p.keyID]
	if c == nil {
		return refuse("InvalidAccessKeyId.NotFound")
	}
	if c.Disabled {
		return refuse("InvalidAccessKeyId.Inactive")
	}
	if refused := s.checkToken(c, p.token); refused != nil {
		return refused
	}
	if refused := p.verify(c.Secret); refused != nil {
		return refused
	}
	sent, err := time.Parse(acs3.TimeFormat, p.date)
	if err != nil {
		return refuse("InvalidTimeStamp.Format")
	}
	now := s.now()
	if now.Sub(sent).Abs() > clockWindow {
		return refuse("InvalidTimeStamp.Expired")
	}
	return c.use(p.nonce, now)
}

func (s *Sim) checkToken(c *credential, token string) *refusal {
	if token == c.SecurityToken {
		if token != "" && !c.ExpiresAt.IsZero() && !s.now().Before(c.ExpiresAt) {
			return refuse("InvalidSecurityToken.Expired")
		}
		return nil
	}
	if token == "" {
		return refuse("MissingSecurityToken")
	}
	for _, other := range s.credentials {
		if other.SecurityToken == token {
			return refuse("InvalidSecurityToken.MismatchWithAccessKey")
		}
	}
	return refuse("InvalidSecurityToken.Malformed")
}

// checkSignature signs what has arrived once more. Clients may write a space in
// the query as a plus sign, so the query is decoded and written anew.
func checkSignature(r *http.Request, body []byte, signed authorization, secret string) *refusal {
	normal := r.Clone(r.Context())
	normal.URL.RawQuery = acs3.CanonicalQuery(r.URL.Query())
	bodyHash := acs3.HexSHA256(body)
	stringToSign := acs3.StringToSign(normal, signed.headers, bodyHash)
	expected := acs3.Signature(stringToSign, secret)
	if hmac.Equal([]byte(r.Header.Get(acs3.HeaderContentSHA256)), []byte(bodyHash)) &&
		coversAll(signed.headers, acs3.MustSign(r.Header)) &&
		hmac.Equal([]byte(signed.signature), []byte(expected)) {
		return nil
	}
	refused := refuse("SignatureDoesNotMatch")
	refused.message += fmt.Sprintf(" server StringToSign is [%s] server CanonicalRequest is [%s]",
		stringToSign, acs3.CanonicalRequest(normal, signed.headers, bodyHash))
	return refused
}

// coversAll tells whether the list is sorted, names nothing twice, and holds all
// that has to be signed. It may hold more.
func coversAll(list, must []string) bool {
	for i := range list {
		if i > 0 && list[i-1] >= list[i] {
			return false
		}
	}
	for _, name := range must {
		if !slices.Contains(list, name) {
			return false
		}
	}
	return true
}

// use refuses a nonce that was used with this key in the last 15 minutes, and
// forgets older ones.
func (c *credential) use(nonce string, now time.Time) *refusal {
	for len(c.nonces) > 0 && now.Sub(c.nonces[0].at) > clockWindow {
		delete(c.seen, c.nonces[0].text)
		c.nonces = c.nonces[1:]
	}
	if c.seen[nonce] {
		return refuse("SignatureNonceUsed")
	}
	c.seen[nonce] = true
	c.nonces = append(c.nonces, usedNonce{nonce, now})
	return nil
}

// route finds the operation. The path and the method have to fit as well as the
// name and the version.
func route(r *http.Request) (*operation, *refusal) {
	action := r.Header.Get(acs3.HeaderAction)
	i := slices.IndexFunc(operations, func(op *operation) bool { return op.name == action })
	if i < 0 {
		return nil, refuse("InvalidAction.NotFound")
	}
	op := operations[i]
	path := r.URL.Path
	if path == "" {
		path = "/"
	}
	if r.Header.Get(acs3.HeaderVersion) != op.version || r.Method != op.method || path != op.path || !op.servedBy(r.Host) {
		return nil, refuse("InvalidApi.NotFound")
	}
	return op, nil
}

// servedBy keeps a mistake in the endpoint map from passing unseen: behind
// ecs-cn-hangzhou.aliyuncs.com there is no SAE.
func (op *operation) servedBy(host string) bool {
	return !strings.HasSuffix(host, ".aliyuncs.com") || strings.HasPrefix(host, op.product)
}

func readForm(r *http.Request, body []byte) url.Values {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(kind) != "application/x-www-form-urlencoded" {
		return nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return form
}
