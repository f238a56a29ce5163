// Package guard stands between a client's byte streams and the stdio loop of
// an MCP library, and makes delivery honest.
//
// It promises that
//   - every request read is answered before the library sees the end of input,
//     be it EOF or [Guard.Drain], or after [Options.Drain] and a short grace;
//   - a last line without a newline is a line like any other;
//   - progress never comes after its result, and is never dropped;
//   - a cancelled request gets no response, and the handler of a call that was
//     cancelled while it waited in a queue can find that out;
//   - a line over [Options.MaxLine] is refused without being held in memory;
//   - when the client has gone, everything ends soon.
//
// It knows JSON-RPC and which lines mcp-go answers, but must not import mcp-go
// (only cmd/mcp does), nor the tools. It never logs what a message says.
package guard
