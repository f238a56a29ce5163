package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/config"
)

func readSlack(env environment) (config.SlackAccess, error) {
	return config.ReadSlackAccess(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
}

func TestTheBotsWayToSlack(t *testing.T) {
	for name, row := range map[string]struct {
		env  environment
		want config.SlackAccess
	}{
		"Socket Mode": {
			environment{"SLACK_BOT_TOKEN": " xoxb-1\n", "SLACK_APP_TOKEN": "xapp-1", "HOME": "/home/u"},
			config.SlackAccess{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: "https://slack.com/api/", DataDir: "/home/u/.local/state/alitriage"},
		},
		"HTTP": {
			environment{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "XDG_STATE_HOME": "/state", "HOME": "/home/u"},
			config.SlackAccess{BotToken: "xoxb-1", SigningSecret: "s", APIURL: "https://slack.com/api/", DataDir: "/state/alitriage"},
		},
		"a test's": {
			environment{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "ALITRIAGE_DATA_DIR": "/d", "ALITRIAGE_NATS_URL": "nats://u:p@h", "ALITRIAGE_SLACK_API_URL": "http://127.0.0.1:4/api"},
			config.SlackAccess{BotToken: "xoxb-1", SigningSecret: "s", APIURL: "http://127.0.0.1:4/api/", Loopback: true, DataDir: "/d", NATSURL: "nats://u:p@h"},
		},
	} {
		got, err := readSlack(row.env)
		require.NoError(t, err, name)
		require.Equal(t, row.want, got, name)
	}
}

func TestWhatTheBotLacksIsSaidAtOnceAndWithoutValues(t *testing.T) {
	_, err := readSlack(environment{"SLACK_BOT_TOKEN": "xapp-secret", "SLACK_APP_TOKEN": "xoxb-secret", "ALITRIAGE_SLACK_API_URL": "http://slack.example"})
	require.EqualError(t, err, strings.Join([]string{
		"SLACK_BOT_TOKEN: its value is not a bot token, which begins with xoxb-",
		"SLACK_APP_TOKEN: its value is not an app-level token, which begins with xapp-",
		"ALITRIAGE_DATA_DIR: it is missing, and there is no HOME to find a directory in",
		`ALITRIAGE_SLACK_API_URL: endpoint "http://slack.example": http:// is accepted for loopback only; use https://`,
	}, "\n"))
	_, err = readSlack(environment{"HOME": "/h"})
	require.EqualError(t, err, strings.Join([]string{
		"SLACK_BOT_TOKEN: it is missing; it is under OAuth & Permissions of the app, once the app is installed",
		"SLACK_APP_TOKEN: it is missing, for Socket Mode; or set SLACK_SIGNING_SECRET, for HTTP (both are under Basic Information of the app)",
	}, "\n"))
}

func TestASecretDoesNotPrint(t *testing.T) {
	secret := struct{ Token config.Secret }{"xoxb-do-not-show"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "secret", secret.Token, "within", secret)
	asJSON, err := json.Marshal(secret)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", secret, secret, secret, secret.Token, secret.Token, secret.Token), string(asJSON), log.String()} {
		require.NotContains(t, text, "xoxb")
		require.NotContains(t, text, fmt.Sprintf("%x", "xoxb"))
	}
	require.Equal(t, "xoxb-do-not-show", secret.Token.Reveal())
}
