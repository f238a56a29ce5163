package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestManifest(t *testing.T) {
	for name, args := range map[string][]string{
		"socket_mode": {"alitriage-slackbot", "manifest"},
		"http_mode":   {"alitriage-slackbot", "manifest", "--url", "https://bot.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Zero(t, run(t.Context(), args, &out, &errs), errs.String())
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

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"serving is not there yet":         {nil, "does not serve Slack yet"},
		"the URL must be https":            {[]string{"manifest", "--url", "http://bot.example.com"}, "--url must be the bot's public https address"},
		"the URL must not hold a password": {[]string{"manifest", "--url", "https://u:p@bot.example.com"}, "--url must be"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Equal(t, 2, run(t.Context(), append([]string{"alitriage-slackbot"}, tc.args...), &out, &errs))
			require.Contains(t, errs.String(), tc.says)
			require.Empty(t, out.String())
		})
	}
}
