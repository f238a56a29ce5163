package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
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
	s.keep = answerLifetime
	if s.expires.IsZero() {
		s.expires = given.expiry()
	}
	return s, err
}

// helperProfile is what the answer itself holds.
type helperProfile struct {
	cliProfile

	Expiration string `json:"expiration"` // of credentials-go
}

// readHelperAnswer refuses what could be put together wrongly: half a key of the
// program with half a key of the file, and modes that lead back here or write.
func readHelperAnswer(answer []byte) (*helperProfile, error) {
	var given helperProfile
	if json.Unmarshal(answer, &given) != nil {
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
	if expires, err := time.Parse(time.RFC3339, h.Expiration); err == nil {
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
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the user's own file says what to start
	var answer boundedBuffer
	cmd.Stdout = &answer
	cmd.WaitDelay = time.Second // for what it has started itself, and which holds the pipe
	ownGroup(cmd)
	err := cmd.Run()
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return nil, inVain("its program did not end within " + helperTime.String())
	case exited:
		return nil, inVain("its program failed (" + oneLine(exit.String(), 40) + "); start it in a terminal to see why")
	case errors.Is(err, exec.ErrNotFound):
		return nil, inWords("its program was not found: process_command has to name one on the PATH, or with its whole path")
	case answer.over:
		return nil, inVain(fmt.Sprintf("its program answered with more than %d KiB", helperAnswer>>10))
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, inWords("its program cannot be started")
	}
	return answer.kept.Bytes(), nil
}

// boundedBuffer takes everything and keeps the beginning. It has no other way in
// than Write.
type boundedBuffer struct {
	kept bytes.Buffer
	over bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	keep := min(len(p), helperAnswer-b.kept.Len())
	b.over = b.over || keep < len(p)
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
