package cloudapi

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
)

// Phase is how far a connection came.
type Phase string

// The phases, in their order.
const (
	PhaseProxy   Phase = "proxy"   // the proxy cannot be reached, or refuses
	PhaseDNS     Phase = "dns"     // the host's name has no address
	PhaseConnect Phase = "connect" // nothing listens there, or nobody answers
	PhaseTLS     Phase = "tls"     // the certificate or the protocol will not do
	PhaseAnswer  Phase = "answer"  // connected, but no HTTP answer
)

// phaseOf reads from the types of an error how far its request came, and says
// PhaseAnswer when nothing shows that it was not sent.
func phaseOf(err error) Phase {
	var (
		op          *net.OpError
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		invalid     x509.CertificateInvalidError
	)
	isOp := errors.As(err, &op)
	switch {
	case isOp && op.Op == "proxyconnect":
		return PhaseProxy
	case errors.As(err, &dns):
		return PhaseDNS
	case isOp && op.Op == "dial":
		return PhaseConnect
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), isOp && op.Op == "remote error",
		errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid),
		strings.Contains(err.Error(), "TLS handshake timeout"), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return PhaseTLS
	default:
		return PhaseAnswer
	}
}
