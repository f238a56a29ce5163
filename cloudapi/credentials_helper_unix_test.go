//go:build unix

package cloudapi_test

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// A helper that waits for somebody to sign in must not outlive us.
func TestHelpersAreEndedWithUs(t *testing.T) {
	home := bareMachine(t)
	pipe := home + "/pipe"
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	writeFile(t, home+"/helper", "#!/bin/sh\nexec 3>'"+pipe+"'\necho started >&3\nsleep 3600 &\nwait\n")
	require.NoError(t, os.Chmod(home+"/helper", 0o700))
	writeFile(t, home+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"`+home+`/helper"}]}`)
	left := make(chan error, 1)
	go func() {
		_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
		left <- err
	}()
	all, err := os.Open(pipe) // waits for the helper
	require.NoError(t, err)
	defer all.Close()
	line := make([]byte, len("started\n"))
	_, err = io.ReadFull(all, line)
	require.NoError(t, err)

	cloudapi.EndHelpers()
	require.ErrorIs(t, <-left, cloudapi.ErrNoCredentials)
	rest, err := io.ReadAll(all) // until nobody holds the other end
	require.NoError(t, err)
	require.Empty(t, rest)
	cloudapi.EndHelpers() // of none
}

// Why a helper program gave no key is said, and nothing that it printed.
func TestAHelperThatGivesNoKey(t *testing.T) {
	const answer = `{"mode":"StsToken","access_key_id":"STS.helper","access_key_secret":"helper-secret","sts_token":"helper-token"`
	for name, row := range map[string]struct {
		command string // "": the test's own program
		prints  string
		says    string // "": it gives one
	}{
		"not on the PATH":              {command: "no-such-helper", says: "process_command has to name one on the PATH, or with its whole path"},
		"not at its path":              {command: "HOME/no-such-helper", says: "its program was not found, or else the interpreter that its first line names"},
		"no interpreter":               {command: "HOME/lost", says: "or else the interpreter that its first line names"},
		"a home that nothing expands":  {command: "~/helper", says: "nothing expands the ~ in process_command, so write the whole path"},
		"not executable":               {command: "HOME/plain", says: "its program cannot be started: permission denied"},
		"a directory":                  {command: "HOME", says: "its program cannot be started: permission denied"},
		"no program at all":            {command: "HOME/text", says: "its program cannot be started: exec format error"},
		"no end":                       {prints: "endless", says: "its program answered with more than 64 KiB"},
		"a number for a text":          {prints: `{"mode":"AK","access_key_id":7,"access_key_secret":"helper-secret"}`, says: "in the answer of its program, access_key_id has to be a text in quotation marks"},
		"a text for a number":          {prints: answer + `,"sts_expiration":"helper-time"}`, says: "in the answer of its program, sts_expiration has to be a number"},
		"a byte order mark":            {prints: "\ufeff" + answer + "}", says: "its program did not answer with a profile in JSON"},
		"a number for its expiration":  {prints: answer + `,"expiration":1796083200000}`},
		"an expiration of no calendar": {prints: answer + `,"expiration":"tomorrow"}`},
	} {
		t.Run(name, func(t *testing.T) {
			home := bareMachine(t)
			for file, text := range map[string]string{"plain": "#!/bin/sh", "lost": "#!/no/such/interpreter", "text": "text"} {
				writeFile(t, home+"/"+file, text)
				if file != "plain" {
					require.NoError(t, os.Chmod(home+"/"+file, 0o700))
				}
			}
			command := strings.ReplaceAll(row.command, "HOME", home)
			if command == "" {
				command = helper(t)
				t.Setenv(helperAnswer, row.prints)
			}
			writeFile(t, home+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"`+command+`"}]}`)
			key, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
			if row.says == "" {
				require.NoError(t, err)
				require.Equal(t, "STS.helper", key.ID)
				return
			}
			require.ErrorContains(t, err, row.says)
			requireHidden(t, "helper-", err)
			requireHidden(t, home, err)
		})
	}
}
