package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// Config is what both binaries run with: flags, environment and file, checked.
type Config struct {
	Demo     bool
	ReadOnly bool
	MaxWait  time.Duration
	LogLevel slog.Level
	LogJSON  bool
	// Profiles are the accounts that calls may choose from, the default one first.
	Profiles []Profile
	Aliases  []tools.Alias
	Slack    Slack
	// Credentials are those of profiles without a credentials profile.
	Credentials cloudapi.CredentialOptions
	HTTPToken   string // secret: clients of --http have to know it; "": none is needed
	File        string // that was read; "": none
	// Unused are the variables of the vendor's tools that are set and not used.
	Unused      []cloudapi.VariableInUse
	UnreadProxy string // a variable with a proxy that is no URL, which net/http passes over in silence; "": none

	sources   sources
	variables []string // that are set, of those whose values are not shown
}

// Profile is an account, and how to reach it.
type Profile struct {
	Name string
	// CredentialsProfile is one of the aliyun CLI or its credentials file; "": the
	// vendor's usual sources are asked.
	CredentialsProfile string
	RoleARN            string // to assume; "": none
	Region             string // "": calls have to name one
	Site               formatters.Site
	Endpoints          map[cloudapi.Product]*url.URL // instead of the products' own
}

// Slack says who may do what there. The ids are Slack's.
type Slack struct {
	TeamIDs      []string // workspaces; empty: the bot token's own
	CanStart     []string // users and user groups; empty: nobody
	Channels     []string // empty: everywhere
	ConfirmStart bool
}

// DefaultProfile is the one there is when the file has none: it asks the
// vendor's usual sources of credentials.
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
// holds without either, and without the file's key of the flag's name.
type setting struct{ flag, variable, otherwise string }

var (
	file      = setting{"config", "ALITRIAGE_CONFIG", ""}
	profile   = setting{"profile", "ALITRIAGE_PROFILE", DefaultProfile}
	region    = setting{"region", "ALIBABA_CLOUD_REGION_ID", ""}
	readOnly  = setting{"read-only", "ALITRIAGE_READ_ONLY", "false"}
	longest   = setting{"max-wait", "ALITRIAGE_MAX_WAIT", DefaultMaxWait.String()}
	logLevel  = setting{"log-level", "ALITRIAGE_LOG_LEVEL", "warn"}
	logFormat = setting{"log-format", "ALITRIAGE_LOG_FORMAT", "text"}
)

const (
	flagDemo         = "demo"
	variableEndpoint = "ALITRIAGE_ENDPOINT"
	variableToken    = "ALITRIAGE_HTTP_TOKEN" //nolint:gosec // its name
)

// key is the setting's name in the file.
func (s setting) key() string { return strings.ReplaceAll(s.flag, "-", "_") }

// Flags are those of all commands of both binaries.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: flagDemo, Usage: "use the embedded simulator instead of Alibaba Cloud; needs no credentials"},
		file.text("`FILE` with profiles, aliases and more (YAML)"),
		profile.text("`NAME` of the profile of calls that name none: one of the file or, if it has none, of the aliyun CLI"),
		&cli.StringFlag{Name: region.flag, Usage: "`REGION` to ask in, such as cn-hangzhou; before the profile's, which is before ALIBABA_CLOUD_REGION_ID"},
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
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", "with `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary keys, `ALIBABA_CLOUD_SECURITY_TOKEN`: credentials; and all else in docs/credentials.md"},
		{region.variable, "region, when neither the call, nor its alias, nor `--region`, nor the profile names one"},
		{"ALIBABA_CLOUD_ECS_METADATA", "name of the instance's RAM role: ask the metadata service too, last"},
		{variableToken, "bearer token that clients of `--http` have to send; needed unless it listens on loopback"},
		{variableEndpoint, "one base URL for all products (tests, simulator, proxies); `http://` for loopback only"},
	}
}

// Read checks the flags that cmd was given, the environment, which lookUp reads,
// and the file that they name. An empty variable counts as not given, as env files
// and containers mean it; an empty flag is refused, for whoever writes one means a
// value, such as that of a shell variable which is not set.
func Read(cmd *cli.Command, lookUp func(string) (string, bool)) (Config, error) {
	r := &reader{cmd: cmd, lookUp: lookUp, sources: sources{}}
	r.refuseEmptyFlags()
	path, _ := r.value(file)
	r.open(path)
	return r.config()
}

// refuseEmptyFlags: an empty --profile would mean the default account.
func (r *reader) refuseEmptyFlags() {
	for _, f := range Flags() {
		name := f.Names()[0]
		if r.cmd.IsSet(name) && strings.TrimSpace(fmt.Sprint(r.cmd.Value(name))) == "" {
			r.problems = append(r.problems, EmptyFlag(name))
		}
	}
}

// EmptyFlag is the refusal of a flag without a value.
func EmptyFlag(name string) error {
	return fmt.Errorf("--%s is empty; give it a value, or leave it out", name)
}

func (r *reader) config() (Config, error) {
	c := Config{
		Demo:      r.cmd.Bool(flagDemo),
		ReadOnly:  r.readOnly(),
		MaxWait:   r.maxWait(),
		LogLevel:  r.logLevel(),
		LogJSON:   r.logJSON(),
		Profiles:  r.profiles(),
		Aliases:   r.aliases(),
		Slack:     r.slack(),
		HTTPToken: r.env(variableToken),
		File:      r.file.path,

		UnreadProxy: r.unreadProxy(),
		Credentials: cloudapi.CredentialOptions{
			Metadata: r.env("ALIBABA_CLOUD_ECS_METADATA") != "",
			URI:      r.env("ALIBABA_CLOUD_CREDENTIALS_URI") != "",
		},
		sources: r.sources,
	}
	c.variables, c.Unused = r.vendorVariables(c.Profiles)
	c.variables = append(c.variables, r.set(unshown)...)
	return c, errors.Join(append(r.problems, r.file.errors()...)...)
}

// vendorVariables are those that are set, used and not.
func (r *reader) vendorVariables(profiles []Profile) (used []string, unused []cloudapi.VariableInUse) {
	named := !slices.ContainsFunc(profiles, func(p Profile) bool { return p.CredentialsProfile == "" })
	for _, v := range cloudapi.SetVariables(r.lookUp, named) {
		switch {
		case v.Unused != "":
			unused = append(unused, v)
		case !slices.Contains(cloudapi.RegionVariables, v.Name): // which is shown
			used = append(used, v.Name)
		}
	}
	return used, unused
}

// unreadProxy reads the variables as net/http does.
func (r *reader) unreadProxy() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		text := r.env(name)
		if text == "" {
			continue
		}
		if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.Host != "" {
			return ""
		}
		if _, err := url.Parse("http://" + text); err != nil {
			return name
		}
		return ""
	}
	return ""
}

// reader finds values, remembers where they are from, and collects what is wrong
// with them.
type reader struct {
	cmd      *cli.Command
	lookUp   func(string) (string, bool)
	file     *document
	sources  sources
	problems []error
}

// open reads the file, or stands an empty one in its place.
func (r *reader) open(path string) {
	r.file = &document{path: path}
	if path == "" {
		return
	}
	doc, err := readDocument(path, fileShape())
	if err != nil {
		_, from := r.value(file)
		r.problems = append(r.problems, fmt.Errorf("%s: %w", from, err))
		return
	}
	r.file = doc
}

func (r *reader) env(variable string) string {
	value, _ := r.lookUp(variable)
	return strings.TrimSpace(value)
}

// set tells which of the variables are.
func (r *reader) set(variables []string) (list []string) {
	for _, name := range variables {
		if r.env(name) != "" {
			list = append(list, name)
		}
	}
	return list
}

// value also tells where it is from, for whoever has to mend it.
func (r *reader) value(s setting) (text, from string) {
	text, source := r.find(s)
	r.sources[s.key()] = source
	switch v := r.inFile(s); {
	case source == byDefault:
		source = "--" + s.flag
	case v != nil && source == v.place():
		source += ": " + v.path
	}
	return text, source
}

func (r *reader) find(s setting) (text, source string) {
	if text := r.flag(s); text != "" {
		return text, "--" + s.flag
	}
	if text := r.env(s.variable); text != "" {
		return text, s.variable
	}
	if v := r.inFile(s); v != nil {
		return v.text, v.place()
	}
	return s.otherwise, byDefault
}

// inFile finds the setting in the file, which is named in none itself.
func (r *reader) inFile(s setting) *value {
	if r.file == nil {
		return nil
	}
	return r.file.root.get(s.key())
}

func (r *reader) flag(s setting) string {
	if !r.cmd.IsSet(s.flag) {
		return ""
	}
	return strings.TrimSpace(fmt.Sprint(r.cmd.Value(s.flag)))
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
