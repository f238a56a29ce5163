package cloudapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var oddFiles = []string{
	`{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"i","access_key_secret":"hidden-secret"}]}`,
	`{"profiles":[null,{"NAME":"p","Mode":"OAuth","oauth_refresh_token":"hidden-secret"}],"meta_path":""}`,
	"{\n\t\"profiles\" : [ {\"name\" : \"p\" , \"a\":[1,{\"b\":\"}\"}]} ]\n}\n",
	`{"profiles":[{"name":"p","name":"q"},{"name":"p"}]}`,
	`{"profiles":[{"name":"p","oauth_access_token":1e400,"x":"\ud800\\\""}]}`,
	`{"profiles":{"name":"p"}}`, `[]`, `null`, `{"profiles":[{"name":"p"},]}`, "\xef\xbb\xbf{}", "{\"profiles\":[{\"name\":\"p\",\"mode\":\"\xff\"}]}", ``, `{`,
	`{"profiles":[{"name":"p"}],"profiles":[{"name":"p"}]}`, `{"current":7}`,
}

// FuzzCLIFile holds that whatever is in the file, it is read or refused in words
// of ours, and that no profile of it leads on for ever.
func FuzzCLIFile(f *testing.F) {
	for _, text := range oddFiles {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseCLIFile(text)
		if err != nil {
			_, ours := errors.AsType[inWords](err)
			require.True(t, ours)
			require.Less(t, len(err.Error()), 300)
			return
		}
		var again cliFile
		require.NoError(t, json.Unmarshal(text, &again), "the CLI reads it, too")
		for _, p := range file.Profiles {
			if p == nil {
				continue
			}
			shown := fmt.Sprintf("%v %+v %#v %s", p, p, p, p)
			if why := file.check(p); why != nil {
				shown += why.Error()
			}
			if !strings.Contains(file.names()+p.Name, "hidden") { // names are shown
				require.NotContains(t, shown, "hidden-secret")
			}
			_, _ = splitCommandFor(p.ProcessCommand, false)
		}
	})
}

// FuzzEditProfile holds that an edit changes what it says and nothing else, or
// does nothing.
func FuzzEditProfile(f *testing.F) {
	for _, text := range oddFiles {
		f.Add([]byte(text), "p", "new-token", int64(1796083200))
	}
	f.Add([]byte(oddFiles[0]), "p", "quo\"te\\<&>\u2028\x00", int64(-1))
	f.Fuzz(func(t *testing.T, text []byte, profile, value string, number int64) {
		if len(text) > 1<<12 || !json.Valid([]byte(`"`+strings.ToValidUTF8(strings.Map(plainRune, value), "")+`"`)) {
			return
		}
		value = strings.ToValidUTF8(value, "")
		changes := []change{{"oauth_access_token", value}, {"oauth_access_token_expire", number % (1 << 50)}}
		after, err := editProfile(text, profile, changes)
		if err != nil {
			return
		}
		before, edited := parsedOrNot(text), parsedOrNot(after)
		require.NotNil(t, edited)
		p := edited.find(profile)
		require.NotNil(t, p)
		require.Equal(t, value, p.OAuthAccess)
		require.Equal(t, number%(1<<50), p.OAuthAccessExpire)
		require.Len(t, edited.Profiles, len(before.Profiles))
		if after[0] != text[0] {
			t.Error("the beginning has changed")
		}
		requireSameAround(t, text, after, profile)
		same, err := editProfile(after, profile, changes)
		require.NoError(t, err)
		require.Equal(t, string(after), string(same), "once more changes nothing")
	})
}

func plainRune(r rune) rune {
	if r < ' ' || r == '"' || r == '\\' {
		return 'x'
	}
	return r
}

func parsedOrNot(text []byte) *cliFile {
	f, _ := parseCLIFile(text)
	return f
}

// requireSameAround compares what stands before and behind the profile.
func requireSameAround(t *testing.T, before, after []byte, profile string) {
	t.Helper()
	start, stop, err := profileSpan(before, profile)
	require.NoError(t, err)
	newStart, newStop, err := profileSpan(after, profile)
	require.NoError(t, err)
	require.Equal(t, string(before[:start]), string(after[:newStart]))
	require.Equal(t, string(before[stop:]), string(after[newStop:]))
	rest := func(object []byte) (kept []string) {
		list, err := members(object)
		require.NoError(t, err)
		for _, m := range list {
			if !strings.EqualFold(m.key, "oauth_access_token") && !strings.EqualFold(m.key, "oauth_access_token_expire") {
				kept = append(kept, string(object[m.keyStart:m.stop]))
			}
		}
		return kept
	}
	require.Equal(t, rest(before[start:stop]), rest(after[newStart:newStop]), "the other fields, byte for byte")
}

func TestAnEditThatNobodyCanBeSureOfIsNotMade(t *testing.T) {
	for name, text := range map[string]string{
		"the field twice":           `{"profiles":[{"name":"p","oauth_access_token":"a","OAUTH_ACCESS_TOKEN":"b"}]}`,
		"the list twice":            `{"profiles":[],"Profiles":[{"name":"p"}]}`,
		"the profile is not there":  `{"profiles":[{"name":"q"}]}`,
		"no list":                   `{"profiles":{"name":"p"}}`,
		"no object":                 `[{"name":"p"}]`,
		"cut off":                   `{"profiles":[{"name":"p"}`,
		"the name is of both kinds": `{"profiles":[{"name":"p","Name":"q"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := editProfile([]byte(text), "p", []change{{"oauth_access_token", "x"}})
			require.Error(t, err)
		})
	}
}

func TestAFileThatSomebodyElseHasWrittenIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte("theirs"), 0o600))
	written, err := replaceFile(path, []byte("before"), []byte("after"))
	require.NoError(t, err)
	require.False(t, written)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "theirs", string(text))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestCommandsAreSplitAsTheCLISplitsThem(t *testing.T) {
	for line, want := range map[string][]string{
		`tool`:                             {"tool"},
		"  tool\t--a  b\n":                 {"tool", "--a", "b"},
		`'/opt/my tool' "a b" c\ d`:        {"/opt/my tool", "a b", "c d"},
		`tool "" ''`:                       {"tool", "", ""},
		`tool "a\"b\\c\$d\` + "`" + `e\f"`: {"tool", `a"b\c$d` + "`" + `e\f`},
		`tool 'a\b"c'`:                     {"tool", `a\b"c`},
		"tool a\\\nb":                      {"tool", "ab"},
		"tool \"a\\\nb\"":                  {"tool", "ab"},
		`tool a'b'"c"d`:                    {"tool", "abcd"},
		`tool $HOME *`:                     {"tool", "$HOME", "*"},
		`tool 密钥`:                          {"tool", "密钥"},
	} {
		got, err := splitCommandFor(line, false)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	for line, want := range map[string][]string{
		`C:\tools\cred.exe --a`:            {`C:\tools\cred.exe`, "--a"},
		`"C:\Program Files\t.exe" "a\"b"`:  {`C:\Program Files\t.exe`, `a"b`},
		`C:\tools\cred.exe "C:\x y\" last`: nil,
	} {
		got, err := splitCommandFor(line, true)
		if want == nil {
			require.Error(t, err, line)
			continue
		}
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	for _, line := range []string{"", " \n", `''`, `tool "a`, `tool 'a`, `tool \`} {
		_, err := splitCommandFor(line, false)
		require.Error(t, err, line)
	}
}

func TestAHelperThatDoesNotEndIsEnded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := runHelper(ctx, []string{"sh", "-c", "sleep 600 & sleep 600"})
	require.ErrorContains(t, err, "its program did not end")
	require.Less(t, time.Since(began), 600*time.Second, "the child that it leaves holds its output until then")
}

func TestASyntaxFaultNamesItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\"a\":1,\n}":             "a comma too many at the end of line 2",
		"{\"profiles\":[\n{},\n\n]}": "a comma too many at the end of line 2",
		"{\n\"a\" 1}":                "look at line 2",
		"{\n\"a\":\n":                "it ends too early, in line 3",
		"{}\n{}":                     "look at line 2",
		"x":                          "look at line 1",
	} {
		_, err := parseCLIFile([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
	require.NotPanics(t, func() { _, _ = parseCLIFile(bytes.Repeat([]byte("["), 20000)) })
}
