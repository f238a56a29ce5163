// Package tools declares the four tools of alitriage once, for all front ends:
// name, description, arguments, what to run, how to report, and how to ask
// again.
//
// It promises: arguments are checked before any call to the cloud, and all that
// is wrong with them is said at once, with what is allowed; a wait ends when
// everything is final, when a human must act, or when its time is up, and says
// how to ask again; what was found out or started is not lost to a failure that
// comes later; callers that wait for the same thing share one poll; a gather is
// started at most once per request, and a second start joins the first one.
//
// It must not import an MCP or a Slack library, nor any command.
package tools
