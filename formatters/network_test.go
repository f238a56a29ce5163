package formatters

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func TestWhatNeverLeftSaysWhatStoodInTheWay(t *testing.T) {
	untrusted := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for _, c := range []struct {
		fact  string
		cause error
		want  []string
	}{
		{"a CA that nobody knows", untrusted(x509.UnknownAuthorityError{}), []string{signedAnew, noCA}},
		{"a certificate that macOS does not trust", untrusted(errors.New("x509: “sae” certificate is not trusted")), []string{signedAnew, noCA}},
		{"the certificate of another host", untrusted(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "sae.cn-hangzhou.aliyuncs.com"}), []string{otherHost}},
		{"a certificate of another time", untrusted(x509.CertificateInvalidError{Reason: x509.Expired}), []string{outOfDate}},
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}, []string{noHost}},
		{"a proxy that nobody knows", &net.OpError{Op: "proxyconnect", Err: &net.DNSError{Err: "no such host"}}, []string{proxyAway, proxyAround}},
		{"a host that does not answer", &net.OpError{Op: "dial", Err: errors.New("i/o timeout")}, []string{notSent}},
		{"nothing that is known", errors.New("EOF"), []string{notSent}},
		{"nothing at all", nil, []string{notSent}},
	} {
		t.Run(c.fact, func(t *testing.T) {
			e := &cloudapi.Error{Op: saeRead, Product: cloudapi.SAE, Region: "cn-hangzhou", Kind: cloudapi.ErrUnavailable, Cause: c.cause}
			steps := errorSteps(e, China)
			checkSteps(t, c.fact, steps)
			require.Equal(t, c.want, steps)
		})
	}
}

func TestWhatAProxyAnswersIsNotTheCloudsFault(t *testing.T) {
	for name, row := range map[string]struct {
		says error
		want string
	}{
		"it wants a login": {&cloudapi.ProxyRefusal{Status: http.StatusProxyAuthRequired}, proxyWantsLogin},
		"it reaches none":  {&cloudapi.ProxyRefusal{Status: http.StatusBadGateway}, proxyRefuses},
		"it hangs up":      {io.EOF, proxyRefuses},
	} {
		e := &cloudapi.Error{
			Op: gatherStart, Product: cloudapi.WebPlus, Region: "cn-hangzhou", Kind: cloudapi.ErrUnavailable,
			Cause: fmt.Errorf("webplus.cn-hangzhou.aliyuncs.com through the proxy 10.0.0.1:3128: %w", row.says),
		}
		require.Equal(t, []string{row.want, proxyAround}, errorSteps(e, China), "%s, and not that WebPlus may be gone", name)
	}
}
