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
	"strconv"
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
	// trouble is told at once what only those who run the bot can mend; nil: nobody.
	trouble func(route string, err error)
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

func (w *workspace) counted(route string, err error) error {
	err = judged(err)
	w.count(route, err)
	if w.trouble != nil && (errors.Is(err, errSignedIn) || errors.Is(err, errLacks)) {
		w.trouble(route, err)
	}
	return err
}

// errNoAnswer is an answer with HTTP 200 and neither an error nor what was asked for,
// such as {}: slack-go takes it for success.
var errNoAnswer = slack.SlackErrorResponse{}

func mustHave(what string, err error) error {
	if err == nil && what == "" {
		return errNoAnswer
	}
	return err
}

// socketAddress is where a new connection of Socket Mode goes.
func (w *workspace) socketAddress(ctx context.Context) (string, error) {
	_, address, err := w.api.StartSocketModeContext(ctx)
	return address, judged(mustHave(address, err))
}

// post writes a new message, in a thread if there is one.
func (w *workspace) post(ctx context.Context, channel, thread string, m blockkit.Message) (ts string, err error) {
	options := content(m)
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	_, ts, err = w.api.PostMessageContext(ctx, channel, options...)
	return ts, w.counted("post", mustHave(ts, err))
}

func (w *workspace) update(ctx context.Context, channel, ts string, m blockkit.Message) error {
	_, updated, _, err := w.api.UpdateMessageContext(ctx, channel, ts, content(m)...)
	return w.counted("update", mustHave(updated, err))
}

func (w *workspace) whisper(ctx context.Context, channel, thread, user string, m blockkit.Message) error {
	options := content(m)
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	ts, err := w.api.PostEphemeralContext(ctx, channel, user, options...)
	return w.counted("ephemeral", mustHave(ts, err))
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
	if err == nil && opened != nil {
		channel = opened.ID
	}
	return channel, w.counted("open_dm", mustHave(channel, err))
}

// respond answers to a response_url.
func (w *workspace) respond(ctx context.Context, responseURL string, m blockkit.Message, replace, public bool) error {
	kind := slack.ResponseTypeEphemeral
	if public {
		kind = slack.ResponseTypeInChannel
	}
	body, err := json.Marshal(map[string]any{
		"text": m.Text, "blocks": m.Blocks, "response_type": kind, "replace_original": replace, "unfurl_links": false, "unfurl_media": false,
	})
	if err != nil {
		return err
	}
	err = w.respondWith(ctx, responseURL, body)
	w.count("response_url", err)
	return err
}

// respondWith reads what Slack says, too, which slack-go does not.
func (w *workspace) respondWith(ctx context.Context, responseURL string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, responseURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: the response_url is none", errGone)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.http.Do(request)
	if err != nil {
		return judged(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10)) // the status says enough
	switch code, status := codeIn(said), response.StatusCode; {
	case status == http.StatusOK && code == "":
		return nil
	case status == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return &later{time.Duration(seconds) * time.Second}
	case status >= http.StatusInternalServerError:
		return judgedStatus(status)
	case status == http.StatusOK, errors.Is(slackErrors[code], errRefused):
		return judgedCode(code, "")
	default:
		return fmt.Errorf("%w: the response_url answered HTTP %d %s", errGone, status, code)
	}
}

// codeIn is the reason in an answer of a response_url: as JSON or, with an error, as
// it stands. "" where there is none.
func codeIn(said []byte) string {
	var answer struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	text := strings.TrimSpace(string(said))
	switch {
	case json.Unmarshal(said, &answer) == nil && answer.OK != nil:
		text = answer.Error
		if text == "" && !*answer.OK {
			return "no_reason"
		}
	case text == "ok":
		return ""
	}
	if !slackCode.MatchString(text) {
		return ""
	}
	return text
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
	if err == nil {
		team, org, user = who.TeamID, who.EnterpriseID, who.UserID
	}
	return team, org, user, w.counted("auth", mustHave(team, err))
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
