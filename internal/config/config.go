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
	Profile  string // "default", or a profile of the aliyun CLI or its credentials file
	Region   string // "": calls have to name one
	MaxWait  time.Duration
	LogLevel slog.Level
	LogJSON  bool
	// Endpoint stands in for every product's own address; nil: none does.
	Endpoint    *url.URL
	Credentials cloudapi.ChainOptions
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

// The names of the flags, which Read finds again.
const (
	flagDemo      = "demo"
	flagReadOnly  = "read-only"
	flagProfile   = "profile"
	flagRegion    = "region"
	flagMaxWait   = "max-wait"
	flagLogLevel  = "log-level"
	flagLogFormat = "log-format"
)

// Flags are those of all commands of both binaries.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: flagDemo, Usage: "use the embedded simulator instead of Alibaba Cloud; needs no credentials"},
		&cli.StringFlag{Name: flagProfile, Value: DefaultProfile, Usage: "`NAME` of an aliyun CLI profile to take the credentials from; \"default\": the vendor's usual sources",
			Sources: cli.EnvVars("ALITRIAGE_PROFILE")},
		&cli.StringFlag{Name: flagRegion, Usage: "`REGION` to ask in, such as cn-hangzhou (also ALIBABA_CLOUD_REGION_ID)"},
		&cli.BoolFlag{Name: flagReadOnly, Usage: "start nothing: gather_env_stats only reads by change_id",
			Sources: cli.EnvVars("ALITRIAGE_READ_ONLY")},
		&cli.StringFlag{Name: flagMaxWait, Value: DefaultMaxWait.String(), Usage: "longest `TIME` for a call, its answer included",
			Sources: cli.EnvVars("ALITRIAGE_MAX_WAIT")},
		&cli.StringFlag{Name: flagLogLevel, Value: "warn", Usage: "`LEVEL` of the log on stderr: debug, info, warn or error",
			Sources: cli.EnvVars("ALITRIAGE_LOG_LEVEL")},
		&cli.StringFlag{Name: flagLogFormat, Value: "text", Usage: "`FORMAT` of the log on stderr: text or json",
			Sources: cli.EnvVars("ALITRIAGE_LOG_FORMAT")},
	}
}

// Variable is one that has no flag.
type Variable struct{ Name, Usage string }

// Variables lists what is read from the environment alone.
func Variables() []Variable {
	return []Variable{
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", "with `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary keys, `ALIBABA_CLOUD_SECURITY_TOKEN`: credentials; and all else that credentials-go reads"},
		{"ALIBABA_CLOUD_REGION_ID", "region, when neither the call nor its alias nor `--region` names one"},
		{"ALIBABA_CLOUD_ECS_METADATA", "name of the instance's RAM role: ask the metadata service too, last"},
		{"ALITRIAGE_ENDPOINT", "one base URL for all products (tests, simulator, proxies); `http://` for loopback only"},
	}
}

// Read checks the flags that cmd was given, and the rest of the environment,
// which lookUp reads.
func Read(cmd *cli.Command, lookUp func(string) (string, bool)) (Config, error) {
	env := func(name string) string {
		value, _ := lookUp(name)
		return strings.TrimSpace(value)
	}
	c := Config{
		Demo:     cmd.Bool(flagDemo),
		ReadOnly: cmd.Bool(flagReadOnly),
		Profile:  strings.TrimSpace(cmd.String(flagProfile)),
		Region:   strings.ToLower(strings.TrimSpace(cmd.String(flagRegion))),
		Credentials: cloudapi.ChainOptions{
			Metadata: env("ALIBABA_CLOUD_ECS_METADATA") != "",
			URI:      env("ALIBABA_CLOUD_CREDENTIALS_URI") != "",
		},
	}
	regionFrom := "--" + flagRegion
	if c.Region == "" {
		c.Region, regionFrom = env("ALIBABA_CLOUD_REGION_ID"), "ALIBABA_CLOUD_REGION_ID"
	}
	return c, errors.Join(
		c.checkRegion(regionFrom),
		c.readWait(strings.TrimSpace(cmd.String(flagMaxWait))),
		c.readLog(cmd.String(flagLogLevel), cmd.String(flagLogFormat)),
		c.readEndpoint(env("ALITRIAGE_ENDPOINT")),
	)
}

func (c *Config) checkRegion(from string) error {
	if c.Region == "" || cloudapi.ValidRegion(c.Region) {
		return nil
	}
	return fmt.Errorf("%s: %.80q is not a RegionId; it looks like cn-hangzhou", from, c.Region)
}

// readWait takes a bare number as seconds.
func (c *Config) readWait(text string) error {
	wait, err := time.ParseDuration(text)
	if seconds, bare := strconv.Atoi(text); bare == nil {
		wait, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || wait < minWait || wait > maxWait {
		return fmt.Errorf("--%s (ALITRIAGE_MAX_WAIT): %.40q is not allowed; give a time from %s to %s, such as 45s", flagMaxWait, text, minWait, maxWait)
	}
	c.MaxWait = wait
	return nil
}

func (c *Config) readLog(level, format string) error {
	var problems []error
	if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
		problems = append(problems, fmt.Errorf("--%s (ALITRIAGE_LOG_LEVEL): %.40q is not a level; use debug, info, warn or error", flagLogLevel, level))
	}
	switch strings.ToLower(format) {
	case "json":
		c.LogJSON = true
	case "text":
	default:
		problems = append(problems, fmt.Errorf("--%s (ALITRIAGE_LOG_FORMAT): %.40q is not a format; use text or json", flagLogFormat, format))
	}
	return errors.Join(problems...)
}

func (c *Config) readEndpoint(raw string) error {
	if raw == "" {
		return nil
	}
	endpoint, err := cloudapi.ParseEndpoint(raw)
	if err != nil {
		return fmt.Errorf("ALITRIAGE_ENDPOINT: %w", err)
	}
	c.Endpoint = endpoint
	return nil
}

// Client makes the client for c, which talks to Alibaba Cloud.
func (c *Config) Client(version string) (*cloudapi.Client, error) {
	credentials := cloudapi.ChainCredentials(c.Credentials)
	if c.Profile != DefaultProfile && c.Profile != "" {
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
