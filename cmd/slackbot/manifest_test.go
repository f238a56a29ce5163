package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// runApp runs the program in an environment of env alone.
func runApp(t *testing.T, env map[string]string, out, errs io.Writer, args ...string) int {
	t.Helper()
	program := app{args: args, out: out, errs: errs, lookUp: func(name string) (string, bool) { value, ok := env[name]; return value, ok }}
	return program.run(t.Context())
}

func TestManifest(t *testing.T) {
	for name, args := range map[string][]string{
		"socket_mode": {"alitriage-slackbot", "manifest"},
		"http_mode":   {"alitriage-slackbot", "manifest", "--url", "https://bot.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Zero(t, runApp(t, nil, &out, &errs, args...), errs.String())
			golden := "testdata/" + name + ".yaml"
			if *update {
				require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
		})
	}
}

func TestTheReadmeSaysWhatEachScopeIsFor(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, scope := range scopes {
		require.Contains(t, string(readme), "\n| `"+scope+"` | ")
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"the URL must be https":            {[]string{"manifest", "--url", "http://bot.example.com"}, "--url must be the bot's public https address"},
		"the URL must not hold a password": {[]string{"manifest", "--url", "https://u:p@bot.example.com"}, "--url must be"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Equal(t, exitRefused, runApp(t, nil, &out, &errs, append([]string{"alitriage-slackbot"}, tc.args...)...))
			require.Contains(t, errs.String(), tc.says)
			require.Empty(t, out.String())
		})
	}
}
