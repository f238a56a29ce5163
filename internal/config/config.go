package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi"
)

// Config is what both binaries run with.
type Config struct {
	Demo     bool
	ReadOnly bool
	Profile  string // DefaultProfile, or a profile of the aliyun CLI or its credentials file
	Region   string // "": calls have to name one
	MaxWait  time.Duration
	LogLevel slog.Level
	LogJSON  bool
	// Endpoint stands in for every product's own address; nil: none does.
	Endpoint    *url.URL
	Credentials cloudapi.ChainOptions
	HTTPToken   string // secret: clients of --http have to know it; "": none is needed
}

// DefaultProfile is the one that uses the vendor's chain of credentials.
const DefaultProfile = "default"

// DefaultMaxWait is what --max-wait is without being given: clients give up
// after 60 s or so.
const DefaultMaxWait = 45 * time.Second

// The bounds of --max-wait.
const (
	minWait = time.Second
	maxWait = 10 * time.Minute
)

// setting is a flag, the environment variable that stands in for it, and what
// holds without either.
type setting struct{ flag, variable, otherwise string }

var (
	profile   = setting{"profile", "ALITRIAGE_PROFILE", DefaultProfile}
	region    = setting{"region", "ALIBABA_CLOUD_REGION_ID", ""}
	readOnly  = setting{"read-only", "ALITRIAGE_READ_ONLY", "false"}
	longest   = setting{"max-wait", "ALITRIAGE_MAX_WAIT", DefaultMaxWait.String()}
	logLevel  = setting{"log-level", "ALITRIAGE_LOG_LEVEL", "warn"}
	logFormat = setting{"log-format", "ALITRIAGE_LOG_FORMAT", "text"}
)

const flagDemo = "demo"

// Flags are those of all commands of both binaries.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: flagDemo, Usage: "use the embedded simulator instead of Alibaba Cloud; needs no credentials"},
		profile.text("`NAME` of an aliyun CLI profile to take the credentials from; \"default\": the vendor's usual sources"),
		&cli.StringFlag{Name: region.flag, Usage: "`REGION` to ask in, such as cn-hangzhou (also ALIBABA_CLOUD_REGION_ID)"},
		&cli.BoolFlag{Name: readOnly.flag, Usage: "start nothing: gather_env_stats only reads by change_id", Sources: readOnly.sources()},
		longest.text("longest `TIME` for a call, its answer included"),
		logLevel.text("`LEVEL` of the log on stderr: debug, info, warn or error"),
		logFormat.text("`FORMAT` of the log on stderr: text or json"),
	}
}

func (s setting) text(usage string) cli.Flag {
	return &cli.StringFlag{Name: s.flag, Value: s.otherwise, Usage: usage, Sources: s.sources()}
}

// sources is for help texts only. Read looks variables up itself: in the
// environment it is handed, and with complaints that name the variable.
func (s setting) sources() cli.ValueSourceChain {
	return cli.NewValueSourceChain(mentioned{cli.EnvVar(s.variable), s.variable})
}

type mentioned struct {
	cli.ValueSource

	variable string
}

func (m mentioned) Lookup() (string, bool) { return "", false }
func (m mentioned) IsFromEnv() bool        { return true }
func (m mentioned) Key() string            { return m.variable }

// Variable is one that has no flag.
type Variable struct{ Name, Usage string }

// Variables lists what is read from the environment alone.
func Variables() []Variable {
	return []Variable{
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", "with `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary keys, `ALIBABA_CLOUD_SECURITY_TOKEN`: credentials; and all else that credentials-go reads"},
		{region.variable, "region, when neither the call nor its alias nor `--region` names one"},
		{"ALIBABA_CLOUD_ECS_METADATA", "name of the instance's RAM role: ask the metadata service too, last"},
		{"ALITRIAGE_HTTP_TOKEN", "bearer token that clients of `--http` have to send; needed unless it listens on loopback"},
		{"ALITRIAGE_ENDPOINT", "one base URL for all products (tests, simulator, proxies); `http://` for loopback only"},
	}
}

// Read checks the flags that cmd was given, and the environment, which lookUp
// reads. What is empty counts as not given.
func Read(cmd *cli.Command, lookUp func(string) (string, bool)) (Config, error) {
	r := &reader{cmd: cmd, lookUp: lookUp}
	c := Config{
		Demo:     cmd.Bool(flagDemo),
		ReadOnly: r.readOnly(),
		Region:   r.region(),
		MaxWait:  r.maxWait(),
		LogLevel: r.logLevel(),
		LogJSON:  r.logJSON(),
		Endpoint: r.endpoint("ALITRIAGE_ENDPOINT"),

		HTTPToken: r.env("ALITRIAGE_HTTP_TOKEN"),
		Credentials: cloudapi.ChainOptions{
			Metadata: r.env("ALIBABA_CLOUD_ECS_METADATA") != "",
			URI:      r.env("ALIBABA_CLOUD_CREDENTIALS_URI") != "",
		},
	}
	c.Profile, _ = r.value(profile)
	return c, errors.Join(r.problems...)
}

// reader finds values and collects what is wrong with them.
type reader struct {
	cmd      *cli.Command
	lookUp   func(string) (string, bool)
	problems []error
}

func (r *reader) env(variable string) string {
	value, _ := r.lookUp(variable)
	return strings.TrimSpace(value)
}

// value also tells where it is from, for whoever has to mend it.
func (r *reader) value(s setting) (text, from string) {
	if r.cmd.IsSet(s.flag) {
		if text := strings.TrimSpace(fmt.Sprint(r.cmd.Value(s.flag))); text != "" {
			return text, "--" + s.flag
		}
	}
	if text := r.env(s.variable); text != "" {
		return text, s.variable
	}
	return s.otherwise, "--" + s.flag
}

func (r *reader) refuse(from, text, why string) {
	r.problems = append(r.problems, fmt.Errorf("%s: %.80q %s", from, text, why))
}

func (r *reader) readOnly() bool {
	text, from := r.value(readOnly)
	yes, err := strconv.ParseBool(text)
	if err != nil { // a switch for safety is not guessed
		r.refuse(from, text, "is neither true nor false")
	}
	return yes
}

func (r *reader) region() string {
	text, from := r.value(region)
	id := strings.ToLower(text)
	if id != "" && !cloudapi.ValidRegion(id) {
		r.refuse(from, text, "is not a RegionId; it looks like cn-hangzhou")
	}
	return id
}

// maxWait takes a bare number as seconds.
func (r *reader) maxWait() time.Duration {
	text, from := r.value(longest)
	unit := ""
	if _, err := strconv.Atoi(text); err == nil {
		unit = "s"
	}
	wait, err := time.ParseDuration(text + unit)
	if err != nil || wait < minWait || wait > maxWait {
		r.refuse(from, text, fmt.Sprintf("is not allowed; give a time from %.0fs to %.0fm, such as 45s", minWait.Seconds(), maxWait.Minutes()))
	}
	return wait
}

func (r *reader) logLevel() (level slog.Level) {
	text, from := r.value(logLevel)
	if level.UnmarshalText([]byte(text)) != nil {
		r.refuse(from, text, "is not a level; use debug, info, warn or error")
	}
	return level
}

func (r *reader) logJSON() bool {
	text, from := r.value(logFormat)
	switch strings.ToLower(text) {
	case "json":
		return true
	case "text":
	default:
		r.refuse(from, text, "is not a format; use text or json")
	}
	return false
}

func (r *reader) endpoint(variable string) *url.URL {
	text := r.env(variable)
	if text == "" {
		return nil
	}
	endpoint, err := cloudapi.ParseEndpoint(text)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s: %w", variable, err))
	}
	return endpoint
}

// Client makes the client for c, which talks to Alibaba Cloud.
func (c *Config) Client(version string) (*cloudapi.Client, error) {
	credentials := cloudapi.ChainCredentials(c.Credentials)
	if c.Profile != DefaultProfile {
		credentials = cloudapi.ProfileCredentials(c.Profile)
	}
	cfg := cloudapi.Config{Region: c.Region, Credentials: credentials, Version: version}
	if c.Endpoint != nil {
		cfg.Endpoints = map[cloudapi.Product]*url.URL{
			cloudapi.ECS: c.Endpoint, cloudapi.SAE: c.Endpoint, cloudapi.WebPlus: c.Endpoint, cloudapi.BPStudio: c.Endpoint,
		}
	}
	return cloudapi.New(cfg)
}
