package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

const (
	helperTime   = 60 * time.Second // as in credentials-go; the CLI waits for ever
	helperAnswer = 64 << 10         // bytes
)

// external runs the helper program of a profile. What it prints is kept to
// ourselves: it holds a key, and stdin and stdout of this process are a protocol.
func (r *resolver) external(l lookUp, f *cliFile, p *cliProfile) (session, error) {
	if helpersDisabled() {
		return session{}, inWords("switched off by the variable " + disableExternal)
	}
	if l.helped {
		return session{}, inVain("the answer of its program leads to a program again")
	}
	l.helped = true
	args, err := splitCommand(p.ProcessCommand)
	if err != nil {
		return session{}, inWords("its process_command " + err.Error())
	}
	l.asking("the program of " + profileSource(p.Name, f.shown))
	answer, err := runHelper(l.ctx, args)
	if err != nil {
		return session{}, err
	}
	// As for the CLI, the answer is laid over the profile, and what comes out is
	// resolved as a profile.
	given, err := readHelperAnswer(answer)
	if err != nil {
		return session{}, err
	}
	merged := *p
	if json.Unmarshal(answer, &merged) != nil {
		return session{}, inVain("its program did not answer with a profile in JSON")
	}
	merged.Name, merged.Mode = p.Name, given.Mode
	if why := f.check(&merged); why != nil {
		return session{}, inVain("in the answer of its program, " + strings.TrimPrefix(why.Error(), "its "))
	}
	s, err := r.resolve(l, f, &merged)
	s.keep, s.asked = answerLifetime, true
	if s.expires.IsZero() {
		s.expires = given.expiry()
	}
	return s, err
}

// helperProfile is what the answer itself holds.
type helperProfile struct {
	cliProfile

	Expiration any `json:"expiration"` // of credentials-go; the CLI does not mind what it is
}

// readHelperAnswer refuses what could be put together wrongly: half a key of the
// program with half a key of the file, and modes that lead back here or write.
func readHelperAnswer(answer []byte) (*helperProfile, error) {
	var given helperProfile
	if err := json.Unmarshal(answer, &given); err != nil {
		if field, want, _ := wrongType(err); field != "" {
			return nil, inVain("in the answer of its program, " + field + " has to be " + want)
		}
		return nil, inVain("its program did not answer with a profile in JSON")
	}
	if given.Mode == "" { // as in credentials-go
		given.Mode = given.mode()
	}
	key := []cliField{{"access_key_id", given.AccessKeyID}, {"access_key_secret", given.AccessKeySecret}}
	switch given.Mode {
	case modeAK, modeRamRoleArn:
	case modeStsToken:
		key = append(key, cliField{"sts_token", given.SecurityToken})
	case modeEcsRamRole, modeRamRoleArnWithEcs, modeChainableRamRoleArn, modeOIDC:
		key = nil
	default:
		return nil, inVain("its program answered with a mode that it may not: AK, StsToken, RamRoleArn, EcsRamRole, RamRoleArnWithRoleName, ChainableRamRoleArn or OIDC")
	}
	for _, part := range key {
		if strings.TrimSpace(part.value) == "" {
			return nil, inVain("its program answered with mode " + given.Mode + " and without " + part.name)
		}
	}
	return &given, nil
}

func (h *helperProfile) expiry() time.Time {
	text, _ := h.Expiration.(string)
	if expires, err := time.Parse(time.RFC3339, text); err == nil {
		return expires
	}
	if h.Expires > 0 {
		return unix(h.Expires)
	}
	return time.Time{}
}

// runHelper starts a program without a shell, and bounds its time and its
// answer.
func runHelper(ctx context.Context, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTime)
	defer cancel()
	defer helpers.add(cancel)()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the user's own file says what to start
	answer := boundedBuffer{full: cancel}
	cmd.Stdout = &answer
	cmd.WaitDelay = time.Second // for what it has started itself, and which holds the pipe
	ownGroup(cmd)
	err := cmd.Run()
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case answer.over:
		return nil, inVain(fmt.Sprintf("its program answered with more than %d KiB", helperAnswer>>10))
	case ctx.Err() != nil:
		return nil, inVain("its program did not end within " + helperTime.String())
	case exited:
		return nil, inVain("its program failed (" + oneLine(exit.String(), 40) + "); start it in a terminal to see why")
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, inWords(notStarted(args[0], err))
	}
	return answer.kept.Bytes(), nil
}

// helpers are the programs that run now.
var helpers helperList

type helperList struct {
	mu      sync.Mutex
	running map[*helperRun]bool
}

type helperRun struct {
	end  context.CancelFunc
	done chan struct{}
}

// add takes up a program that end ends, until it has ended.
func (l *helperList) add(end context.CancelFunc) (ended func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == nil {
		l.running = make(map[*helperRun]bool)
	}
	run := &helperRun{end, make(chan struct{})}
	l.running[run] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.running, run)
		close(run.done)
	}
}

// EndHelpers ends the helper programs that run, with all that they have started. It
// is for the end of the process, which nobody would end them after.
func EndHelpers() {
	helpers.mu.Lock()
	running := slices.Collect(maps.Keys(helpers.running))
	helpers.mu.Unlock()
	for _, run := range running {
		run.end()
		<-run.done
	}
}

// notStarted says why a program could not be started, in words that do not hold
// its path.
func notStarted(program string, err error) string {
	code, bySystem := errors.AsType[syscall.Errno](err)
	switch {
	case strings.HasPrefix(program, "~"):
		return "its program was not found: nothing expands the ~ in process_command, so write the whole path"
	case errors.Is(err, exec.ErrNotFound):
		return "its program was not found: process_command has to name one on the PATH, or with its whole path"
	case errors.Is(err, fs.ErrNotExist):
		return "its program was not found, or else the interpreter that its first line names"
	case bySystem:
		return "its program cannot be started: " + code.Error()
	default:
		return "its program cannot be started"
	}
}

// boundedBuffer keeps the beginning of what is written, and calls full when there
// is more. It has no other way in than Write.
type boundedBuffer struct {
	kept bytes.Buffer
	over bool
	full func()
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	keep := min(len(p), helperAnswer-b.kept.Len())
	if keep < len(p) {
		b.over = true
		b.full()
	}
	b.kept.Write(p[:keep])
	return len(p), nil
}

// splitCommand makes a program and its arguments of a line, by the rules of the
// CLI: those of a POSIX shell for blanks, quotation marks and backslashes, and
// on Windows a backslash is a part of a path.
func splitCommand(line string) ([]string, error) {
	return splitCommandFor(line, runtime.GOOS == "windows")
}

func splitCommandFor(line string, windows bool) ([]string, error) {
	var args []string
	var word strings.Builder
	begun, quote := false, rune(0)
	runes := []rune(strings.TrimSpace(line))
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		next, hasNext := rune(0), i+1 < len(runes)
		if hasNext {
			next = runes[i+1]
		}
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteRune(c)
		case quote != 0 && c == quote:
			quote = 0
		case quote == '"' && windows && next != '"', quote == 0 && c == '\\' && windows,
			quote == '"' && !windows && !strings.ContainsRune("\"\\$`\n", next), quote == '"' && !hasNext:
			word.WriteRune(c) // a backslash that stands for itself
			begun = true
		case c == '\\' && !hasNext:
			return nil, errors.New("ends with a backslash")
		case c == '\\':
			i++
			if next != '\n' { // else the line goes on
				word.WriteRune(next)
				begun = true
			}
		case c == '"', c == '\'':
			quote, begun = c, true
		case unicode.IsSpace(c):
			if begun {
				args = append(args, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errors.New("has a quotation mark that is not closed")
	}
	if begun {
		args = append(args, word.String())
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("names no program")
	}
	return args, nil
}
