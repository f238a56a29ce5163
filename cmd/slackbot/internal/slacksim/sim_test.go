package slacksim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	sim    = slacksim.Sim
	object = map[string]any
)

func start(t *testing.T, options slacksim.Options) *sim {
	t.Helper()
	s, err := slacksim.Start(options)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// post sends a request with a connection of its own and reads the answer.
func post(t *testing.T, url, kind string, body []byte, header ...string) (int, http.Header, string) {
	t.Helper()
	status, h, text, err := tryPost(t, url, kind, body, header...)
	require.NoError(t, err)
	return status, h, text
}

func tryPost(t *testing.T, url, kind string, body []byte, header ...string) (int, http.Header, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	r.Close = true
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

// call is a call of the Web API with JSON and the bot's token.
func call(t *testing.T, s *sim, method string, arguments object) object {
	t.Helper()
	body, err := json.Marshal(arguments)
	require.NoError(t, err)
	_, _, text := post(t, s.APIURL()+method, "application/json", body, "Authorization", "Bearer "+s.Secrets().BotToken)
	return decoded(t, text)
}

func decoded(t *testing.T, text string) object {
	t.Helper()
	var out object
	require.NoError(t, json.Unmarshal([]byte(text), &out), text)
	return out
}

func ok(t *testing.T, answer object) object {
	t.Helper()
	require.Equal(t, true, answer["ok"], "%v", answer)
	return answer
}

func say(t *testing.T, s *sim, channel, text string) string {
	t.Helper()
	return ok(t, call(t, s, "chat.postMessage", object{"channel": channel, "text": text}))["ts"].(string)
}

// respond posts to a response_url.
func respond(t *testing.T, url string, message object) (int, string) {
	t.Helper()
	body, err := json.Marshal(message)
	require.NoError(t, err)
	status, _, text := post(t, url, "application/json", body)
	return status, text
}

// app is a bot that answers everything alike.
func app(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func silent(http.ResponseWriter, *http.Request) {}

func texts(list []slacksim.Message) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Text)
	}
	return out
}

func button(id string) object {
	return object{"type": "button", "action_id": id, "text": object{"type": "plain_text", "text": "Press"}, "value": "run-1"}
}

func actions(elements ...any) object { return object{"type": "actions", "elements": elements} }

// clock stands until it is set.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func TestOnlyTheRightTokenAndScopeAreLetIn(t *testing.T) {
	s := start(t, slacksim.Options{})
	bot, appToken := s.Secrets().BotToken, s.Secrets().AppToken
	for name, tc := range map[string]struct{ method, token, want string }{
		"none":                       {"auth.test", "", "not_authed"},
		"unknown":                    {"auth.test", "xoxb-1", "invalid_auth"},
		"the app's for the bot":      {"auth.test", appToken, "not_allowed_token_type"},
		"the bot's for Socket Mode":  {"apps.connections.open", bot, "not_allowed_token_type"},
		"a method that is not there": {"chat.shout", bot, "unknown_method"},
		"the bot's":                  {"auth.test", bot, ""},
		"the app's for Socket Mode":  {"apps.connections.open", appToken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{}
			if tc.token != "" {
				form.Set("token", tc.token)
			}
			_, _, text := post(t, s.APIURL()+tc.method, "application/x-www-form-urlencoded", []byte(form.Encode()))
			if tc.want == "" {
				ok(t, decoded(t, text))
				return
			}
			require.Equal(t, tc.want, decoded(t, text)["error"])
		})
	}
	t.Run("in a JSON body or in the URL it does not count", func(t *testing.T) {
		_, _, text := post(t, s.APIURL()+"auth.test?token="+bot, "application/json", []byte(`{"token":"`+bot+`"}`))
		require.Equal(t, "not_authed", decoded(t, text)["error"])
	})
	t.Run("revoked", func(t *testing.T) {
		s.FailAuth("token_revoked")
		require.Equal(t, "token_revoked", call(t, s, "auth.test", object{})["error"])
		s.FailAuth("")
		ok(t, call(t, s, "auth.test", object{}))
	})
	t.Run("a missing scope is named", func(t *testing.T) {
		s.Grant("commands", "chat:write")
		answer := call(t, s, "users.info", object{"user": slacksim.Alice})
		require.Equal(t, object{"ok": false, "error": "missing_scope", "needed": "users:read", "provided": "commands,chat:write"}, answer)
	})
}

func TestPeopleAndGroups(t *testing.T) {
	s := start(t, slacksim.Options{})
	user := ok(t, call(t, s, "users.info", object{"user": slacksim.Bob}))["user"].(object)
	require.Equal(t, "Europe/Berlin", user["tz"])
	require.EqualValues(t, 3600, user["tz_offset"])
	require.Equal(t, "user_not_found", call(t, s, "users.info", object{"user": "U1"})["error"])
	require.Equal(t, []any{slacksim.Alice}, ok(t, call(t, s, "usergroups.users.list", object{"usergroup": slacksim.Oncall}))["users"])
	require.Equal(t, "no_such_subteam", call(t, s, "usergroups.users.list", object{"usergroup": "S1"})["error"])

	first := ok(t, call(t, s, "conversations.open", object{"users": slacksim.Bob}))
	again := ok(t, call(t, s, "conversations.open", object{"users": slacksim.Bob}))
	require.Equal(t, first["channel"], again["channel"], "the same conversation")
	require.Equal(t, false, first["already_open"])
	require.Equal(t, true, again["already_open"])
	require.Equal(t, "cannot_dm_bot", call(t, s, "conversations.open", object{"users": slacksim.BotUser})["error"])
}

func TestAFileIsSeenWhereItWasShared(t *testing.T) {
	s := start(t, slacksim.Options{})
	content := strings.Repeat("line\n", 100)
	begun := ok(t, call(t, s, "files.getUploadURLExternal", object{"filename": "out.txt", "length": len(content)}))
	id, to := begun["file_id"].(string), begun["upload_url"].(string)

	done := object{"files": []any{object{"id": id, "title": "output"}}, "channel_id": ""}
	done["channel_id"] = slacksim.Alice
	require.Equal(t, "file_not_found", call(t, s, "files.completeUploadExternal", done)["error"], "nothing was uploaded")
	status, _, _ := post(t, to, "application/octet-stream", []byte("short"))
	require.Equal(t, http.StatusBadRequest, status, "another length than announced")
	status, _, text := post(t, to, "application/octet-stream", []byte(content))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, "channel_not_found", call(t, s, "files.completeUploadExternal", done)["error"], "a person is no channel here")

	ok(t, call(t, s, "conversations.open", object{"users": slacksim.Alice}))
	done["channel_id"] = s.DM(slacksim.Alice)
	done["initial_comment"] = "here it is"
	ok(t, call(t, s, "files.completeUploadExternal", done))
	files := s.FilesOf(slacksim.Alice)
	require.Len(t, files, 1)
	require.Equal(t, content, string(files[0].Content))
	require.Equal(t, "output", files[0].Title)
	require.Empty(t, s.FilesOf(slacksim.Bob))
	require.Equal(t, []string{"here it is"}, texts(s.VisibleDM(slacksim.Alice)))
}
