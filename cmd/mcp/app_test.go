package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/formatters"
)

func TestAPanicAtATerminalShowsNoValue(t *testing.T) {
	var out, errs bytes.Buffer
	a := &app{
		args: []string{program, "call", "get_app_status", "web", "--demo"}, in: strings.NewReader(""), out: &out, errs: &errs,
		lookUp: func(string) (string, bool) { panic(wrongSecret) },
	}
	require.Equal(t, exitNoAnswer, a.run(t.Context()))
	require.Empty(t, out.String())
	require.Contains(t, errs.String(), "internal error (string)")
	require.Contains(t, errs.String(), "app_test.go", "where it happened")
	requireNoSecret(t, errs.String())
}

// broken is a terminal that has gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestAReportThatCannotBePrintedIsNoAnswer(t *testing.T) {
	for _, format := range []string{"--json", "--json=false"} {
		var errs bytes.Buffer
		a := &app{
			args: []string{program, "call", "get_app_status", "web", "--demo", format}, in: strings.NewReader(""), out: broken{}, errs: &errs,
			lookUp: func(string) (string, bool) { return "", false },
		}
		require.Equal(t, exitNoAnswer, a.run(t.Context()))
		require.Equal(t, "alitriage-mcp: broken\n", errs.String())
	}
}

func TestEveryVerdictHasItsExitCode(t *testing.T) {
	for verdict, want := range map[formatters.Verdict]int{
		formatters.OK: exitOK, formatters.Failed: exitBad, formatters.ActionNeeded: exitBad,
		formatters.Unknown: exitNoAnswer, formatters.InProgress: exitRunning,
		"": exitNoAnswer, "of a later version": exitNoAnswer, // nothing but OK is a success
	} {
		got := exitOK
		if exit, ok := errors.AsType[*exitError](exitOf(formatters.Report{Verdict: verdict})); ok {
			got = exit.code
		}
		require.Equal(t, want, got, verdict)
	}
}
