package cloudapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

const testRole = "acs:ram::1234567890123456:role/triage-ro"

// sts is a simulator on a socket, where the library that assumes roles finds it.
type sts struct {
	*cloudsim.Sim

	server *httptest.Server
	forms  chan url.Values
}

func newSTS(t testing.TB, start func(http.Handler) *httptest.Server) *sts {
	t.Helper()
	s := &sts{Sim: cloudsim.New(cloudsim.Options{}), forms: make(chan url.Values, 4096)}
	s.server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		maps.Copy(form, r.URL.Query())
		s.forms <- form
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.server.CloseClientConnections() // the library leaves them open
		s.server.Close()
	})
	return s
}

func plainSTS(t testing.TB) *sts { return newSTS(t, httptest.NewServer) }

func (s *sts) role(t testing.TB) cloudapi.Role {
	t.Helper()
	endpoint, err := cloudapi.ParseEndpoint(s.server.URL)
	require.NoError(t, err)
	return cloudapi.Role{ARN: testRole, Endpoint: endpoint}
}

func (s *sts) base() *cloudapi.Credentials {
	return cloudapi.StaticCredentials(s.Key().ID, s.Key().Secret, "")
}

// client reads the simulator without sockets.
func (s *sts) client(t testing.TB, c *cloudapi.Credentials) *cloudapi.Client {
	t.Helper()
	client, err := cloudapi.New(cloudapi.Config{Region: "cn-hangzhou", Credentials: c, Transport: s.Transport()})
	require.NoError(t, err)
	return client
}

func (s *sts) assumed() int { return s.Calls().Accepted["AssumeRole"] }

func web(t testing.TB, c *cloudapi.Client) error {
	t.Helper()
	_, err := c.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
	return err
}

func TestARoleIsAssumedAndItsKeySigns(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"over http on loopback": httptest.NewServer,
		"over https":            httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			bareMachine(t)
			t.Setenv("ALIBABA_CLOUD_ROLE_SESSION_NAME", "of-the-environment")
			s := newSTS(t, start)
			role := s.role(t)
			role.Transport = s.server.Client().Transport
			credentials := s.base().Assume(role)
			require.Zero(t, s.assumed(), "nothing is sent before the first call")
			client := s.client(t, credentials)
			for range 3 {
				require.NoError(t, web(t, client))
			}
			require.Equal(t, 1, s.assumed())
			require.Equal(t, url.Values{"RoleArn": {testRole}, "RoleSessionName": {"alitriage"}, "DurationSeconds": {"3600"}}, <-s.forms)
			key, err := credentials.Key(t.Context())
			require.NoError(t, err)
			require.Regexp(t, `^STS\.`, key.ID)
			require.NotEmpty(t, key.SecurityToken)

			role.SessionName = "alice@example.com"
			require.NoError(t, web(t, s.client(t, credentials.Assume(role)))) // a role by a role: its token is signed, too
			require.Equal(t, 2, s.assumed())
			require.Equal(t, "alice@example.com", (<-s.forms).Get("RoleSessionName"))
		})
	}
}

// A proxy that mixes up answers hands out somebody else's key.
func TestASessionIsOfTheRoleThatWasAskedFor(t *testing.T) {
	for name, row := range map[string]struct {
		user  string
		other bool
	}{
		"as STS writes it":           {user: `{"Arn":"acs:ram::1234567890123456:role/triage-ro/alitriage","AssumedRoleId":"3:alitriage"}`},
		"as GetCallerIdentity does":  {user: `{"Arn":"acs:ram::1234567890123456:assumed-role/triage-ro/alitriage"}`},
		"a name in another case":     {user: `{"Arn":"acs:ram::1234567890123456:role/Triage-RO/alitriage"}`},
		"not said":                   {user: `{}`},
		"nothing":                    {user: `null`},
		"masked":                     {user: `{"Arn":"acs:ram::123456789012****:role/triage-ro/alitriage"}`},
		"of another account":         {user: `{"Arn":"acs:ram::999:role/triage-ro/alitriage"}`, other: true},
		"another role":               {user: `{"Arn":"acs:ram::1234567890123456:role/admin/alitriage"}`, other: true},
		"another role's longer name": {user: `{"Arn":"acs:ram::1234567890123456:assumed-role/triage-ro-2/alitriage"}`, other: true},
	} {
		t.Run(name, func(t *testing.T) {
			answer := `{"RequestId":"R-1","AssumedRoleUser":` + row.user + `,"Credentials":{"AccessKeyId":"STS.i","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2099-01-01T00:00:00Z"}}`
			role := cloudapi.Role{ARN: testRole, Transport: answerWith(http.StatusOK, answer)}
			_, err := cloudapi.StaticCredentials("i", "s", "").Assume(role).Key(t.Context())
			if !row.other {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, cloudapi.ErrBadResponse)
			require.ErrorContains(t, err, "another role than the one that was asked for (HTTP 200, RequestId \"R-1\")")
			require.True(t, failure(t, err).Sent)
		})
	}
}

func TestWhatSTSRefusesIsSaidAsItIs(t *testing.T) {
	denied := &cloudsim.AccessDenied{
		AuthAction: "sts:AssumeRole", AuthPrincipalType: "SubUser", AuthPrincipalDisplayName: "204412345678901234",
		AuthPrincipalOwnerId: "1234567890123456", NoPermissionType: "ImplicitDeny", PolicyType: "AssumeRolePolicy",
	}
	for name, row := range map[string]struct {
		fault   cloudsim.Fault
		kind    error
		mayPass bool
	}{
		"the trust policy":        {cloudsim.Fault{Code: "NoPermission", Denied: denied}, cloudapi.ErrForbidden, false},
		"no detail":               {cloudsim.Fault{Code: "NoPermission"}, cloudapi.ErrForbidden, false},
		"no such role":            {cloudsim.Fault{Code: "EntityNotExist.Role"}, cloudapi.ErrNotFound, false},
		"a disabled key":          {cloudsim.Fault{Code: "InvalidAccessKeyId.Inactive"}, cloudapi.ErrUnauthenticated, false},
		"throttled":               {cloudsim.Fault{Code: "Throttling.User"}, cloudapi.ErrThrottled, true},
		"a fault of its own":      {cloudsim.Fault{Code: "InternalError"}, cloudapi.ErrUnavailable, true},
		"something new":           {cloudsim.Fault{Code: "Moon.Phase", Status: 400}, cloudapi.ErrInvalid, false},
		"a page of a balancer":    {cloudsim.Fault{Kind: cloudsim.HTML}, cloudapi.ErrUnavailable, true},
		"cut off":                 {cloudsim.Fault{Kind: cloudsim.CutBody}, cloudapi.ErrUnavailable, true},
		"reset":                   {cloudsim.Fault{Kind: cloudsim.Reset}, cloudapi.ErrUnavailable, true},
		"the clock is not ours":   {cloudsim.Fault{Code: "InvalidTimeStamp.Expired"}, cloudapi.ErrUnauthenticated, false},
		"a token that is no more": {cloudsim.Fault{Code: "InvalidSecurityToken.Expired"}, cloudapi.ErrUnauthenticated, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := plainSTS(t)
			row.fault.Operation = "AssumeRole"
			s.Inject(row.fault)
			client := s.client(t, s.base().Assume(s.role(t)))
			err := web(t, client)
			e := failure(t, err)
			require.ErrorIs(t, err, row.kind)
			require.NotErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.Equal(t, "AssumeRole", e.Op)
			require.Equal(t, cloudapi.STS, e.Product)
			require.Equal(t, row.fault.Code, e.Code)
			require.Equal(t, row.mayPass, e.MayPass())
			require.True(t, e.Sent)
			require.False(t, e.MayHaveStarted)
			if row.fault.Code != "" {
				require.NotEmpty(t, e.RequestID)
				require.ErrorContains(t, err, "RequestId")
			}
			if row.fault.Denied != nil {
				require.Equal(t, &cloudapi.Denial{
					Action: "sts:AssumeRole", Principal: "204412345678901234", PrincipalType: "SubUser", OwnerID: "1234567890123456",
					Implicit: true, PolicyType: "AssumeRolePolicy",
				}, e.Denied)
			}
			for _, hidden := range []string{s.Key().ID, s.Key().Secret, "Signature=", "SignatureNonce"} {
				requireHidden(t, hidden, err)
			}
			asked := s.assumed()
			_, again := operations[start](t.Context(), client)
			require.Equal(t, asked, s.assumed(), "a refusal is remembered")
			require.NotSame(t, e, failure(t, again), "each call has an error of its own")
			require.Zero(t, s.Calls().Accepted[start])
		})
	}
}

// The old signature's refusal quotes all that was signed.
func TestARefusedSignatureShowsNoToken(t *testing.T) {
	s := plainSTS(t)
	s.PutCredential(cloudsim.Credential{Key: acs3.Key{ID: "STS.base", Secret: "right", SecurityToken: "tok/en+of=the base"}})
	err := web(t, s.client(t, cloudapi.StaticCredentials("STS.base", "wrong", "tok/en+of=the base").Assume(s.role(t))))
	require.ErrorIs(t, err, cloudapi.ErrUnauthenticated)
	e := failure(t, err)
	require.Equal(t, "SignatureDoesNotMatch", e.Code)
	require.Equal(t, "Specified signature does not match our calculation.", e.Message)

	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "Odd", Status: 400, Message: "you said tok/en+of=the base, tok%2Fen%2Bof%3Dthe+base"})
	err = web(t, s.client(t, cloudapi.StaticCredentials("STS.base", "right", "tok/en+of=the base").Assume(s.role(t))))
	require.Equal(t, "you said …, …", failure(t, err).Message)
}

func TestTheErrorsOfTheFirstKeyComeThrough(t *testing.T) {
	bareMachine(t)
	s := plainSTS(t)
	base := cloudapi.ChainCredentials(cloudapi.CredentialOptions{})
	_, want := base.Key(t.Context())
	err := web(t, s.client(t, base.Assume(s.role(t))))
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.ErrorIs(t, err, want)
	require.Zero(t, s.assumed())

	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "NoPermission"})
	err = web(t, s.client(t, s.base().Assume(s.role(t)).Assume(s.role(t))))
	require.Equal(t, "NoPermission", failure(t, err).Code, "also through another role")
}

func TestAnExpiredFirstKeyIsLookedUpAgain(t *testing.T) {
	home := bareMachine(t)
	s := plainSTS(t)
	config := func(token string) {
		writeFile(t, home+"/.aliyun/config.json", `{"current":"d","profiles":[{"name":"d","mode":"StsToken",`+
			`"access_key_id":"STS.base","access_key_secret":"s","sts_token":"`+token+`"}]}`)
	}
	s.PutCredential(cloudsim.Credential{Key: acs3.Key{ID: "STS.base", Secret: "s", SecurityToken: "new"}})
	s.PutCredential(cloudsim.Credential{Key: acs3.Key{ID: "STS.was", Secret: "s", SecurityToken: "old"}})
	config("old")
	base := cloudapi.ChainCredentials(cloudapi.CredentialOptions{})
	_, err := base.Key(t.Context())
	require.NoError(t, err)
	config("new")
	require.NoError(t, web(t, s.client(t, base.Assume(s.role(t)))))
	require.Equal(t, 1, s.Calls().Refused)
}

func TestASessionThatEndsIsOpenedAnew(t *testing.T) {
	s := plainSTS(t)
	credentials := s.base().Assume(s.role(t))
	client := s.client(t, credentials)
	require.NoError(t, web(t, client))

	key, err := credentials.Key(t.Context())
	require.NoError(t, err)
	s.PutCredential(cloudsim.Credential{Key: key, ExpiresAt: time.Now().Add(-time.Second)})
	require.NoError(t, web(t, client), "the gateway refuses it once")
	require.Equal(t, 2, s.assumed())

	renewed, err := credentials.Key(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, key, renewed)
}

func session(id string, left time.Duration) cloudsim.Fault {
	body, _ := json.Marshal(map[string]any{"RequestId": "R-1", "Credentials": map[string]string{
		"AccessKeyId": id, "AccessKeySecret": "s", "SecurityToken": "t", "Expiration": time.Now().Add(left).UTC().Format(acs3.TimeFormat),
	}})
	return cloudsim.Fault{Operation: "AssumeRole", Kind: cloudsim.Answer, Body: body, Times: 1}
}

func TestASessionIsRenewedBeforeItEnds(t *testing.T) {
	s := plainSTS(t)
	credentials := s.base().Assume(s.role(t))
	id := func() string {
		key, err := credentials.Key(t.Context())
		require.NoError(t, err)
		return key.ID
	}
	s.Inject(session("STS.first", time.Hour))
	require.Equal(t, "STS.first", id())
	s.Inject(session("STS.second", time.Hour))
	require.Equal(t, "STS.first", id(), "it is cached")
	cloudapi.Age(credentials, time.Hour-20*time.Second)
	require.Equal(t, "STS.second", id())

	cloudapi.Age(credentials, time.Hour-20*time.Second)
	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "ServiceUnavailable"})
	require.Equal(t, "STS.second", id(), "a session bridges a fault of STS")
	cloudapi.Age(credentials, 20*time.Second)
	_, err := credentials.Key(t.Context())
	require.Equal(t, "ServiceUnavailable", failure(t, err).Code)
}

func TestASessionIsBelievedNoLongerThanItWasAskedFor(t *testing.T) {
	s := plainSTS(t)
	credentials := s.base().Assume(s.role(t))
	s.Inject(session("STS.first", 24*time.Hour)) // this machine's clock is a day behind
	_, err := credentials.Key(t.Context())
	require.NoError(t, err)
	cloudapi.Age(credentials, time.Hour-20*time.Second)
	key, err := credentials.Key(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, "STS.first", key.ID)
}

func TestASessionWithoutAnEnd(t *testing.T) {
	s := plainSTS(t)
	for _, body := range []string{`{}`, `{"Credentials":{}}`, `{"Credentials":{"AccessKeyId":"STS.i","AccessKeySecret":"s","SecurityToken":"t"}}`,
		`{"Credentials":{"AccessKeyId":"STS.i","AccessKeySecret":"s","SecurityToken":"t","Expiration":"soon"}}`} {
		s.Inject(cloudsim.Fault{Operation: "AssumeRole", Kind: cloudsim.Answer, Body: json.RawMessage(body), Times: 1})
		_, err := s.base().Assume(s.role(t)).Key(t.Context())
		require.ErrorContains(t, err, "AssumeRole: the answer cannot be understood: it is no session of a role")
		require.True(t, failure(t, err).Sent)
		require.NotErrorIs(t, err, cloudapi.ErrNoCredentials, "which says that nothing was sent, and that a key is to be set")
	}
}

func TestSTSThatCannotBeReached(t *testing.T) {
	s := plainSTS(t)
	role := s.role(t)
	s.server.Close()
	err := web(t, s.client(t, s.base().Assume(role)))
	require.ErrorIs(t, err, cloudapi.ErrUnavailable)
	require.ErrorContains(t, err, "AssumeRole: Alibaba Cloud did not answer: "+role.Endpoint.Host+": dial tcp")
	require.False(t, failure(t, err).Sent)
	require.True(t, failure(t, err).MayPass())
	requireHidden(t, "Signature", err)
}

func TestWhoLeavesDoesNotWaitForSTS(t *testing.T) {
	s := plainSTS(t)
	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Kind: cloudsim.Delay, Delay: time.Hour})
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user hung up")
	go func() {
		<-s.forms // it was asked
		cancel(cause)
	}()
	credentials := s.base().Assume(s.role(t))
	_, err := credentials.Key(ctx)
	require.ErrorIs(t, err, cause)
	s.Clear() // the look-up goes on for whoever comes next
	s.server.CloseClientConnections()
	key, err := credentials.Key(t.Context())
	require.NoError(t, err)
	require.Contains(t, key.ID, "STS.")
}

func TestAnARNThatIsNone(t *testing.T) {
	for arn, valid := range map[string]bool{
		testRole: true, "acs:ram::123:role/a": true, "acs:ram::123:role/AliyunServiceRole.x_y-z": true,
		"": false, "triage-ro": false, "acs:ram::123:user/a": false, "acs:ram::abc:role/a": false, "acs:ram::123:role/": false,
		"acs:ram::123:role/a b": false, "acs:ram::123:role/a\n": false, "acs:ram::123:role/" + strings.Repeat("a", 65): false,
		"arn:aws:iam::123:role/a": false,
	} {
		require.Equal(t, valid, cloudapi.ValidRoleARN(arn), arn)
	}
	t.Setenv("ALIBABA_CLOUD_ROLE_ARN", testRole)
	_, err := cloudapi.StaticCredentials("i", "s", "").Assume(cloudapi.Role{}).Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.ErrorContains(t, err, `role "": the ARN of a role is written like acs:ram::<account id>:role/<name>`)
}

func TestManyCallersAssumeARoleOnce(t *testing.T) {
	s := plainSTS(t)
	credentials := s.base().Assume(s.role(t))
	var all sync.WaitGroup
	var keys atomic.Int64
	for range 200 {
		all.Go(func() {
			key, err := credentials.Key(t.Context())
			if err == nil && strings.HasPrefix(key.ID, "STS.") {
				keys.Add(1)
			}
			credentials.Discard(acs3.Key{ID: "another"})
		})
	}
	all.Wait()
	require.EqualValues(t, 200, keys.Load())
	require.Equal(t, 1, s.assumed())
}

func TestManyCallersOfOneRefusedRole(t *testing.T) {
	s := plainSTS(t)
	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "NoPermission"})
	credentials := s.base().Assume(s.role(t))
	var all sync.WaitGroup
	for i := range 50 {
		client := s.client(t, credentials)
		all.Go(func() {
			_, err := operations[start](t.Context(), client)
			if e, ours := errors.AsType[*cloudapi.Error](err); !ours || e.Op != "AssumeRole" {
				t.Error(fmt.Sprint(i), err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.assumed())
}

func sessionFault() cloudsim.Fault {
	return cloudsim.Fault{Operation: "AssumeRole", Code: "ServiceUnavailable", Times: 1}
}
