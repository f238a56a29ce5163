package acs3_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

var canonical = regexp.MustCompile(`^([A-Za-z0-9_.~-]|%[0-9A-F]{2}|[=&])*$`)

func FuzzCanonicalQueryCanBeReadBack(f *testing.F) {
	f.Add("RegionId", "cn-hangzhou", "InvokeId", "t-hz0jdfwd9f")
	f.Add("", "", "a", "")
	f.Add("a b", "c+d", "键", "值\xff\x00")
	f.Add("a", "1", "a", "2")
	f.Add("!*'()", "~-_.", "%", "&=#?/;")
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string) {
		values := url.Values{}
		values.Add(key1, value1)
		values.Add(key2, value2)
		query := acs3.CanonicalQuery(values)
		require.Regexp(t, canonical, query)
		got, err := url.ParseQuery(query)
		require.NoError(t, err)
		require.Equal(t, values, got)
		require.Equal(t, query, acs3.CanonicalQuery(got))
	})
}

// FuzzSignedRequestsSurviveTheWire signs, writes, reads back and computes the
// signature from what was read.
func FuzzSignedRequestsSurviveTheWire(f *testing.F) {
	f.Add("/", "AppId", "a", "", "", "secret")
	f.Add("/pop/v1/wam/appEnv/gatherStats", "RegionId", "cn-hangzhou", "EnvId=we-1", "STS.token", "secret")
	f.Add("", "", "", "", "", "")
	f.Add("/a b/ü/%2F//..", "键", "a b+c", "\x00\xff", " token ", "秘密")
	f.Fuzz(func(t *testing.T, path, key, value, body, token, secret string) {
		if strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }) || path != "" && path[0] != '/' {
			t.Skip("net/http sends no such request")
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ecs.cn-hangzhou.aliyuncs.com", strings.NewReader(body))
		require.NoError(t, err)
		r.URL.Path = path
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		stringToSign := acs3.Sign(r, acs3.Call{
			Action: "DescribeX", Version: "2021-09-31", Query: url.Values{key: {value}}, Body: []byte(body),
			Time: time.Unix(1, 0), Nonce: "n",
		}, acs3.Key{ID: "id", Secret: secret, SecurityToken: token})

		var wire bytes.Buffer
		require.NoError(t, r.Write(&wire))
		got, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		require.Equal(t, stringToSign, acs3.StringToSign(got, acs3.MustSign(got.Header), acs3.HexSHA256([]byte(body))))
		require.True(t, strings.HasSuffix(got.Header.Get("Authorization"), ",Signature="+acs3.Signature(stringToSign, secret)))
	})
}
