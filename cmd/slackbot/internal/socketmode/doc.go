// Package socketmode keeps connections of Slack's Socket Mode open, reads requests
// from them, and writes their acknowledgements. It promises that no request is lost
// when Slack renews a connection: the next one is there before the old one goes, and
// that one is read, and written to, until what it brought is acknowledged.
//
// It knows envelopes, not what is in them, and must not import other packages of
// ours or a client of Slack's Web API.
package socketmode
