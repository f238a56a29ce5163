package config

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi"
)

// Secret does not print, marshal or log. Reveal is for where it is used.
type Secret string

const hidden = "(secret)"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return hidden }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// SlackAccess is how the bot gets to Slack, and where it keeps its work.
type SlackAccess struct {
	BotToken      Secret
	SigningSecret Secret // of requests over HTTP
	AppToken      Secret // of Socket Mode; "": requests come over HTTP
	APIURL        string // of the Web API, with a slash at its end
	Loopback      bool   // APIURL is a test's, and so are response_urls
	DataDir       string // of the embedded JetStream
	NATSURL       Secret // of an external one, which may hold a password; "": the embedded one
}

const (
	slackAPI         = "https://slack.com/api/"
	variableBot      = "SLACK_BOT_TOKEN"
	variableSigning  = "SLACK_SIGNING_SECRET"
	variableApp      = "SLACK_APP_TOKEN"
	variableSlackAPI = "ALITRIAGE_SLACK_API_URL"
	variableData     = "ALITRIAGE_DATA_DIR"
	variableNATS     = "ALITRIAGE_NATS_URL"
)

// FlagListen is the bot's own flag.
const FlagListen = "listen"

// SlackFlags are those of the bot.
func SlackFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: FlagListen, Value: ":8080", Usage: "`ADDR` of Slack's requests over HTTP, and of /healthz, /readyz and /metrics; in Socket Mode, which takes no requests, 127.0.0.1:8080 unless this is given",
	}}
}

// SlackVariables lists what the bot reads from the environment alone.
func SlackVariables() []Variable {
	return []Variable{
		{variableBot, "the app's bot token (`xoxb-…`)"},
		{variableApp, "an app-level token (`xapp-…`, scope connections:write): Socket Mode; without it requests come over HTTP"},
		{variableSigning, "signs what comes over HTTP; needed without `SLACK_APP_TOKEN`"},
		{variableData, "where the embedded JetStream keeps the work, a directory of mode 0700; default `~/.local/state/alitriage`"},
		{variableNATS, "an external NATS JetStream cluster instead, for several replicas"},
		{variableSlackAPI, "the Web API's base URL (tests); `http://` for loopback only"},
	}
}

// ReadSlackAccess checks these variables. No value of theirs is in its errors.
func ReadSlackAccess(lookUp func(string) (string, bool)) (SlackAccess, error) {
	r := &reader{lookUp: lookUp}
	a := SlackAccess{
		BotToken:      r.token(variableBot, "xoxb-", "a bot token"),
		AppToken:      r.token(variableApp, "xapp-", "an app-level token"),
		SigningSecret: Secret(r.env(variableSigning)),
		NATSURL:       Secret(r.env(variableNATS)),
		DataDir:       r.dataDir(),
	}
	a.APIURL, a.Loopback = r.slackAPI()
	if a.BotToken == "" {
		r.problems = append(r.problems, errors.New(variableBot+": it is missing; it is under OAuth & Permissions of the app, once the app is installed"))
	}
	if a.AppToken == "" && a.SigningSecret == "" {
		r.problems = append(r.problems, fmt.Errorf("%s: it is missing, for Socket Mode; or set %s, for HTTP (both are under Basic Information of the app)", variableApp, variableSigning))
	}
	return a, errors.Join(r.problems...)
}

func (r *reader) token(variable, prefix, what string) Secret {
	value := r.env(variable)
	if value != "" && !strings.HasPrefix(value, prefix) {
		r.problems = append(r.problems, fmt.Errorf("%s: its value is not %s, which begins with %s", variable, what, prefix))
	}
	return Secret(value)
}

func (r *reader) slackAPI() (base string, loopback bool) {
	text := r.env(variableSlackAPI)
	if text == "" {
		return slackAPI, false
	}
	u, err := cloudapi.ParseEndpoint(text)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s: %w", variableSlackAPI, err))
		return "", false
	}
	return u.String() + "/", u.Scheme == "http"
}

// dataDir is under the user's state directory unless it is said.
func (r *reader) dataDir() string {
	if dir := r.env(variableData); dir != "" {
		return dir
	}
	for _, place := range []struct{ variable, below string }{
		{"XDG_STATE_HOME", ""}, {"HOME", filepath.Join(".local", "state")}, {"LOCALAPPDATA", ""},
	} {
		if base := r.env(place.variable); base != "" {
			return filepath.Join(base, place.below, "alitriage")
		}
	}
	r.problems = append(r.problems, errors.New(variableData+": it is missing, and there is no HOME to find a directory in"))
	return ""
}
