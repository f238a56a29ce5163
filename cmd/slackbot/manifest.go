package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/slack-go/slack"
	"github.com/urfave/cli/v3"
	"go.yaml.in/yaml/v3"

	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

func manifestCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "manifest",
		Usage: "print the Slack app manifest (YAML): Socket Mode, or HTTP mode with --url",
		Flags: []cli.Flag{&cli.StringFlag{Name: "url", Usage: "public `URL` of the bot, such as https://bot.example.com"}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if word := cmd.Args().First(); word != "" { // else somebody with an address would get Socket Mode
				return fmt.Errorf("manifest takes no %.60q; the bot's address goes with --url", word)
			}
			if cmd.IsSet("url") && strings.TrimSpace(cmd.String("url")) == "" { // else, too
				return config.EmptyFlag("url")
			}
			base, err := publicURL(cmd.String("url"))
			if err != nil {
				return err
			}
			encoder := yaml.NewEncoder(out)
			encoder.SetIndent(2)
			return errors.Join(encoder.Encode(manifest(base)), encoder.Close())
		},
	}
}

func publicURL(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("--url must be the bot's public https address and nothing more, such as https://bot.example.com")
	}
	return strings.TrimSuffix(raw, "/"), nil
}

// appManifest is slack.Manifest with what is off said, too: what a manifest leaves
// out is for Slack to decide, and as it was in an app that is changed.
type appManifest struct {
	Display  slack.Display     `yaml:"display_information"`
	Features appFeatures       `yaml:"features"`
	OAuth    slack.OAuthConfig `yaml:"oauth_config"`
	Settings appSettings       `yaml:"settings"`
}

type appFeatures struct {
	Home struct {
		HomeTab  bool `yaml:"home_tab_enabled"`
		Messages bool `yaml:"messages_tab_enabled"`
		ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
	} `yaml:"app_home"`
	BotUser  slack.BotUser                `yaml:"bot_user"`
	Commands []slack.ManifestSlashCommand `yaml:"slash_commands"`
}

type appSettings struct {
	Events        slack.EventSubscriptions `yaml:"event_subscriptions"`
	Interactivity slack.Interactivity      `yaml:"interactivity"`
	OrgDeploy     bool                     `yaml:"org_deploy_enabled"`
	SocketMode    bool                     `yaml:"socket_mode_enabled"`
	TokenRotation bool                     `yaml:"token_rotation_enabled"` // the bot takes one token, and renews none
}

// scopes are what the bot needs; the README says for what.
var scopes = []string{"commands", "chat:write", "app_mentions:read", "im:history", "im:write", "files:write", "usergroups:read"}

// manifest declares a slash command for each tool, and triage. Without base the
// app uses Socket Mode, where nothing has a URL.
func manifest(base string) appManifest {
	at := func(path string) string {
		if base == "" {
			return ""
		}
		return base + path
	}
	m := appManifest{
		Display: slack.Display{
			Name:        "alitriage",
			Description: "What happened on Alibaba Cloud, is it bad, and what do I do next?",
		},
		OAuth: slack.OAuthConfig{Scopes: slack.OAuthScopes{Bot: scopes}},
		Settings: appSettings{
			Events:        slack.EventSubscriptions{RequestUrl: at(pathEvents), BotEvents: []string{"app_mention", "message.im"}},
			Interactivity: slack.Interactivity{IsEnabled: true, RequestUrl: at(pathInteractions)},
			SocketMode:    base == "",
		},
	}
	m.Features.BotUser = slack.BotUser{DisplayName: "alitriage", AlwaysOnline: true}
	m.Features.Home.Messages = true
	add := func(name, description, hint string) {
		m.Features.Commands = append(m.Features.Commands, slack.ManifestSlashCommand{
			Command: "/" + name, Description: description, UsageHint: hint, Url: at(pathCommands),
			ShouldEscape: true, // so that plainText can tell Slack's marks from what was typed
		})
	}
	add(triageName, "Find what an id, an alias or an alert is about", "[id | alias | console URL | pasted alert | help]")
	for _, t := range tools.All(tools.Config{Profiles: []tools.Profile{{Name: config.DefaultProfile}}, MaxWait: config.DefaultMaxWait}) {
		add(t.Name, t.Title, usageHint(t))
	}
	return m
}

// usageHint shows the ids that the tool takes as its first word.
func usageHint(t tools.Tool) string {
	terms := make([]string, len(t.IDs))
	for i, id := range t.IDs {
		terms[i] = id.Term
	}
	return fmt.Sprintf("[%s] [key=value …]", strings.Join(terms, " | "))
}
