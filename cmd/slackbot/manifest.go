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

// manifest declares a slash command for each tool. Without base the app uses
// Socket Mode, where commands have no URL.
func manifest(base string) slack.Manifest {
	m := slack.Manifest{
		Display: slack.Display{
			Name:        "alitriage",
			Description: "What happened on Alibaba Cloud, is it bad, and what do I do next?",
		},
		Features:    slack.Features{BotUser: slack.BotUser{DisplayName: "alitriage"}},
		OAuthConfig: slack.OAuthConfig{Scopes: slack.OAuthScopes{Bot: []string{"commands", "chat:write"}}},
		Settings:    slack.Settings{SocketModeEnabled: base == ""},
	}
	all := tools.All(tools.Config{Profiles: []tools.Profile{{Name: config.DefaultProfile}}, MaxWait: config.DefaultMaxWait})
	for _, t := range all {
		command := slack.ManifestSlashCommand{Command: "/" + t.Name, Description: t.Title, UsageHint: usageHint(t)}
		if base != "" {
			command.Url = base + "/slack/commands"
		}
		m.Features.SlashCommands = append(m.Features.SlashCommands, command)
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
