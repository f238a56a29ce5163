package cloudapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fate is what becomes of one try to start a gather. carriedOut tells that, as
// far as the caller can know, the far side may have run it.
type fate struct {
	dial       error             // no connection
	answer     func(w io.Writer) // nil: the connection breaks
	carriedOut bool
}

func reply(status int, body string) func(io.Writer) {
	return func(w io.Writer) {
		fmt.Fprintf(w, "HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
}

var fates = map[string]fate{
	"no connection":     {dial: errors.New("connection refused")},
	"throttled":         {answer: reply(400, `{"Code":"Throttling.User"}`)},
	"429":               {answer: reply(429, ``)},
	"throttled inside":  {answer: reply(200, `{"Code":"Throttling","RequestId":"R-1"}`)},
	"token expired":     {answer: reply(400, `{"Code":"InvalidSecurityToken.Expired"}`)},
	"another Change":    {answer: reply(400, `{"Code":"EnvOnChanging"}`)},
	"forbidden":         {answer: reply(403, `{"Code":"NoPermission"}`)},
	"started":           {answer: reply(200, `{"Code":"OK","RequestId":"R-1","EnvChange":{"ChangeId":"wc-1"}}`), carriedOut: true},
	"reset":             {carriedOut: true},
	"500":               {answer: reply(500, `{"Code":"InternalError"}`), carriedOut: true},
	"502 of a balancer": {answer: reply(502, `<html>Bad Gateway</html>`), carriedOut: true},
	"504":               {answer: reply(504, ``), carriedOut: true},
	"failed inside":     {answer: reply(200, `{"Code":"InternalError","RequestId":"R-1"}`), carriedOut: true},
	"garbage":           {answer: reply(200, `{"Code":`), carriedOut: true},
	"no ChangeId":       {answer: reply(200, `{"Code":"OK","RequestId":"R-1"}`), carriedOut: true},
	"redirect":          {answer: reply(307, ``), carriedOut: true},
	"nonce seen":        {answer: reply(400, `{"Code":"SignatureNonceUsed"}`), carriedOut: true},
	"cut": {answer: func(w io.Writer) {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"Code\":\"OK\"")
	}, carriedOut: true},
}

// Whatever happens, and in whatever order: a gather that may have begun is not
// started again, and the caller is told.
func TestAGatherIsNeverStartedTwice(t *testing.T) {
	names := slices.Sorted(maps.Keys(fates))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		script := [4]string{}
		for i := range script {
			script[i] = names[random.IntN(len(names))]
		}
		synctest.Test(t, func(t *testing.T) {
			tries, carriedOut := 0, 0
			next := func() fate {
				fate := fates[script[min(tries, len(script)-1)]]
				tries++
				if fate.carriedOut {
					carriedOut++
				}
				return fate
			}
			var now fate
			rt := pipes(t, func(c net.Conn, r *http.Request) {
				if now.answer != nil {
					now.answer(c)
				}
				_ = c.Close() // so that each try dials
			})
			dial := rt.DialContext
			rt.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if now = next(); now.dial != nil {
					return nil, now.dial
				}
				return dial(ctx, network, address)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if random.IntN(10) == 0 {
				time.AfterFunc(time.Duration(random.Int64N(int64(time.Second))), cancel)
			}
			_, err := operations[start](ctx, newClient(t, rt))
			rt.CloseIdleConnections()
			synctest.Wait() // a dial may go on after its call was cancelled

			require.LessOrEqual(t, carriedOut, 1, script)
			require.LessOrEqual(t, tries, 3, script)
			if err == nil {
				require.Equal(t, 1, carriedOut, script)
				return
			}
			e := failure(t, err)
			require.Equal(t, carriedOut == 1, e.MayHaveStarted, "%v: %v", script, err)
			require.False(t, e.MayHaveStarted && !e.Sent, script)
		})
	}
}
