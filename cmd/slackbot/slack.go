package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/internal/config"
)

const slackTimeout = 10 * time.Second

// workspace is Slack, as far as the bot speaks to it. All of slack-go's Web API
// is behind it.
type workspace struct {
	api      *slack.Client
	http     *http.Client
	loopback bool // a test's: response_urls may be, too
	count    func(route string, err error)
}

func newWorkspace(access config.SlackAccess, count func(string, error)) *workspace {
	client := &http.Client{Timeout: slackTimeout, CheckRedirect: noRedirects}
	return &workspace{
		api: slack.New(access.BotToken.Reveal(), slack.OptionHTTPClient(client), slack.OptionAPIURL(access.APIURL),
			slack.OptionAppLevelToken(access.AppToken.Reveal())),
		http: client, loopback: access.Loopback, count: count,
	}
}

// noRedirects: a response_url and the token in a body are for Slack alone.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// What can become of a message. Everything else may pass.
var (
	errGone     = errors.New("this way is closed")                 // a response_url that is used up, a message that was deleted
	errNotThere = errors.New("the bot or the person is not there") // in the channel
	errRefused  = errors.New("slack takes no such request")        // by nobody, at no time
	errSignedIn = errors.New("slack does not accept the bot's token")
)

// errNotSlack is an answer that Slack does not give: of a proxy, or of the sign-in
// page of a network.
var errNotSlack = errors.New("something else answered in Slack's place (a proxy, a sign-in page of the network, or a wrong ALITRIAGE_SLACK_API_URL)")

// notJSON says what came instead of Slack's JSON; "" when err is of another kind.
func notJSON(err error) string {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, shape := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case syntax:
		return "HTTP 200 with a page that is no JSON"
	case shape:
		return "JSON that is not Slack's"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "HTTP 200 with nothing, or half a body"
	default:
		return ""
	}
}

// later says when Slack will listen again.
type later struct{ after time.Duration }

func (e *later) Error() string { return fmt.Sprintf("slack asks to wait for %s", e.after) }

// kinds of Slack's error codes.
var slackErrors = map[string]error{
	"channel_not_found": errNotThere, "not_in_channel": errNotThere, "user_not_in_channel": errNotThere, "is_archived": errNotThere,
	"user_not_found": errNotThere, "cannot_dm_bot": errNotThere, "missing_scope": errNotThere, "restricted_action": errNotThere, "user_disabled": errNotThere,
	"message_not_found": errGone, "cant_update_message": errGone, "edit_window_closed": errGone,
	"invalid_blocks": errRefused, "invalid_blocks_format": errRefused, "msg_blocks_too_long": errRefused, "msg_too_long": errRefused, "no_text": errRefused,
	"invalid_auth": errSignedIn, "not_authed": errSignedIn, "account_inactive": errSignedIn, "token_revoked": errSignedIn, "token_expired": errSignedIn,
}

// judged turns an error of slack-go into one that can be acted on. URLs and
// bodies, which hold secrets, do not stay in it.
func judged(err error) error {
	if err == nil {
		return nil
	}
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return &later{limited.RetryAfter}
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		if status.Code == http.StatusTooManyRequests {
			return &later{time.Second}
		}
		if status.Code/100 == 3 || status.Code == http.StatusProxyAuthRequired || status.Code == http.StatusNetworkAuthenticationRequired {
			return fmt.Errorf("%w: HTTP %d", errNotSlack, status.Code)
		}
		return fmt.Errorf("slack answered HTTP %d", status.Code)
	}
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		text := refused.Err
		if text == "" {
			return fmt.Errorf("%w: JSON that is not Slack's", errNotSlack)
		}
		if refused.Needed != "" {
			text += " (needed: " + refused.Needed + ")"
		}
		if kind := slackErrors[refused.Err]; kind != nil {
			return fmt.Errorf("%w: %s", kind, text)
		}
		return errors.New("slack said " + text)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("slack was not reached: %w", outer.Err)
	}
	if what := notJSON(err); what != "" {
		return fmt.Errorf("%w: %s", errNotSlack, what)
	}
	return errors.New("slack was not reached")
}

func (w *workspace) counted(route string, err error) error {
	err = judged(err)
	w.count(route, err)
	return err
}

// post writes a new message, in a thread if there is one.
func (w *workspace) post(ctx context.Context, channel, thread string, m blockkit.Message) (ts string, err error) {
	options := content(m)
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	_, ts, err = w.api.PostMessageContext(ctx, channel, options...)
	if err == nil && ts == "" { // slack-go takes {} for a success
		err = slack.SlackErrorResponse{}
	}
	return ts, w.counted("post", err)
}

func (w *workspace) update(ctx context.Context, channel, ts string, m blockkit.Message) error {
	_, _, _, err := w.api.UpdateMessageContext(ctx, channel, ts, content(m)...)
	return w.counted("update", err)
}

func (w *workspace) whisper(ctx context.Context, channel, thread, user string, m blockkit.Message) error {
	options := content(m)
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	_, err := w.api.PostEphemeralContext(ctx, channel, user, options...)
	return w.counted("ephemeral", err)
}

func content(m blockkit.Message) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

// openDM finds the direct messages with a person.
func (w *workspace) openDM(ctx context.Context, user string) (channel string, err error) {
	opened, _, _, err := w.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", w.counted("open_dm", err)
	}
	return opened.ID, nil
}

// respond answers to a response_url.
func (w *workspace) respond(ctx context.Context, responseURL string, m blockkit.Message, replace, public bool) error {
	no, kind := false, slack.ResponseTypeEphemeral
	if public {
		kind = slack.ResponseTypeInChannel
	}
	err := slack.PostWebhookCustomHTTPContext(ctx, responseURL, w.http, &slack.WebhookMessage{
		Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, ResponseType: kind, ReplaceOriginal: replace,
		UnfurlLinks: &no, UnfurlMedia: &no,
	})
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok && status.Code >= 400 && status.Code < 500 && status.Code != http.StatusTooManyRequests {
		err = fmt.Errorf("%w: the response_url answered HTTP %d", errGone, status.Code)
		w.count("response_url", err)
		return err
	}
	return w.counted("response_url", err)
}

// mayRespondTo keeps reports from going to hosts that are not Slack's.
func (w *workspace) mayRespondTo(responseURL string) bool {
	u, err := url.Parse(responseURL)
	if err != nil || u.User != nil {
		return false
	}
	if w.loopback {
		host := u.Hostname()
		return u.Scheme == "http" && (host == "127.0.0.1" || host == "::1" || host == "localhost")
	}
	return u.Scheme == "https" && (u.Host == "hooks.slack.com" || u.Host == "hooks.slack-gov.com")
}

// members lists a user group.
func (w *workspace) members(ctx context.Context, group string) ([]string, error) {
	users, err := w.api.GetUserGroupMembersContext(ctx, group)
	return users, w.counted("usergroup", err)
}

// self says who the bot is, and in which workspace and organisation.
func (w *workspace) self(ctx context.Context) (team, org, user string, err error) {
	who, err := w.api.AuthTestContext(ctx)
	if err != nil {
		return "", "", "", w.counted("auth", err)
	}
	if who.TeamID == "" { // slack-go takes {} for a success
		return "", "", "", w.counted("auth", slack.SlackErrorResponse{})
	}
	return who.TeamID, who.EnterpriseID, who.UserID, nil
}

// upload puts a text file into a conversation, in the three steps of the
// external upload. The library's own way writes a body that some parsers refuse.
func (w *workspace) upload(ctx context.Context, channel, thread, name, title, text string) error {
	place, err := w.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: name, FileSize: len(text)})
	if err != nil {
		return w.counted("file", err)
	}
	if err := w.send(ctx, place.UploadURL, text); err != nil {
		return w.counted("file", err)
	}
	_, err = w.api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: []slack.FileSummary{{ID: place.FileID, Title: title}}, Channel: channel, ThreadTimestamp: thread,
	})
	return w.counted("file", err)
}

func (w *workspace) send(ctx context.Context, uploadURL, text string) error {
	u, err := url.Parse(uploadURL)
	if err != nil || !w.loopback && (u.Scheme != "https" || !strings.HasSuffix(u.Host, ".slack.com")) {
		return slack.SlackErrorResponse{Err: "no_upload_url_of_slack"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, uploadURL, bytes.NewReader([]byte(text)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := w.http.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return slack.StatusCodeError{Code: response.StatusCode, Status: response.Status}
	}
	return nil
}
