package cloudsim_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func isThrottled(err error) bool { return errors.Is(err, cloudapi.ErrThrottled) }

var (
	demoKey     = acs3.Key{ID: "DEMOACCESSKEYID", Secret: "demo-access-key-secret"}
	disabledKey = acs3.Key{ID: "disabled", Secret: "s"}
	stsKey      = acs3.Key{ID: "STS.one", Secret: "s1", SecurityToken: "token-one"}
	otherSTSKey = acs3.Key{ID: "STS.two", Secret: "s2", SecurityToken: "token-two"}
	expiredKey  = acs3.Key{ID: "STS.old", Secret: "s3", SecurityToken: "token-old"}
)

func guardedSim() *cloudsim.Sim {
	s := cloudsim.New(cloudsim.Options{})
	s.PutCredential(cloudsim.Credential{Key: disabledKey, Disabled: true})
	s.PutCredential(cloudsim.Credential{Key: stsKey, ExpiresAt: time.Now().Add(time.Hour)})
	s.PutCredential(cloudsim.Credential{Key: otherSTSKey})
	s.PutCredential(cloudsim.Credential{Key: expiredKey, ExpiresAt: time.Now().Add(-time.Second)})
	return s
}

// resign signs r once more, over the headers it is told to and whatever they
// hold by now.
func resign(r *http.Request, secret string, headers ...string) {
	hash := r.Header.Get(acs3.HeaderContentSHA256)
	r.Header.Set("Authorization", acs3.Algorithm+" Credential="+demoKey.ID+
		",SignedHeaders="+strings.Join(headers, ";")+
		",Signature="+acs3.Signature(acs3.StringToSign(r, headers, hash), secret))
}

func withKey(key acs3.Key) func(testing.TB) *http.Request {
	return func(t testing.TB) *http.Request { return askInvocation.request(t, key) }
}

func signedThen(q question, alter func(*http.Request)) func(testing.TB) *http.Request {
	return func(t testing.TB) *http.Request {
		r := q.request(t, demoKey)
		alter(r)
		return r
	}
}

func without(header string) func(testing.TB) *http.Request {
	return signedThen(askInvocation, func(r *http.Request) { r.Header.Del(header) })
}

func authorized(text string) func(testing.TB) *http.Request {
	return signedThen(askInvocation, func(r *http.Request) { r.Header.Set("Authorization", text) })
}

func dated(off time.Duration) func(testing.TB) *http.Request {
	return func(t testing.TB) *http.Request {
		return askInvocation.signed(t, demoKey, time.Now().Add(off), acs3.Nonce())
	}
}

func asked(alter func(*question)) func(testing.TB) *http.Request {
	return func(t testing.TB) *http.Request {
		q := askInvocation
		alter(&q)
		return q.request(t, demoKey)
	}
}

// The table of reference/cloudapi.md, section 9, row by row.
func TestTheGatewayLetsIn(t *testing.T) {
	for name, request := range map[string]func(testing.TB) *http.Request{
		"a request without a body":               asked(func(*question) {}),
		"a request with a form":                  func(t testing.TB) *http.Request { return askOperation.request(t, demoKey) },
		"a temporary key with its token":         withKey(stsKey),
		"a date almost 15 minutes in the past":   dated(-15*time.Minute + 5*time.Second),
		"a date almost 15 minutes in the future": dated(15*time.Minute - 5*time.Second),
		"a list of signed headers with more than needed": signedThen(askInvocation, func(r *http.Request) {
			resign(r, demoKey.Secret, append([]string{"accept"}, acs3.MustSign(r.Header)...)...)
		}),
		"a parameter with reserved characters": func(t testing.TB) *http.Request {
			return askInvocation.with("InvokeId", "a b+c/*~é&=").request(t, demoKey)
		},
		"a header that need not be signed": signedThen(askInvocation, func(r *http.Request) { r.Header.Set("User-Agent", "somebody") }),
		"spaces after the commas of Authorization": signedThen(askInvocation, func(r *http.Request) {
			r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), ",", ", "))
		}),
		"a host that is not Alibaba's": asked(func(q *question) { q.host = "127.0.0.1:8080" }),
		"an empty path":                asked(func(q *question) { q.path = "" }),
		"what the vendor's generic client sends": signedThen(askInvocation.with("InvokeId", "two words"), func(r *http.Request) {
			r.Header.Set("X-Acs-Credentials-Provider", "static_ak")
			resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "%20", "+")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, guardedSim(), request(t))
			require.Equal(t, http.StatusOK, got.status, got.body)
		})
	}
}

func TestTheGatewayRefuses(t *testing.T) {
	sixtyFour := strings.Repeat("0", 64)
	for name, tc := range map[string]struct {
		request func(testing.TB) *http.Request
		status  int
		code    string
		message string
	}{
		"no Authorization":           {without("Authorization"), 400, "MissingAccessKeyId", ""},
		"no action":                  {without(acs3.HeaderAction), 400, "MissingAction", `The input parameter "x-acs-action" that is mandatory for processing this request is not supplied.`},
		"no version":                 {without(acs3.HeaderVersion), 400, "MissingVersion", ""},
		"no date":                    {without(acs3.HeaderDate), 400, "MissingDate", ""},
		"no nonce":                   {without(acs3.HeaderNonce), 400, "MissingSignatureNonce", ""},
		"no hash of the body":        {without(acs3.HeaderContentSHA256), 400, "MissingContentSha256", ""},
		"one word as Authorization":  {authorized("nonsense"), 400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."},
		"no signature in it":         {authorized("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host"), 400, "IncompleteSignature", ""},
		"no key in it":               {authorized("ACS3-HMAC-SHA256 SignedHeaders=host,Signature=" + sixtyFour), 400, "IncompleteSignature", ""},
		"a field twice":              {authorized("ACS3-HMAC-SHA256 Credential=a,Credential=b,Signature=" + sixtyFour), 400, "IncompleteSignature", ""},
		"a field too many":           {authorized("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,X=y,Signature=" + sixtyFour), 400, "IncompleteSignature", ""},
		"a short signature":          {authorized("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=00"), 400, "IncompleteSignature", ""},
		"another algorithm":          {authorized("ACS3-RSA-SHA256 Credential=a,SignedHeaders=host,Signature=" + sixtyFour), 400, "InvalidSignatureMethod", ""},
		"an unknown key":             {withKey(acs3.Key{ID: "nobody", Secret: "s"}), 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."},
		"a disabled key":             {withKey(disabledKey), 400, "InvalidAccessKeyId.Inactive", ""},
		"a wrong secret":             {withKey(acs3.Key{ID: demoKey.ID, Secret: "wrong"}), 400, "SignatureDoesNotMatch", ""},
		"a temporary key alone":      {withKey(acs3.Key{ID: stsKey.ID, Secret: stsKey.Secret}), 400, "MissingSecurityToken", ""},
		"an expired token":           {withKey(expiredKey), 400, "InvalidSecurityToken.Expired", ""},
		"a token nobody has given":   {withKey(acs3.Key{ID: stsKey.ID, Secret: stsKey.Secret, SecurityToken: "?"}), 400, "InvalidSecurityToken.Malformed", ""},
		"another key's token":        {withKey(acs3.Key{ID: stsKey.ID, Secret: stsKey.Secret, SecurityToken: otherSTSKey.SecurityToken}), 400, "InvalidSecurityToken.MismatchWithAccessKey", ""},
		"a token with a lasting key": {withKey(acs3.Key{ID: demoKey.ID, Secret: demoKey.Secret, SecurityToken: stsKey.SecurityToken}), 400, "InvalidSecurityToken.MismatchWithAccessKey", ""},
		"a date 15 minutes ago":      {dated(-15*time.Minute - 5*time.Second), 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."},
		"a date in 15 minutes":       {dated(15*time.Minute + 5*time.Second), 400, "InvalidTimeStamp.Expired", ""},
		"an unknown action":          {asked(func(q *question) { q.action = "RunCommand" }), 404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."},
		"an unknown version":         {asked(func(q *question) { q.version = "2014-05-27" }), 404, "InvalidApi.NotFound", ""},
		"BPStudio's version mended": {func(t testing.TB) *http.Request {
			q := askOperation
			q.version = "2021-09-30"
			return q.request(t, demoKey)
		}, 404, "InvalidApi.NotFound", ""},
		"another method":         {asked(func(q *question) { q.method = "GET" }), 404, "InvalidApi.NotFound", ""},
		"another path":           {asked(func(q *question) { q.path = "/v1" }), 404, "InvalidApi.NotFound", ""},
		"another product's host": {asked(func(q *question) { q.host = "sae.cn-hangzhou.aliyuncs.com" }), 404, "InvalidApi.NotFound", ""},
		"a body that is too long": {func(t testing.TB) *http.Request {
			return startGather.withForm("EnvId", strings.Repeat("x", 1<<20)).request(t, demoKey)
		}, 413, "RequestEntityTooLarge", ""},
		"a query that was changed":    {signedThen(askInvocation, func(r *http.Request) { r.URL.RawQuery += "&InstanceId=i-1" }), 400, "SignatureDoesNotMatch", ""},
		"a path that was changed":     {signedThen(askInvocation, func(r *http.Request) { r.URL.Path = "/x" }), 400, "SignatureDoesNotMatch", ""},
		"a method that was changed":   {signedThen(askInvocation, func(r *http.Request) { r.Method = "PUT" }), 400, "SignatureDoesNotMatch", ""},
		"a host that was changed":     {signedThen(askInvocation, func(r *http.Request) { r.Host = "ecs.cn-beijing.aliyuncs.com" }), 400, "SignatureDoesNotMatch", ""},
		"a header that was changed":   {signedThen(askInvocation, func(r *http.Request) { r.Header.Set(acs3.HeaderNonce, "other") }), 400, "SignatureDoesNotMatch", ""},
		"an x-acs header unsigned":    {signedThen(askInvocation, func(r *http.Request) { r.Header.Set("X-Acs-Extra", "x") }), 400, "SignatureDoesNotMatch", ""},
		"a content type unsigned":     {signedThen(askInvocation, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 400, "SignatureDoesNotMatch", ""},
		"the host unsigned":           {signedThen(askInvocation, func(r *http.Request) { resign(r, demoKey.Secret, acs3.MustSign(r.Header)[1:]...) }), 400, "SignatureDoesNotMatch", ""},
		"signed headers out of order": {signedThen(askInvocation, func(r *http.Request) { resign(r, demoKey.Secret, append(acs3.MustSign(r.Header)[1:], "host")...) }), 400, "SignatureDoesNotMatch", ""},
		"a signed header twice": {signedThen(askInvocation, func(r *http.Request) {
			resign(r, demoKey.Secret, append([]string{"host"}, acs3.MustSign(r.Header)...)...)
		}), 400, "SignatureDoesNotMatch", ""},
		"a hash of another body": {signedThen(askInvocation, func(r *http.Request) {
			r.Header.Set(acs3.HeaderContentSHA256, acs3.HexSHA256([]byte("other")))
			resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
		}), 400, "SignatureDoesNotMatch", ""},
		"a date of another form": {signedThen(askInvocation, func(r *http.Request) {
			r.Header.Set(acs3.HeaderDate, time.Now().UTC().Format(http.TimeFormat))
			resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
		}), 400, "InvalidTimeStamp.Format", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := guardedSim()
			got := send(t, s, tc.request(t))
			require.Equal(t, tc.code, got.code(), got.body)
			require.Equal(t, tc.status, got.status)
			require.NotEmpty(t, got.json["Message"])
			if tc.message != "" {
				require.Equal(t, tc.message, got.json["Message"])
			}
			require.Empty(t, s.Calls().Accepted)
			require.Equal(t, 1, s.Calls().Refused)
		})
	}
}

func TestTheFirstFaultInTheGatewaysOrderIsNamed(t *testing.T) {
	s := guardedSim()
	q := askInvocation
	q.action = "RunCommand"
	yesterday := time.Now().Add(-24 * time.Hour)
	wrong := acs3.Key{ID: demoKey.ID, Secret: "wrong"}
	require.Equal(t, "SignatureDoesNotMatch", send(t, s, q.signed(t, wrong, yesterday, "n")).code())
	require.Equal(t, "InvalidTimeStamp.Expired", send(t, s, q.signed(t, demoKey, yesterday, "n")).code())
	require.Equal(t, "InvalidAction.NotFound", send(t, s, q.signed(t, demoKey, time.Now(), "n")).code())
	require.Equal(t, "SignatureNonceUsed", send(t, s, q.signed(t, demoKey, time.Now(), "n")).code())
}

func TestSignatureDoesNotMatchQuotesWhatTheServerSigned(t *testing.T) {
	s := guardedSim()
	r := askInvocation.request(t, acs3.Key{ID: demoKey.ID, Secret: "wrong"})
	signed := acs3.MustSign(r.Header)
	hash := acs3.HexSHA256(nil)
	require.Equal(t, "Specified signature does not match our calculation."+
		" server StringToSign is ["+acs3.StringToSign(r, signed, hash)+"]"+
		" server CanonicalRequest is ["+string(acs3.CanonicalRequest(r, signed, hash))+"]",
		send(t, s, r).json["Message"])
}

func TestTheClientReadsTheGatewaysRefusals(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	for name, tc := range map[string]struct {
		id, secret  string
		kind        error
		secretWrong bool
	}{
		"the secret is wrong":    {demoKey.ID, "wrong", cloudapi.ErrUnauthenticated, true},
		"the key does not exist": {"nobody", "wrong", cloudapi.ErrUnauthenticated, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := cloudapi.New(cloudapi.Config{
				Region: cloudsim.Region, Credentials: cloudapi.StaticCredentials(tc.id, tc.secret, ""), Transport: s.Transport(),
			})
			require.NoError(t, err)
			_, err = c.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
			var failure *cloudapi.Error
			require.ErrorAs(t, err, &failure)
			require.ErrorIs(t, err, tc.kind)
			require.Equal(t, tc.secretWrong, failure.SecretWrong)
		})
	}
}

func TestANonceIsGoodOnceIn15Minutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guardedSim()
		with := func(key acs3.Key) any {
			return send(t, s, askInvocation.signed(t, key, time.Now(), "the-same")).code()
		}
		require.Nil(t, with(demoKey))
		require.Equal(t, "SignatureNonceUsed", with(demoKey))
		require.Nil(t, with(stsKey), "nonces are remembered for each key")
		time.Sleep(15 * time.Minute)
		require.Equal(t, "SignatureNonceUsed", with(demoKey))
		time.Sleep(time.Second)
		require.Nil(t, with(demoKey), "older ones are forgotten")
		require.Equal(t, "SignatureNonceUsed", with(demoKey))
	})
}

func TestARefusedRequestUsesNoNonceUp(t *testing.T) {
	s := guardedSim()
	wrong := acs3.Key{ID: demoKey.ID, Secret: "wrong"}
	require.Equal(t, "SignatureDoesNotMatch", send(t, s, askInvocation.signed(t, wrong, time.Now(), "n")).code())
	require.Equal(t, 200, send(t, s, askInvocation.signed(t, demoKey, time.Now(), "n")).status)
}

func TestATokenExpiresWithTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guardedSim()
		require.Equal(t, 200, send(t, s, withKey(stsKey)(t)).status)
		time.Sleep(time.Hour)
		require.Equal(t, "InvalidSecurityToken.Expired", send(t, s, withKey(stsKey)(t)).code())
	})
}

func TestAParameterInTheWrongPlaceIsNotSeen(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	query := func(q question, name, value string) question { q.form = nil; return q.with(name, value) }
	form := func(q question, name, value string) question { return q.with(name, "").withForm(name, value) }
	for name, tc := range map[string]struct {
		q    question
		code string
	}{
		"EnvId in the query":       {query(startGather, "EnvId", cloudsim.CheckoutEnv), "MissingEnvId"},
		"OperationId in the query": {query(askOperation, "OperationId", cloudsim.Resize), "MissingOperationId"},
		"AppId in a form":          {form(askApp, "AppId", cloudsim.WebApp), "InvalidParameter.NotEmpty"},
		"ChangeId in a form":       {form(readGather, "ChangeId", "wc-1"), "MissingChangeId"},
		"RegionId in a form":       {form(askInvocation, "RegionId", cloudsim.Region), "MissingRegionId"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.code, ask(t, s, tc.q).code())
		})
	}
	t.Run("a form that does not say it is one", func(t *testing.T) {
		r := startGather.request(t, demoKey)
		r.Header.Set("Content-Type", "application/json")
		resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
		require.Equal(t, "MissingEnvId", send(t, s, r).code())
	})
	t.Run("a form that cannot be read", func(t *testing.T) {
		r := startGather.request(t, demoKey)
		body := []byte("EnvId=%zz")
		r.Body = readCloser{bytes.NewReader(body)}
		r.Header.Set(acs3.HeaderContentSHA256, acs3.HexSHA256(body))
		resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
		require.Equal(t, "MissingEnvId", send(t, s, r).code())
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
