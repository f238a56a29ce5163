// Command mcp, released as alitriage-mcp, answers AI assistants over MCP and
// people at a terminal: what happened to the thing I started on Alibaba Cloud,
// is it bad, and what do I do next?
//
// Without a command it serves MCP on stdin and stdout, where nothing else is
// ever written; logs go to stderr. It looks up no credentials and opens no
// connection before the first tool call. At the end of stdin, at SIGTERM and at
// SIGINT it answers what it has read, within 5 seconds, and exits with 0.
//
// server.go is the one adapter to the MCP library, triage.go its prompt and its
// names; stdio.go and http.go are the two wires. demo.go is a client.
//
//	alitriage-mcp [serve] [--http ADDR]            serve MCP over stdio, or over HTTP
//	alitriage-mcp call TOOL [ID] [key=value …]     run one tool, print its report
//	alitriage-mcp demo                             all tools against the simulator
//	alitriage-mcp simulate [--listen ADDR]         the simulator alone
//	alitriage-mcp version
//
// Exit codes of call: 0 ok, 1 failed or action_needed, 2 refused before any call
// to the cloud, 3 could not find out or verdict unknown, 4 still in progress.
package main
