package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"
)

// unshown are variables of which only this is told, beside those of the vendor's
// tools: that they are set.
var unshown = []string{variableToken, "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"}

// FromEnvironment are the variables that are set here and decide something: a
// program that starts alitriage may not pass them on. Proxies are not among them.
func (c *Config) FromEnvironment() (names []string) {
	for _, name := range c.variables {
		if !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			names = append(names, name)
		}
	}
	for _, s := range []setting{file, profile, readOnly, longest, logLevel, logFormat} {
		if c.sources[s.key()] == s.variable {
			names = append(names, s.variable)
		}
	}
	for key, source := range c.sources {
		if source == region.variable && strings.HasSuffix(key, ".region") && !slices.Contains(names, source) {
			names = append(names, source)
		}
	}
	return names
}

// Show renders c as a config file that does the same, with the source of each
// value behind it. There is no secret in it.
func (c *Config) Show() (string, error) {
	s := shower{c.sources}
	root := mapping(
		s.pair(readOnly.key(), strconv.FormatBool(c.ReadOnly)),
		s.pair(longest.key(), shortDuration(c.MaxWait)),
		s.pair(logLevel.key(), strings.ToLower(c.LogLevel.String())),
		s.pair(logFormat.key(), map[bool]string{true: "json", false: "text"}[c.LogJSON]),
		s.pair("default_profile", c.Profiles[0].Name),
		nested("profiles", s.profiles(c.Profiles)),
	)
	if len(c.Aliases) > 0 {
		root.Content = append(root.Content, nested("aliases", s.aliases(c))...)
	}
	if rules := s.slack(c.Slack); len(rules.Content) > 0 {
		root.Content = append(root.Content, nested("slack", rules)...)
	}
	root.HeadComment = c.preface()
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(root), encoder.Close()); err != nil {
		return "", err
	}
	return inColumns(b.String()), nil
}

// mark stands before a source until they are put below each other. No value can
// hold it: what has a tab in it is quoted.
const mark = "#\t"

func inColumns(text string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for line := range strings.Lines(text) {
		value, source, found := strings.Cut(strings.TrimSuffix(line, "\n"), mark)
		if found {
			value = strings.TrimRight(value, " ") + "\t# " + source
		}
		fmt.Fprintln(w, value)
	}
	w.Flush()
	return b.String()
}

// preface says what has no key in a file.
func (c *Config) preface() string {
	lines := []string{
		"# The configuration in effect. Behind each value stands where it is from. No secret is shown.",
		"# file: " + c.file(),
	}
	if c.Demo {
		lines = append(lines, "# --demo: the embedded simulator answers, and no credentials are needed")
	}
	set := "none of those that matter"
	if len(c.variables) > 0 {
		set = strings.Join(c.variables, ", ")
	}
	lines = append(lines, "# set in the environment, values not shown: "+set)
	var named []string
	for _, v := range c.Unused {
		if v.Named {
			named = append(named, v.Name)
			continue
		}
		lines = append(lines, "# set and not used: "+v.Name+": "+v.Unused)
	}
	if len(named) > 0 {
		lines = append(lines, "# set and not used, for every profile names its credentials: "+strings.Join(named, ", "))
	}
	return strings.Join(lines, "\n") + "\n"
}

func (c *Config) file() string {
	if c.File == "" {
		return "none (--config or ALITRIAGE_CONFIG)"
	}
	return fmt.Sprintf("%.300q (%s)", c.File, c.sources[file.key()])
}

// shower puts sources behind values.
type shower struct{ sources }

func (s shower) pair(name, value string) []*yaml.Node { return s.at(name, name, value) }

// at is the pair for the value whose source is known by path.
func (s shower) at(path, name, value string) []*yaml.Node {
	if value == "" {
		return nil
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: value, LineComment: mark + s.sources[path]}
	if name != readOnly.key() && name != "confirm_start" {
		node.Tag = "!!str"
	}
	return append(label(name), node)
}

func label(name string) []*yaml.Node {
	return []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}}
}

func nested(name string, node *yaml.Node) []*yaml.Node { return append(label(name), node) }

func mapping(pairs ...[]*yaml.Node) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, pair := range pairs {
		node.Content = append(node.Content, pair...)
	}
	return node
}

func (s shower) profiles(list []Profile) *yaml.Node {
	all := mapping()
	for _, p := range list {
		path := "profiles." + p.Name + "."
		one := mapping(
			s.at(path+"credentials_profile", "credentials_profile", p.CredentialsProfile),
			s.at(path+"role_arn", "role_arn", p.RoleARN),
			s.at(path+"region", "region", p.Region),
			s.at(path+"site", "site", string(p.Site)),
		)
		if len(p.Endpoints) > 0 {
			endpoints := mapping()
			for _, product := range products {
				if u := p.Endpoints[product]; u != nil {
					endpoints.Content = append(endpoints.Content, s.at(path+"endpoints."+string(product), string(product), u.String())...)
				}
			}
			one.Content = append(one.Content, nested("endpoints", endpoints)...)
		}
		all.Content = append(all.Content, nested(p.Name, one)...)
	}
	return all
}

func (s shower) aliases(c *Config) *yaml.Node {
	all := mapping()
	for _, a := range c.Aliases {
		path := "aliases." + a.Name
		one := mapping(s.at(path, a.Arg, a.ID), s.at(path, "profile", a.Profile), s.at(path, "region", a.Region))
		all.Content = append(all.Content, nested(a.Name, one)...)
	}
	return all
}

func (s shower) slack(k Slack) *yaml.Node {
	all := mapping()
	for _, list := range []struct {
		name string
		ids  []string
	}{{"team_ids", k.TeamIDs}, {"can_start", k.CanStart}, {"channels", k.Channels}} {
		source := s.sources["slack."+list.name]
		if source == byDefault {
			continue
		}
		node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, LineComment: mark + source}
		for _, id := range list.ids {
			node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: id})
		}
		all.Content = append(all.Content, nested(list.name, node)...)
	}
	if s.sources["slack.confirm_start"] != byDefault {
		all.Content = append(all.Content, s.at("slack.confirm_start", "confirm_start", strconv.FormatBool(k.ConfirmStart))...)
	}
	return all
}

// shortDuration writes 45s, 1m30s, and 2m for 2m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}
