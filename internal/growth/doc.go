// Package growth holds in tests that work grows no faster than its input.
//
// It promises that a busy or slow machine fails no test: it bounds no time, but
// the ratio of two times that are measured in turns in the same run, and that are
// about equally long, so that whatever else runs stretches both.
//
// Only tests use it. It imports nothing of ours.
package growth
