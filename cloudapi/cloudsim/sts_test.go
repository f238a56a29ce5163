package cloudsim_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// rpc is an AssumeRole as the vendor's credentials library sends it.
type rpc struct {
	key         acs3.Key
	query, form url.Values
	method      string
	path, host  string
	resigned    func(url.Values) // after signing
}

func newRPC(key acs3.Key) *rpc {
	r := &rpc{
		key: key, method: http.MethodPost, path: "/", host: "sts.aliyuncs.com",
		query: url.Values{
			"Version": {"2015-04-01"}, "Action": {"AssumeRole"}, "Format": {"JSON"},
			"Timestamp":       {time.Now().UTC().Format(acs3.TimeFormat)},
			"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {acs3.Nonce()},
			"AccessKeyId": {key.ID},
		},
		form: url.Values{
			"RoleArn": {"acs:ram::1234567890123456:role/triage-ro"}, "RoleSessionName": {"alice@example.com"}, "DurationSeconds": {"900"},
		},
	}
	if key.SecurityToken != "" {
		r.query.Set("SecurityToken", key.SecurityToken)
	}
	return r
}

func (q *rpc) request(t testing.TB) *http.Request {
	t.Helper()
	all := url.Values{}
	for _, values := range []url.Values{q.query, q.form} {
		for name := range values {
			all.Set(name, values.Get(name))
		}
	}
	mac := hmac.New(sha1.New, []byte(q.key.Secret+"&"))
	fmt.Fprint(mac, q.method+"&%2F&"+url.QueryEscape(acs3.CanonicalQuery(all)))
	q.query.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	if q.resigned != nil {
		q.resigned(q.query)
	}
	r, err := http.NewRequestWithContext(t.Context(), q.method, "https://"+q.host+q.path+"?"+q.query.Encode(), strings.NewReader(q.form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestAssumeRoleOpensASession(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	got := send(t, s, newRPC(s.Key()).request(t))
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Equal(t, "acs:ram::1234567890123456:role/triage-ro/alice@example.com", got.at("AssumedRoleUser", "Arn"))
	text := func(name string) string { return fmt.Sprint(got.at("Credentials", name)) }
	key := acs3.Key{ID: text("AccessKeyId"), Secret: text("AccessKeySecret"), SecurityToken: text("SecurityToken")}
	require.Regexp(t, `^STS\.`, key.ID)
	ends, err := time.Parse(time.RFC3339, text("Expiration"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(900*time.Second), ends, 5*time.Second)

	require.Equal(t, http.StatusOK, send(t, s, askInvocation.request(t, key)).status, "its key is let in")
	require.Equal(t, http.StatusOK, send(t, s, newRPC(key).request(t)).status, "and assumes further roles")
	require.Equal(t, 2, s.Calls().Accepted["AssumeRole"])
	require.Equal(t, 2, s.Calls().Performed["AssumeRole"])
	key.SecurityToken = ""
	require.Equal(t, "MissingSecurityToken", send(t, s, askInvocation.request(t, key)).at("Code"))
}

func TestASessionEndsByTheClockOfTheSimulator(t *testing.T) {
	now := time.Now()
	s := cloudsim.New(cloudsim.Options{Now: func() time.Time { return now }})
	got := send(t, s, newRPC(s.Key()).request(t))
	key := acs3.Key{
		ID: fmt.Sprint(got.at("Credentials", "AccessKeyId")), Secret: fmt.Sprint(got.at("Credentials", "AccessKeySecret")),
		SecurityToken: fmt.Sprint(got.at("Credentials", "SecurityToken")),
	}
	now = now.Add(900 * time.Second)
	require.Equal(t, "InvalidSecurityToken.Expired", send(t, s, askInvocation.request(t, key)).at("Code"))
}

func TestOnlySoManySessionsAreKept(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	first := send(t, s, newRPC(s.Key()).request(t))
	for range 256 {
		require.Equal(t, http.StatusOK, send(t, s, newRPC(s.Key()).request(t)).status)
	}
	key := acs3.Key{ID: fmt.Sprint(first.at("Credentials", "AccessKeyId")), Secret: "s"}
	require.Equal(t, "InvalidAccessKeyId.NotFound", send(t, s, askInvocation.request(t, key)).at("Code"))
}

func TestAssumeRoleRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		alter  func(*rpc)
		status int
		code   string
	}{
		"no key":                {func(q *rpc) { q.query.Del("AccessKeyId") }, 400, "MissingAccessKeyId"},
		"no nonce":              {func(q *rpc) { q.query.Del("SignatureNonce") }, 400, "MissingSignatureNonce"},
		"no time":               {func(q *rpc) { q.query.Del("Timestamp") }, 400, "MissingTimestamp"},
		"another method":        {func(q *rpc) { q.query.Set("SignatureMethod", "HMAC-SHA256") }, 400, "InvalidSignatureMethod"},
		"another version of it": {func(q *rpc) { q.query.Set("SignatureVersion", "2.0") }, 400, "IncompleteSignature"},
		"an unknown key":        {func(q *rpc) { q.query.Set("AccessKeyId", "nobody") }, 404, "InvalidAccessKeyId.NotFound"},
		"a disabled key":        {func(q *rpc) { q.query.Set("AccessKeyId", disabledKey.ID) }, 400, "InvalidAccessKeyId.Inactive"},
		"a wrong secret":        {func(q *rpc) { q.key.Secret = "wrong" }, 400, "SignatureDoesNotMatch"},
		"an altered query":      {func(q *rpc) { q.resigned = func(v url.Values) { v.Set("Format", "XML") } }, 400, "SignatureDoesNotMatch"},
		"one more parameter":    {func(q *rpc) { q.resigned = func(v url.Values) { v.Set("Policy", "{}") } }, 400, "SignatureDoesNotMatch"},
		"a signature cut short": {func(q *rpc) { q.resigned = func(v url.Values) { v.Set("Signature", v.Get("Signature")[:27]) } }, 400, "SignatureDoesNotMatch"},
		"a token too many":      {func(q *rpc) { q.query.Set("SecurityToken", stsKey.SecurityToken) }, 400, "InvalidSecurityToken.MismatchWithAccessKey"},
		"an old time":           {func(q *rpc) { q.query.Set("Timestamp", "2020-01-01T00:00:00Z") }, 400, "InvalidTimeStamp.Expired"},
		"no time at all":        {func(q *rpc) { q.query.Set("Timestamp", "now") }, 400, "InvalidTimeStamp.Format"},
		"another action":        {func(q *rpc) { q.query.Set("Action", "GetCallerIdentity") }, 404, "InvalidAction.NotFound"},
		"another version":       {func(q *rpc) { q.query.Set("Version", "2015-04-02") }, 404, "InvalidApi.NotFound"},
		"a GET":                 {func(q *rpc) { q.method, q.form = http.MethodGet, nil }, 404, "InvalidApi.NotFound"},
		"another path":          {func(q *rpc) { q.path = "/x" }, 404, "InvalidApi.NotFound"},
		"another product":       {func(q *rpc) { q.host = "ecs.aliyuncs.com" }, 404, "InvalidApi.NotFound"},
		"no role":               {func(q *rpc) { q.form.Del("RoleArn") }, 400, "InvalidParameter"},
		"a user for a role":     {func(q *rpc) { q.form.Set("RoleArn", "acs:ram::1:user/a") }, 400, "InvalidParameter"},
		"a session of one sign": {func(q *rpc) { q.form.Set("RoleSessionName", "a") }, 400, "InvalidParameter"},
		"a short session":       {func(q *rpc) { q.form.Set("DurationSeconds", "899") }, 400, "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			q := newRPC(demoKey)
			row.alter(q)
			got := send(t, guardedSim(), q.request(t))
			require.Equal(t, row.code, got.at("Code"), got.body)
			require.Equal(t, row.status, got.status)
			require.NotEmpty(t, got.at("RequestId"))
		})
	}
	t.Run("a nonce twice", func(t *testing.T) {
		s, q := cloudsim.New(cloudsim.Options{}), newRPC(demoKey)
		require.Equal(t, http.StatusOK, send(t, s, q.request(t)).status)
		q.query.Del("Signature")
		require.Equal(t, "SignatureNonceUsed", send(t, s, q.request(t)).at("Code"))
	})
}

func TestFaultsOfAssumeRole(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	base, _ := overTCP(t, s)
	body := `{"operation":"AssumeRole","times":1,"code":"EntityNotExist.Role"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/_sim/faults", strings.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	got := send(t, s, newRPC(s.Key()).request(t))
	require.Equal(t, http.StatusNotFound, got.status)
	require.Equal(t, "EntityNotExist.Role", got.at("Code"))
	require.Equal(t, http.StatusOK, send(t, s, newRPC(s.Key()).request(t)).status)
	http.DefaultClient.CloseIdleConnections()
}
