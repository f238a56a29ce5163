package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// The scripts run the real program. Beside testscript's own commands they have:
//
//	exits CODE COMMAND…      runs a command that has to end with this exit code
//	normal stdout FILE       writes an output, without what differs between runs
//	simulator                starts "alitriage-mcp simulate" until the script
//	                         ends, and sets the variables that let others use it
//	simulator file FILE      writes the config file that it had printed
//	simulator interrupt FILE ends it with Ctrl-C, and writes what it had said
//	fault JSON               injects a fault into it
//	[!] asked OPERATION      whether it has accepted a call of this operation
//
// At the end no output may hold a secret: see secrets.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Vars = append(env.Vars, promptExit)
			env.Values[simulation{}] = &simulation{}
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "normal": scriptNormal,
			"simulator": scriptSimulator, "fault": scriptFault, "asked": scriptAsked,
		},
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
	for _, output := range []string{"stdout", "stderr"} {
		scriptHoldsNoSecret(ts, output)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptHoldsNoSecret(ts *testscript.TestScript, output string) {
	for _, secret := range secrets {
		if strings.Contains(ts.ReadFile(output), secret) {
			ts.Fatalf("%s holds the secret %s", output, secret)
		}
	}
}

func scriptNormal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: normal stdout|stderr FILE")
	}
	scriptHoldsNoSecret(ts, args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(normal(ts.ReadFile(args[0]))), 0o600))
}

// simulation is a script's "alitriage-mcp simulate".
type simulation struct {
	*exec.Cmd

	stdout *bufio.Reader
}

func scriptSimulator(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(simulation{}).(*simulation)
	switch {
	case !neg && len(args) == 0 && s.Cmd == nil:
		s.start(ts)
	case !neg && len(args) == 2 && args[0] == "file" && s.Cmd != nil:
		s.file(ts, args[1])
	case !neg && len(args) == 2 && args[0] == "interrupt" && s.Cmd != nil:
		s.interrupt(ts, args[1])
	default:
		ts.Fatalf("usage: simulator, or later: simulator file FILE, simulator interrupt FILE")
	}
}

func (s *simulation) start(ts *testscript.TestScript) {
	s.Cmd = exec.Command(program, "simulate") //nolint:noctx // it ends with the script
	stdout, err := s.StdoutPipe()
	ts.Check(err)
	ts.Check(s.Start())
	ts.Defer(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	s.stdout = bufio.NewReader(stdout)
	line, err := s.stdout.ReadString('\n')
	ts.Check(err)
	words := strings.Fields(line)
	if len(words) != 3 {
		ts.Fatalf("simulate says %q, want URL ACCESS_KEY_ID ACCESS_KEY_SECRET", line)
	}
	ts.Setenv("ALITRIAGE_ENDPOINT", words[0])
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", words[1])
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", words[2])
	ts.Setenv("ALIBABA_CLOUD_REGION_ID", "cn-hangzhou")
}

// file copies what stands behind the line that announces a config file.
func (s *simulation) file(ts *testscript.TestScript, file string) {
	for line := ""; !strings.Contains(line, "config file"); {
		var err error
		line, err = s.stdout.ReadString('\n')
		ts.Check(err)
	}
	var content strings.Builder
	for range 3 + len(cloudsim.New(cloudsim.Options{}).Aliases()) {
		line, err := s.stdout.ReadString('\n')
		ts.Check(err)
		content.WriteString(line)
	}
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(content.String()), 0o600))
}

// interrupt ends the simulator as Ctrl-C does. What it had said behind its first
// line, its key among it, is for everybody to see.
func (s *simulation) interrupt(ts *testscript.TestScript, file string) {
	ts.Check(s.Process.Signal(os.Interrupt))
	said, err := io.ReadAll(s.stdout)
	ts.Check(err)
	ts.Check(s.Wait())
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(normal(string(said))), 0o600))
}

func scriptFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fault JSON")
	}
	resp, err := http.Post(ts.Getenv("ALITRIAGE_ENDPOINT")+"/_sim/faults", "application/json", strings.NewReader(args[0])) //nolint:noctx // loopback
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		ts.Fatalf("the simulator refuses the fault: %s", resp.Status)
	}
}

func scriptAsked(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] asked OPERATION")
	}
	resp, err := http.Get(ts.Getenv("ALITRIAGE_ENDPOINT") + "/_sim/calls") //nolint:noctx // loopback
	ts.Check(err)
	defer resp.Body.Close()
	var calls struct{ Accepted map[string]int }
	ts.Check(json.NewDecoder(resp.Body).Decode(&calls))
	if asked := calls.Accepted[args[0]] > 0; asked == neg {
		ts.Fatalf("the cloud was asked: %v", calls.Accepted)
	}
}

// differing is what two runs of the same call do not have in common.
var differing = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\b[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\b`), "REQUEST-ID"},
	{regexp.MustCompile(`\bwc-[0-9a-f]{24}\b`), "wc-CHANGE"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`\b(\d+(\.\d+)?(ms|s|m|h))+\b`), "DURATION"},
	{regexp.MustCompile(`\[\d\d:\d\d:\d\d\]`), "[TIME]"},
	{regexp.MustCompile(`(>>>>|<<<<) [a-z2-7]{12}`), "$1 FENCE"},
	{regexp.MustCompile(`("?trace_id"?[=:] ?"?)[0-9a-f]{30}`), "${1}TRACE"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`go1\.[0-9a-z.]+ \w+/\w+`), "GO"},
	{regexp.MustCompile(`commit [0-9a-f]{40}`), "commit unknown"},
}

func normal(text string) string {
	for _, d := range differing {
		text = d.pattern.ReplaceAllString(text, d.instead)
	}
	return text
}
