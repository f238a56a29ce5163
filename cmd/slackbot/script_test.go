package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scripted is set for the processes of scripts.
const scripted = "ALITRIAGE_TEST_SCRIPTED"

// init makes this binary the program, where a script has started it.
func init() {
	if os.Getenv(scripted) != "" {
		main() // ends the process
	}
}

// The scripts run the real program, without Slack: what it prints, and what it
// refuses. "exits CODE COMMAND…" runs one that has to end with this exit code. What
// looks like a secret in a script, none of its outputs may hold.
func TestScripts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			bin := filepath.Join(env.WorkDir, "bin")
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("PATH", bin)
			env.Setenv(scripted, "1")
			return errors.Join(os.Mkdir(bin, 0o700), os.Symlink(self, filepath.Join(bin, "alitriage-slackbot")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": scriptExits},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if said := ts.ReadFile("stdout") + ts.ReadFile("stderr"); strings.Contains(said, "s3cret") {
		ts.Fatalf("a secret was printed: %s", said)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
