// Package gate stands between net/http and an MCP library, as guard does between
// two pipes and it.
//
// It promises that nothing reaches the library without the token (compared in
// constant time), from a page of another origin, beyond the size limit, or when
// too much is in flight; that progress is written strictly before the result of
// its request and is never dropped; that one client cannot cancel what another
// one asked; and that the end takes bounded time: after Drain waits are told to
// answer what they have, what is still in flight then is cancelled.
//
// It knows HTTP, server-sent events and the envelope of JSON-RPC, and nothing of
// tools, of the cloud or of the library.
package gate
