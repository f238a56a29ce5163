package cloudapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

const (
	stsVersion  = "2015-04-01"
	sessionName = "alitriage"
	// roleSeconds is what every role allows.
	roleSeconds = 3600
)

var (
	assumeRole = operation{
		name: "AssumeRole", product: STS, version: stsVersion, method: http.MethodPost, path: "/", ok: sessionOK,
	}
	// assumeRoleWithOIDC is not signed: the OIDC token shows who asks.
	assumeRoleWithOIDC = operation{
		name: "AssumeRoleWithOIDC", product: STS, version: stsVersion, method: http.MethodPost, path: "/", ok: sessionOK,
	}
)

func sessionOK(e *envelope) bool { return e.Code == "" || e.Code == "200" }

// Role is a RAM role to assume.
type Role struct {
	ARN         string            // see ValidRoleARN
	SessionName string            // "": alitriage
	Endpoint    *url.URL          // of STS, as ParseEndpoint returns it; nil: its own
	Transport   http.RoundTripper // nil: as of the credentials that assume it
}

var roleARN = regexp.MustCompile(`^acs:ram::[0-9]{1,32}:role/[A-Za-z0-9._-]{1,64}$`)

// ValidRoleARN tells whether arn looks like acs:ram::123456789012****:role/name.
func ValidRoleARN(arn string) bool { return roleARN.MatchString(arn) }

const arnShape = "the ARN of a role is written like acs:ram::<account id>:role/<name>"

// Assume returns the credentials of a session of role, which c is used to open.
// Nothing is sent before the first Key. What STS refuses is an *Error of the
// operation AssumeRole.
func (c *Credentials) Assume(role Role) *Credentials {
	name := "role " + role.ARN
	if !ValidRoleARN(role.ARN) {
		name = "role " + quoted(role.ARN, 160)
	}
	options := c.options
	options.Transport = cmp.Or(role.Transport, options.Transport)
	client := newResolver(&options).asking(role.Endpoint)
	client.credentials = c
	assumed := newCredentials(options, source{name: name, find: func(l lookUp) (session, error) {
		if !ValidRoleARN(role.ARN) {
			return session{}, inWords(arnShape)
		}
		return client.assumeRole(l.ctx, assumption{arn: role.ARN, session: role.SessionName})
	}})
	assumed.base = c
	return assumed
}

// assumption says which role is assumed, and how.
type assumption struct {
	arn, session, policy, externalID string
	seconds                          int
}

func (a assumption) parameters() url.Values {
	parameters := url.Values{
		"RoleArn": {a.arn}, "RoleSessionName": {cmp.Or(a.session, sessionName)},
		"DurationSeconds": {strconv.Itoa(cmp.Or(a.seconds, roleSeconds))},
	}
	for name, value := range map[string]string{"Policy": a.policy, "ExternalId": a.externalID} {
		if value != "" {
			parameters.Set(name, value)
		}
	}
	return parameters
}

// assumeRole opens a session with the key of c.
func (c *Client) assumeRole(ctx context.Context, a assumption) (session, error) {
	return c.open(ctx, request{assumeRole, a.parameters(), nil}, a)
}

// assumeRoleWithOIDC opens a session with the token of an identity provider.
func (c *Client) assumeRoleWithOIDC(ctx context.Context, a assumption, provider, token string) (session, error) {
	op := assumeRoleWithOIDC
	op.unsigned = &unsigned{secrets: []string{token}}
	form := a.parameters()
	form.Set("OIDCProviderArn", provider)
	form.Set("OIDCToken", token)
	query := url.Values{
		"Action": {op.name}, "Version": {op.version}, "Format": {"JSON"}, "Timestamp": {time.Now().UTC().Format(acs3.TimeFormat)},
	}
	return c.open(ctx, request{op, query, form}, a)
}

// open believes no session longer than it was asked for.
func (c *Client) open(ctx context.Context, r request, a assumption) (session, error) {
	var wire wireSession
	source, err := c.call(ctx, r, &wire)
	if err != nil {
		return session{}, err
	}
	if !wire.isOf(a.arn) {
		e := c.fail(r, ErrBadResponse, errOtherRole)
		e.Sent, e.Status, e.RequestID = true, http.StatusOK, strings.Join(source.RequestIDs, "")
		return session{}, e
	}
	s := wire.Credentials.session()
	if longest := time.Now().Add(time.Duration(cmp.Or(a.seconds, roleSeconds)) * time.Second); s.expires.After(longest) {
		s.expires = longest
	}
	return s, nil
}

var (
	errNoSession = errors.New("it is no session of a role")
	errOtherRole = errors.New("it is a session of another role than the one that was asked for")
)

// wireSession is the answer of STS.
type wireSession struct {
	envelope

	Credentials     wireKey
	AssumedRoleUser struct{ Arn looseString }
}

var assumedARN = regexp.MustCompile(`^acs:ram::([0-9]+):(?:assumed-)?role/([^/]+)/`)

// isOf compares whose session it is, where the answer says so, with the role that was
// asked for: something between us and STS may mix up answers. Names of roles have no
// case.
func (w *wireSession) isOf(arn string) bool {
	is := assumedARN.FindStringSubmatch(string(w.AssumedRoleUser.Arn))
	return is == nil || strings.EqualFold(arn, "acs:ram::"+is[1]+":role/"+is[2])
}

func (w *wireSession) complete() error {
	if !w.Credentials.whole() {
		return errNoSession
	}
	return nil
}

// wireKey is a temporary key as all that hand them out spell it.
type wireKey struct {
	AccessKeyID, AccessKeySecret, SecurityToken, Expiration looseString
}

// whole holds that the key can be used and when that ends.
func (k wireKey) whole() bool {
	s := k.session()
	return s.key.ID != "" && s.key.Secret != "" && s.key.SecurityToken != "" && !s.expires.IsZero()
}

func (k wireKey) session() session {
	expires, _ := time.Parse(time.RFC3339, k.Expiration.trimmed())
	return session{key: trimmedKey(string(k.AccessKeyID), string(k.AccessKeySecret), string(k.SecurityToken)), expires: expires, asked: true}
}
