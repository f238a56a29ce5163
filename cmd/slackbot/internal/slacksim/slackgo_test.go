package slacksim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// The library that the bot uses finds its way in the fake. Who is right where they
// differ is told by Slack's own clients in internal/peers.
func TestSlackGoIsUnderstood(t *testing.T) {
	s := start(t, slacksim.Options{})
	api := slack.New(s.Secrets().BotToken, slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(s.Secrets().AppToken))
	ctx := t.Context()

	who, err := api.AuthTestContext(ctx)
	require.NoError(t, err)
	require.Equal(t, slacksim.BotUser, who.UserID)
	channel, ts, err := api.PostMessageContext(ctx, slacksim.Incidents,
		slack.MsgOptionText("a < b", true), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionBlocks(slack.NewActionBlock("", slack.NewButtonBlockElement("refresh", "run-1", slack.NewTextBlockObject(slack.PlainTextType, "Refresh", false, false)))))
	require.NoError(t, err)
	m, found := s.Message(channel, ts)
	require.True(t, found)
	require.Equal(t, "a &lt; b", m.Text)
	require.False(t, *m.UnfurlLinks)
	require.False(t, *m.UnfurlMedia)
	require.Empty(t, slacksim.LiveMentions(m))
	_, _, _, err = api.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionText("b", true))
	require.NoError(t, err)
	_, err = api.PostEphemeralContext(ctx, channel, slacksim.Bob, slack.MsgOptionText("c", true))
	require.NoError(t, err)
	members, err := api.GetUserGroupMembersContext(ctx, slacksim.Oncall)
	require.NoError(t, err)
	require.Equal(t, []string{slacksim.Alice}, members)
	user, err := api.GetUserInfoContext(ctx, slacksim.Alice)
	require.NoError(t, err)
	require.Equal(t, 28800, user.TZOffset)

	s.Inject(slacksim.Fault{Times: 1, Status: 429, RetryAfter: 3 * time.Second})
	_, _, err = api.PostMessageContext(ctx, slacksim.Incidents, slack.MsgOptionText("d", true))
	var limited *slack.RateLimitedError
	require.ErrorAs(t, err, &limited)
	require.Equal(t, 3*time.Second, limited.RetryAfter)

	s.Grant("commands")
	_, _, err = api.PostMessageContext(ctx, slacksim.Incidents, slack.MsgOptionText("e", true))
	var refused slack.SlackErrorResponse
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "chat:write", refused.Needed)
}

func TestSlackGosSocketModeIsUnderstood(t *testing.T) {
	s := start(t, slacksim.Options{PingInterval: 10 * time.Millisecond})
	api := slack.New(s.Secrets().BotToken, slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(s.Secrets().AppToken))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	ended := make(chan error, 2)
	for range 2 {
		client := socketmode.New(api)
		go func() { ended <- client.RunContext(ctx) }()
		go func() {
			for {
				select {
				case e := <-client.Events:
					if e.Request != nil && e.Type == socketmode.EventTypeSlashCommand {
						client.Ack(*e.Request, map[string]string{"text": "on it"}) //nolint:errcheck // the command would time out
					}
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	require.NoError(t, s.WaitConnected(ctx, 2))
	for range 2 {
		require.Equal(t, "on it", command(t, s, slacksim.Incidents).Text())
	}
	require.NoError(t, s.Refresh(ctx))
	require.Equal(t, "on it", command(t, s, slacksim.Incidents).Text(), "after a rolling reconnection")
	s.CutSockets()
	require.NoError(t, s.WaitConnected(ctx, 2), "after a cut")
	cancel()
	for range 2 {
		require.True(t, errors.Is(<-ended, context.Canceled))
	}
}
