//go:build linux

// Command against measures this tree beside another commit of it, and both beside a
// bare mcp-go server, in turns in the same run, so that a busy machine changes all of
// them alike:
//
//	make against REF=00e02d5
//
// It builds the commit in a git worktree of its own, prints the figures of whole
// processes as a table with ratios, and then what benchstat says of the Go
// benchmarks that both trees have. It needs Linux, git and go, and must not import
// other packages of ours: what it measures are built programs.
package main
