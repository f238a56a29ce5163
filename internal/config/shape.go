package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/tools"
)

// shape says what a value of the config file may be. It is read in two ways:
// document.go checks a file by it, schema.go describes it to editors. Exactly
// one of text, keys, each and list is set.
type shape struct {
	usage string

	text *text
	keys []key  // a mapping with these keys
	each *shape // a mapping of names to this
	list *shape

	most int      // entries of each and list
	name *text    // what the names of each are
	one  []string // keys, exactly one of which has to be there
}

type key struct {
	name string
	shape
}

// text is a single value.
type text struct {
	what    string   // it has to be, as in "is not …"
	example string   // of an entry of a list
	pattern string   // for editors, and for problem if that is nil
	oneOf   []string // all that is allowed
	isFlag  bool     // true or false
	number  bool     // it may be written as a number, too
	secret  bool     // it may hold a password where it is wrong, so it is not shown
	// problem says what is wrong with a value; "" when nothing is.
	problem func(string) string
}

const (
	maxProfiles = 100
	maxAliases  = 1000
	maxListed   = 1000 // entries of a list
)

// fileShape is that of the whole file.
func fileShape() shape {
	return shape{
		usage: "Configuration of alitriage. A flag wins over its variable, that over this file.",
		keys: []key{
			{"default_profile", shape{usage: "the profile of calls that name none", text: &anyText}},
			{"site", shape{usage: "where links to consoles lead: cn (aliyun.com) or intl (alibabacloud.com)", text: &siteText}},
			{readOnly.key(), shape{usage: "start nothing: gather_env_stats only reads by change_id", text: &text{isFlag: true}}},
			{longest.key(), shape{usage: "longest time for a call, its answer included, such as 45s", text: &text{pattern: `^([0-9]+m)?([0-9.]+s?)?$`, number: true, problem: accepted}}},
			{logLevel.key(), shape{usage: "level of the log on stderr", text: &text{oneOf: []string{"debug", "info", "warn", "error"}, problem: accepted}}},
			{logFormat.key(), shape{usage: "format of the log on stderr", text: &text{oneOf: []string{"text", "json"}, problem: accepted}}},
			{"profiles", shape{usage: "accounts that calls choose from by name", each: &profileShape, most: maxProfiles, name: &profileName}},
			{"aliases", shape{usage: "names that stand for ids wherever one is taken", each: new(aliasShape()), most: maxAliases, name: &aliasName}},
			{"slack", slackShape},
		},
	}
}

var (
	// accepted is for settings that are read like their flags, with their checks.
	accepted    = func(string) string { return "" }
	anyText     = text{pattern: `^\S(.*\S)?$`, what: "a name"}
	siteText    = text{oneOf: []string{"cn", "intl"}}
	profileName = text{what: "a profile's name: up to 64 letters, digits, dots, dashes and underscores, with a letter or digit at both ends", pattern: `^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$`}
	aliasName   = text{pattern: `^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$`, problem: tools.CheckAlias}
	regionText  = text{what: "a RegionId; it looks like cn-hangzhou", pattern: `^[a-z0-9]+(-[a-z0-9]+)*$`}
)

var profileShape = shape{
	usage: "an account, by where its credentials are",
	keys: []key{
		{"credentials_profile", shape{usage: "profile of the aliyun CLI that has the credentials; without it the vendor's usual sources are asked", text: &anyText}},
		{"role_arn", shape{usage: "RAM role to assume with these credentials", text: &text{
			pattern: `^acs:ram::[0-9]{1,32}:role/[A-Za-z0-9._-]{1,64}$`,
			problem: func(arn string) string {
				if !cloudapi.ValidRoleARN(arn) {
					return "is not a role's ARN; it looks like acs:ram::1234567890123456:role/triage"
				}
				return ""
			},
		}}},
		{"region", shape{usage: "where calls of this profile ask unless they say otherwise", text: &regionText}},
		{"site", shape{usage: "as above, for this profile", text: &siteText}},
		{"endpoints", shape{usage: "base URLs instead of the products' own", keys: endpointKeys()}},
	},
}

func endpointKeys() (keys []key) {
	for _, p := range products {
		keys = append(keys, key{string(p), shape{usage: "base URL of " + string(p), text: &text{
			pattern: `^https?://[^\s?#@]+$`, secret: true,
			problem: func(raw string) string {
				if _, err := cloudapi.ParseEndpoint(raw); err != nil {
					return "is refused: " + err.Error()
				}
				return ""
			},
		}}})
	}
	return keys
}

// aliasShape has a key for each kind of id, so that a new tool needs nothing here.
func aliasShape() shape {
	s := shape{usage: "one id, and where it lives", one: idArgs()}
	for _, k := range tools.IDKinds() {
		s.keys = append(s.keys, key{k.Arg, shape{usage: k.Term + ", such as " + k.Example, text: &text{
			pattern: k.Shape.String(),
			problem: func(id string) string {
				if why := tools.CheckID(k.Arg, id); why != "" {
					return "is refused: " + why
				}
				return ""
			},
		}}})
	}
	s.keys = append(s.keys,
		key{"profile", shape{usage: "whose it is; without it the default profile's", text: &anyText}},
		key{"region", shape{usage: "where it is; without it the profile's region", text: &regionText}},
	)
	return s
}

func idArgs() (args []string) {
	for _, k := range tools.IDKinds() {
		args = append(args, k.Arg)
	}
	return args
}

var slackShape = shape{
	usage: "who may do what in Slack",
	keys: []key{
		{"team_ids", shape{usage: "workspaces whose people are served, or an organisation (E…) where Slack names people by that alone; empty: the bot token's own workspace", most: maxListed, list: slackID("TE", "a workspace's id", "T024BE7LD", "")}},
		{"can_start", shape{usage: "users and user groups who may start a gather; empty: nobody", most: maxListed, list: slackID("UWS", "the id of a user or user group", "U012AB3CD", "; a name is none, nor is a mention")}},
		{"channels", shape{usage: "channels where commands work; empty: everywhere", most: maxListed, list: slackID("CGD", "a channel's id", "C0789GH1I", "; its name is none")}},
		{"confirm_start", shape{usage: "ask with a button before starting; true unless said otherwise", text: &text{isFlag: true}}},
	},
}

func slackID(first, what, example, but string) *shape {
	return &shape{usage: what, text: &text{
		what: what + ", such as " + example + but, example: example, pattern: `^[` + first + `][A-Z0-9]{2,20}$`,
	}}
}

// wrong says what is wrong with a single value; "" when nothing is.
func (t *text) wrong(s string) string {
	switch {
	case t.problem != nil:
		return t.problem(s)
	case t.isFlag && s != "true" && s != "false":
		return "is neither true nor false; give one of the two"
	case t.oneOf != nil && !slices.Contains(t.oneOf, s):
		return "is not allowed; use " + strings.Join(t.oneOf, " or ")
	case t.pattern != "" && !matches(t.pattern, s):
		return "is not " + t.what
	}
	return ""
}

func matches(pattern, s string) bool { return regexp.MustCompile(pattern).MatchString(s) }
