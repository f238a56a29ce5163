package cloudapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// vendor is all that hands out keys: STS (the simulator), OAuth, CloudSSO, the
// metadata service and a server of the user's, on one loopback address. It is
// also the transport that leads there, whatever the host.
type vendor struct {
	t   testing.TB
	sim *cloudsim.Sim

	server *httptest.Server
	direct *http.Transport

	mu         sync.Mutex
	asked      []string          // METHOD host/path
	identities map[string]string // by key id
	refresh    map[string]bool   // OAuth refresh tokens that are good
	access     map[string]bool   // OAuth access tokens that are good
	role       string            // of the instance
	noToken    bool              // the metadata service has none
	refusals   map[string]string // by host, or host and path: a status and a body
}

const (
	signIn   = "signin-cn-shanghai.alibabacloudsso.com"
	keysHost = "keys.example.internal"
	metaHost = "100.100.100.200"
)

func newVendor(t testing.TB) *vendor {
	t.Helper()
	v := &vendor{
		t: t, sim: cloudsim.New(cloudsim.Options{}), direct: &http.Transport{DisableKeepAlives: true}, role: "instance-role",
		identities: map[string]string{}, refresh: map[string]bool{"refresh-1": true}, access: map[string]bool{"access-1": true},
		refusals: map[string]string{},
	}
	for _, key := range []acs3.Key{
		{ID: "file-id", Secret: "file-secret"}, {ID: "STS.file", Secret: "file-secret", SecurityToken: "file-token"},
		{ID: "helper-id", Secret: "helper-secret"}, {ID: "STS.helper", Secret: "helper-secret", SecurityToken: "helper-token"},
		{ID: "source-id", Secret: "source-secret"},
	} {
		v.sim.PutCredential(cloudsim.Credential{Key: key})
		v.identities[key.ID] = "the key " + key.ID
	}
	v.server = httptest.NewServer(v)
	t.Cleanup(func() {
		v.server.CloseClientConnections()
		v.server.Close()
	})
	return v
}

// RoundTrip implements http.RoundTripper.
func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	there.Host = r.URL.Host
	there.URL.Scheme, there.URL.Host = "http", strings.TrimPrefix(v.server.URL, "http://")
	return v.direct.RoundTrip(there)
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.asked = append(v.asked, r.Method+" "+r.Host+r.URL.Path)
	refusal := cmp.Or(v.refusals[r.Host+r.URL.Path], v.refusals[r.Host])
	v.mu.Unlock()
	if refusal != "" {
		var status int
		_, _ = fmt.Sscan(refusal, &status)
		w.WriteHeader(status)
		fmt.Fprint(w, strings.TrimPrefix(refusal, fmt.Sprint(status, " ")))
		return
	}
	switch {
	case strings.HasPrefix(r.Host, "sts"):
		v.serveSTS(w, r)
	case strings.HasPrefix(r.Host, "oauth."):
		v.serveOAuth(w, r)
	case r.Host == signIn:
		v.serveCloudSSO(w, r)
	case r.Host == metaHost:
		v.serveMetadata(w, r)
	case r.Host == keysHost:
		v.hand(w, "URI", "STS.uri", "the server's key", `"Code":"Success",`)
	default:
		http.Error(w, "nobody is called "+r.Host, http.StatusTeapot)
	}
}

// hand gives out a key and remembers whose it is.
func (v *vendor) hand(w http.ResponseWriter, kind, id, identity, more string) {
	key := acs3.Key{ID: id, Secret: kind + "-secret", SecurityToken: kind + "-token"}
	v.sim.PutCredential(cloudsim.Credential{Key: key})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.identities[id] = identity
	pair := fmt.Sprintf(`%s"AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":%q,"Expiration":%q`,
		more, key.ID, key.Secret, key.SecurityToken, time.Now().Add(time.Hour).UTC().Format(acs3.TimeFormat))
	switch kind {
	case "CloudSSO":
		fmt.Fprint(w, `{"RequestId":"R-SSO","CloudCredential":{`+pair+`}}`)
	default:
		fmt.Fprint(w, "{"+pair+"}")
	}
}

func (v *vendor) serveSTS(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	answer := httptest.NewRecorder()
	v.sim.ServeHTTP(answer, r)
	parameters := r.URL.Query()
	if form, err := url.ParseQuery(string(body)); err == nil {
		maps.Copy(parameters, form)
	}
	var opened struct{ Credentials struct{ AccessKeyId string } }
	if json.Unmarshal(answer.Body.Bytes(), &opened) == nil && opened.Credentials.AccessKeyId != "" {
		v.mu.Lock()
		by := "an OIDC token"
		if _, signed, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
			id, _, _ := strings.Cut(signed, ",")
			by = v.identities[id]
		}
		identity := parameters.Get("RoleArn") + " by " + by
		for _, name := range []string{"ExternalId", "Policy"} {
			if value := parameters.Get(name); value != "" {
				identity += ", " + name + " " + value
			}
		}
		if r.Host != "sts.aliyuncs.com" {
			identity += ", at " + r.Host
		}
		v.identities[opened.Credentials.AccessKeyId] = identity
		v.mu.Unlock()
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (v *vendor) serveOAuth(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/token":
		_ = r.ParseForm()
		v.mu.Lock()
		defer v.mu.Unlock()
		if !v.refresh[r.Form.Get("refresh_token")] || r.Form.Get("grant_type") != "refresh_token" || r.Form.Get("client_id") == "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"The refresh token %s is not valid.","requestId":"R-OAUTH"}`, r.Form.Get("refresh_token"))
			return
		}
		delete(v.refresh, r.Form.Get("refresh_token"))
		n := len(v.asked)
		access, refresh := fmt.Sprint("access-new-", n), fmt.Sprint("refresh-new-", n)
		v.access[access], v.refresh[refresh] = true, true
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"expires_in":3600,"token_type":"Bearer"}`, access, refresh)
	case "/v1/exchange":
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		v.mu.Lock()
		good := v.access[token]
		v.mu.Unlock()
		if !good {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"expired_token","error_description":"The access token %s is expired.","requestId":"R-OAUTH"}`, token)
			return
		}
		v.hand(w, "OAuth", "STS.oauth", "who signed in over OAuth", "")
	}
}

func (v *vendor) serveCloudSSO(w http.ResponseWriter, r *http.Request) {
	var asked struct{ AccountId, AccessConfigurationId string }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); token != "sso-token" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"RequestId":"R-SSO","ErrorCode":"InvalidToken","ErrorMessage":"token %s was withdrawn"}`, token)
		return
	}
	v.hand(w, "CloudSSO", "STS.sso", "who signed in to CloudSSO, as "+asked.AccessConfigurationId+" in "+asked.AccountId, "")
}

func (v *vendor) serveMetadata(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	role, noToken := v.role, v.noToken
	v.mu.Unlock()
	const roles = "/latest/meta-data/ram/security-credentials/"
	switch {
	case r.Method == http.MethodPut && !noToken && r.Header.Get("X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds") != "":
		fmt.Fprint(w, "meta-token")
	case r.Method != http.MethodGet, !noToken && r.Header.Get("X-Aliyun-Ecs-Metadata-Token") != "meta-token":
		http.Error(w, "forbidden", http.StatusForbidden)
	case r.URL.Path == roles:
		fmt.Fprintln(w, role)
	case r.URL.Path == roles+role:
		v.hand(w, "metadata", "STS.meta", "the instance's role "+role, `"Code":"Success",`)
	default:
		http.NotFound(w, r)
	}
}

func (v *vendor) identity(id string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.identities[id]
}

func (v *vendor) renewals() (times int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.asked {
		if strings.Contains(one, "/v1/token") {
			times++
		}
	}
	return times
}

// The helper program of profiles is this test's own binary, which prints what the
// variable holds.
const helperAnswer = "ALITRIAGE_TEST_HELPER_PRINTS"

func beTheHelper(answer string) {
	switch kind, rest, _ := strings.Cut(answer, " "); kind {
	case "exit":
		fmt.Fprintln(os.Stderr, "helper-secret on stderr")
		fmt.Println("helper-secret on stdout")
		os.Exit(3)
	case "flood":
		for range 1 << 12 {
			fmt.Print(strings.Repeat("helper-secret", 100))
		}
	case "endless":
		for {
			if _, err := fmt.Print(strings.Repeat("helper-secret", 100)); err != nil {
				os.Exit(1)
			}
		}
	case "hang":
		time.Sleep(time.Hour)
	case "args":
		fmt.Printf(`{"mode":"AK","access_key_id":"helper-id","access_key_secret":"%s"}`, strings.Join(os.Args[1:], "|"))
	case "stdin":
		text, _ := io.ReadAll(os.Stdin)
		fmt.Printf(`{"mode":"AK","access_key_id":"helper-id","access_key_secret":"%d"}`, len(text))
	default:
		fmt.Fprintln(os.Stderr, "helper-secret on stderr")
		fmt.Print(kind, " ", rest)
	}
	os.Exit(0)
}

func helper(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return "'" + path + "'"
}

// dial leads to it whatever the address.
func (v *vendor) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(v.server.URL, "http://"))
}
