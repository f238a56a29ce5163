package acs3_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

func runInstances(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ecs.cn-shanghai.aliyuncs.com/", http.NoBody)
	require.NoError(t, err)
	return r
}

var runInstancesCall = acs3.Call{
	Action:  "RunInstances",
	Version: "2014-05-26",
	Query: url.Values{
		"RegionId": {"cn-shanghai"},
		"ImageId":  {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
	},
	Time:  time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC),
	Nonce: "3156853299f313e23d1673dc12e1703d",
}

// The vector is printed in Alibaba Cloud's documentation of the signature.
func TestSignReproducesThePublishedVector(t *testing.T) {
	r := runInstances(t)
	acs3.Sign(r, runInstancesCall, acs3.Key{ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"})

	require.Equal(t, "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"+
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"+
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
		r.Header.Get("Authorization"))
	require.Equal(t, "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
		r.URL.RawQuery, "the canonical query is what is sent")
}

func TestASecurityTokenAndAContentTypeAreSignedWhenPresent(t *testing.T) {
	r := runInstances(t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	acs3.Sign(r, runInstancesCall, acs3.Key{ID: "k", Secret: "s", SecurityToken: "STS.token"})

	require.Equal(t, "STS.token", r.Header.Get(acs3.HeaderSecurityToken))
	require.Contains(t, r.Header.Get("Authorization"),
		"SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,")
}

func TestCanonicalQuery(t *testing.T) {
	for name, tc := range map[string]struct {
		in   url.Values
		want string
	}{
		"nothing stays nothing":           {nil, ""},
		"keys are sorted by byte":         {url.Values{"b": {"1"}, "B": {"2"}, "a": {"3"}}, "B=2&a=3&b=1"},
		"a space is %20, never a plus":    {url.Values{"q": {"a b+c"}}, "q=a%20b%2Bc"},
		"an empty value keeps its equals": {url.Values{"k": {""}}, "k="},
		"unreserved stays as it is":       {url.Values{"k": {"aZ09-_.~"}}, "k=aZ09-_.~"},
		"the asterisk is escaped":         {url.Values{"k": {"*'()!"}}, "k=%2A%27%28%29%21"},
		"UTF-8 byte by byte":              {url.Values{"键": {"值"}}, "%E9%94%AE=%E5%80%BC"},
		"repeated keys keep their order":  {url.Values{"k": {"2", "1"}}, "k=2&k=1"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, acs3.CanonicalQuery(tc.in))
		})
	}
}

func TestAnEmptyPathIsSignedAsSlash(t *testing.T) {
	r := runInstances(t)
	r.URL.Path = ""
	require.Contains(t, string(acs3.CanonicalRequest(r, []string{"host"}, "")), "POST\n/\n")
	r.URL.Path = "/a b/ü"
	require.Contains(t, string(acs3.CanonicalRequest(r, []string{"host"}, "")), "POST\n/a%20b/%C3%BC\n")
}

func TestNoncesDiffer(t *testing.T) {
	require.NotEqual(t, acs3.Nonce(), acs3.Nonce())
	require.GreaterOrEqual(t, len(acs3.Nonce()), 26)
}

func BenchmarkSign(b *testing.B) {
	r := runInstances(b)
	key := acs3.Key{ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"}
	for b.Loop() {
		acs3.Sign(r, runInstancesCall, key)
	}
}
