// Package cloudsim is a simulator of Alibaba Cloud: the OpenAPI gateway and the
// five operations that alitriage reads, with a small world behind them, and STS,
// where roles are assumed with a key or an OIDC token.
//
// It is a server and not a mock. It promises: a request is let in only when the
// real gateway would let it in, with the signature verified byte by byte; the
// answers have the wire's shape with all its traps (numbers in strings, JSON in
// strings, Base64, lists in four forms); what runs, ends by the clock that
// Options.Now names; whatever can go wrong on the way can be made to go wrong
// with a Fault. It serves as an http.Handler and, without sockets, as an
// http.RoundTripper that works in a testing/synctest bubble. All methods are
// safe for concurrent use.
//
// The demo world is one evening: a shop's release meets a full disk. Its ids are
// constants, so that documentation and tests can name them. No credential in it
// is real.
//
// It must not import cloudapi, which is tested against it, nor anything above
// it; of alitriage it knows acs3 alone, whose steps it reads from the other side.
package cloudsim
