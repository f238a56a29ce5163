package formatters

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

const (
	signedAnew = "What answered has a certificate that this machine does not trust: as a rule a proxy or firewall opens TLS and signs it anew. " +
		"Get its CA certificate from those who run it, and name the file in SSL_CERT_FILE (Linux), or add it to the system's store (macOS, Windows)."
	noCA      = "If nothing is trusted here, as in a bare container, install ca-certificates."
	otherHost = "What answered has a certificate for another host: a proxy, a firewall or a sign-in page of the network stands in between, or an endpoint override (ALITRIAGE_ENDPOINT) names the wrong host."
	outOfDate = "The certificate is out of date, or this machine's clock is wrong: set it by NTP (`timedatectl` shows its state). If it is right, a proxy or firewall that signs TLS anew has an old certificate: tell those who run it."

	proxyWantsLogin = "The proxy wants to know who asks: put both into HTTPS_PROXY, as http://<user>:<password>@<host>:<port>, with what is special in them percent-encoded (@ is %40). " +
		"If they are there, they are wrong, or the proxy takes no Basic login (but NTLM or Kerberos)."
	proxyRefuses = "The proxy (HTTPS_PROXY) answered, and did not let this through: have those who run it allow CONNECT to port 443 of the host above, and look there whether it can reach that host."
	proxyAway    = "The proxy does not answer: check that it is the one of HTTPS_PROXY (what is special in a password there has to be percent-encoded, or another host is read out of it), and whether it can be reached from here."
	proxyAround  = "If this machine may go without the proxy, set NO_PROXY=.aliyuncs.com."

	noHost  = "This host name is not known here: check the region, which is part of it, then the DNS of this machine. If there is a proxy, check HTTPS_PROXY: where it is no URL it is passed over."
	notSent = "Nothing was sent. Check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the region, which is part of the host's name; then ask again."
)

const proxyAuthRequired = 407 // the HTTP status

// networkSteps are for requests that never left, by what stood in the way.
func networkSteps(e *cloudapi.Error) []string {
	op, isOp := errors.AsType[*net.OpError](e)
	_, unknownHost := errors.AsType[*net.DNSError](e)
	refusal, refused := errors.AsType[*cloudapi.ProxyRefusal](e)
	switch steps := certificateSteps(e); {
	case steps != nil:
		return steps
	case refused && refusal.Status == proxyAuthRequired:
		return []string{proxyWantsLogin, proxyAround}
	case refused:
		return []string{proxyRefuses, proxyAround}
	case isOp && op.Op == "proxyconnect":
		return []string{proxyAway, proxyAround}
	case unknownHost:
		return []string{noHost}
	case !isOp && e.Cause != nil && strings.Contains(e.Cause.Error(), " through the proxy "): // which hung up
		return []string{proxyRefuses, proxyAround}
	default:
		return []string{notSent}
	}
}

// certificateSteps are none where no certificate is the trouble.
func certificateSteps(e *cloudapi.Error) []string {
	if _, ok := errors.AsType[x509.HostnameError](e); ok {
		return []string{otherHost}
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](e); ok && invalid.Reason == x509.Expired {
		return []string{outOfDate}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e); ok { // each system has its own words for the rest
		return []string{signedAnew, noCA}
	}
	return nil
}
