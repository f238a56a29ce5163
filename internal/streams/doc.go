// Package streams keeps stdout and stderr for the program itself.
//
// Both are read by others: stdout is the MCP protocol or the audit log, stderr
// the log. Libraries print there what is none of their readers' business:
// credentials-go has written to stdout the command of a credentials helper and
// all that it said, secrets included.
//
// It promises: after Own nothing that goes by way of os.Stdout, os.Stderr or the
// default logger of the log package reaches the streams. What the Go runtime says
// of a crash still does.
//
// Only the mains use it. It imports nothing of ours.
package streams
