package cloudsim_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// FuzzServeHTTP feeds requests as they might come over a socket, half of them
// signed with the right key so that they get past the gateway.
func FuzzServeHTTP(f *testing.F) {
	for _, q := range []question{askInvocation, askApp, startGather, readGather, askOperation} {
		var raw bytes.Buffer
		require.NoError(f, q.request(f, demoKey).Write(&raw))
		f.Add(raw.Bytes(), true)
		f.Add(raw.Bytes(), false)
	}
	f.Add([]byte("GET /_sim/calls HTTP/1.0\r\n\r\n"), false)
	f.Add([]byte("GET /?a=%zz;b HTTP/1.1\r\nHost: x\r\nAuthorization: ACS3-HMAC-SHA256 Credential=,,=\r\n\r\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, sign bool) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Skip()
		}
		r.RemoteAddr = "192.0.2.1:1234" // others than the loopback have no admin endpoint
		s := cloudsim.New(cloudsim.Options{})
		if sign {
			signAgain(r)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Contains(t, []int{200, 400, 403, 404, 413}, w.Code)
		require.NotEmpty(t, w.Body.Bytes())
		require.NotEmpty(t, w.Header().Get("X-Acs-Request-Id"))
		calls := s.Calls()
		require.LessOrEqual(t, calls.Refused+len(calls.Accepted), 1)
	})
}

func signAgain(r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		body = nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Del(acs3.HeaderSecurityToken)
	acs3.Sign(r, acs3.Call{
		Action: r.Header.Get(acs3.HeaderAction), Version: r.Header.Get(acs3.HeaderVersion),
		Query: r.URL.Query(), Body: body, Time: time.Now(), Nonce: acs3.Nonce(),
	}, demoKey)
}

// FuzzOperations starts behind the gateway: well-signed calls with any
// parameters.
func FuzzOperations(f *testing.F) {
	all := []question{askInvocation, askApp, startGather, readGather, askOperation}
	for i, q := range all {
		f.Add(uint8(i), q.query.Encode(), q.form.Encode())
	}
	f.Add(uint8(0), "RegionId=cn-hangzhou&MaxResults=20&NextToken=AAAA&ContentEncoding=PlainText", "")
	f.Add(uint8(0), "RegionId=cn-hangzhou&PageNumber=2&PageSize=50&InvokeRecordStatus=Failed", "")
	f.Add(uint8(2), "RegionId=cn-hangzhou", `EnvId=`+cloudsim.CheckoutEnv+`&TargetInstances=["`+cloudsim.FullDiskInstance+`"]`)
	f.Fuzz(func(t *testing.T, which uint8, query, form string) {
		q := all[int(which)%len(all)]
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		q.query, q.form = values, nil
		r := q.request(t, demoKey)
		r.Body = io.NopCloser(strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(acs3.HeaderContentSHA256, acs3.HexSHA256([]byte(form)))
		resign(r, demoKey.Secret, acs3.MustSign(r.Header)...)
		s := cloudsim.New(cloudsim.Options{})
		got := send(t, s, r)
		require.Contains(t, []int{200, 400, 403, 404}, got.status, got.body)
		require.NotEmpty(t, got.json["RequestId"])
		require.Equal(t, map[string]int{q.action: 1}, s.Calls().Accepted, got.body)
	})
}
