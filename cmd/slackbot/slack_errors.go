package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// What can become of a message. Each error of Slack's has its place in slackErrors;
// what has none there is errUnknown.
var (
	errPasses   = errors.New("slack cannot do it now")                       // and may in a while
	errGone     = errors.New("this way is closed")                           // a response_url that is used up, a message that was deleted
	errNotThere = errors.New("the bot or the person is not there")           // in the channel, or may not write there
	errLacks    = fmt.Errorf("%w: the app lacks what it needs", errNotThere) // there; those who run it are told
	errRefused  = errors.New("slack takes no such request")                  // by nobody, at no time
	errSignedIn = errors.New("slack does not accept the bot's token")
	errUnknown  = errors.New("slack gave a reason that is not known here")
)

// errNotSlack is an answer that Slack does not give: of a proxy, or of the sign-in
// page of a network, which may pass.
var errNotSlack = fmt.Errorf("%w: something else answered in Slack's place (a proxy, a sign-in page of the network, or a wrong ALITRIAGE_SLACK_API_URL)", errPasses)

// slackErrors are the codes that Slack documents for the methods that the bot calls,
// and for response_urls, as of 2026 (slack-ruby/slack-api-ref, and Slack's change
// log of 2016-05-17 for webhooks). docs/adr/0015-delivery.md says what follows.
var slackErrors = codesOf(map[error]string{
	errPasses: `internal_error fatal_error server_error service_unavailable request_timeout ratelimited rate_limited message_limit_exceeded
		team_added_to_org org_login_required external_channel_migrating streaming_state_conflict update_failed file_update_failed rollup_error`,
	errGone: `message_not_found cant_update_message cant_broadcast_message edit_window_closed is_inactive
		expired_url used_url invalid_url no_service no_team invalid_token action_prohibited channel_is_archived`,
	errNotThere: `channel_not_found not_in_channel user_not_in_channel is_archived invalid_channel team_not_found
		restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
		restricted_action_non_threadable_channel restricted_action_thread_locked cannot_reply_to_message thread_not_found
		posting_to_channel_denied channel_type_not_supported method_not_supported_for_channel_type messages_tab_disabled
		user_not_found users_not_found user_not_visible user_disabled user_is_restricted cannot_dm_bot invalid_user_combination is_bot
		duplicate_channel_not_found duplicate_message_not_found no_such_subteam
		file_uploads_disabled file_upload_size_restricted file_type_not_allowed storage_limit_reached file_not_found snippet_too_large`,
	errLacks: `missing_scope no_permission access_denied accesslimited ekm_access_denied enterprise_is_restricted team_access_not_granted
		deprecated_endpoint method_deprecated unknown_method app_access_restricted`,
	errRefused: `invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text block_mismatch missing_text_or_fallback_or_attachments
		invalid_attachments too_many_attachments too_many_contact_cards as_user_not_supported markdown_text_conflict
		invalid_metadata_format invalid_metadata_schema metadata_too_large metadata_must_be_sent_from_app
		slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked
		invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type
		invalid_json json_not_object invalid_payload missing_argument insecure_request`,
	errSignedIn: `invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type two_factor_setup_required
		missing_args forbidden_team`,
})

func codesOf(kinds map[error]string) map[string]error {
	all := map[string]error{}
	for kind, codes := range kinds {
		for code := range strings.FieldsSeq(codes) {
			all[code] = kind
		}
	}
	return all
}

// later says when Slack will listen again.
type later struct{ after time.Duration }

func (e *later) Error() string { return fmt.Sprintf("slack asks to wait for %s", e.after) }

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
		return judgedStatus(status.Code)
	}
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return judgedCode(refused.Err, refused.Needed)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%w: slack was not reached: %w", errPasses, outer.Err)
	}
	if what := notJSON(err); what != "" {
		return fmt.Errorf("%w: %s", errNotSlack, what)
	}
	return fmt.Errorf("%w: its answer did not come through, or cannot be read", errPasses)
}

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

func judgedStatus(status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return &later{time.Second}
	case status/100 == 3, status == http.StatusProxyAuthRequired, status == http.StatusNetworkAuthenticationRequired:
		return fmt.Errorf("%w: HTTP %d", errNotSlack, status)
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return fmt.Errorf("%w: slack answered HTTP %d", errPasses, status)
	default:
		return fmt.Errorf("%w: slack answered HTTP %d, perhaps a proxy in its place", errUnknown, status)
	}
}

var slackCode = regexp.MustCompile(`^[a-z0-9_]{1,80}$`)

func judgedCode(code, needed string) error {
	if code == "" {
		return fmt.Errorf("%w: JSON that is not Slack's", errNotSlack)
	}
	if !slackCode.MatchString(code) { // any text, as far as we know
		return fmt.Errorf("%w: none that can be shown", errUnknown)
	}
	kind := slackErrors[code]
	if kind == nil {
		kind = errUnknown
	}
	if needed != "" {
		code += fmt.Sprintf(" (needed: %.200q)", needed)
	}
	return fmt.Errorf("%w: %s", kind, code)
}
