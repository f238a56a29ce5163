package cloudapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The seven kinds of failure, for errors.Is. A kind is a reaction: what the
// caller does next differs between any two of them.
var (
	ErrInvalid         = errors.New("the request is not acceptable as it is")
	ErrNotFound        = errors.New("there is no such thing")
	ErrUnauthenticated = errors.New("the credentials were not accepted")
	ErrForbidden       = errors.New("the credentials do not allow this")
	ErrThrottled       = errors.New("too many requests")
	ErrUnavailable     = errors.New("Alibaba Cloud did not answer") //nolint:staticcheck // a name has capitals
	ErrBadResponse     = errors.New("the answer cannot be understood")
)

// Error is the failure of one call to one operation.
//
// Code, Message, Recommend and the texts in Denied come from the cloud: they are as
// hostile as any other text from outside and go through the airlock before
// people or models see them.
type Error struct {
	Op        string // the operation, by the vendor's name
	Product   Product
	Region    string // "" for a central service
	Code      string // the vendor's code, "" when there was no usable answer
	Message   string // the vendor's message
	RequestID string
	Recommend string // the vendor's troubleshooting link, when it gave one
	Status    int    // HTTP status, 0 when there was no answer
	Denied    *Denial
	// RetryAfter is how long the vendor asked to wait; 0 when it did not say.
	RetryAfter time.Duration
	// Skew is the gateway's clock minus ours, when an answer told.
	Skew time.Duration
	// SecretWrong tells, after SignatureDoesNotMatch, that both sides signed the
	// same text: then the AccessKey secret is wrong and nothing was altered on
	// the way.
	SecretWrong bool
	// Sent is false when the request certainly never left: nothing has happened.
	// An ErrThrottled that was not sent is a matter of our own budget.
	Sent bool
	// MayHaveStarted is true when a start was sent and its fate is not known.
	MayHaveStarted bool

	// For is the source of credentials that the call was to get a key for, such as
	// profile "prod" of the aliyun CLI; "" for the operations that are read.
	For string

	At time.Time // when it failed

	Kind  error // one of the seven
	Cause error // the local reason, if there is one; safe to show

	again again
	final bool // the call has to end with it, whatever again says
}

// Denial is what the vendor's AccessDeniedDetail says.
type Denial struct {
	Action        string // the RAM action that is missing, such as ecs:DescribeInvocationResults
	Principal     string // a user id, or role:session
	PrincipalType string // SubUser, AssumedRoleUser, RootUser
	OwnerID       string // the account the principal belongs to
	Explicit      bool   // a policy forbids it, so adding an Allow will not help
	Implicit      bool   // no policy allows it; neither when the vendor does not say
	PolicyType    string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.For != "" {
		b.WriteString(" for " + oneLine(e.For, 300))
	}
	b.WriteString(": ")
	b.WriteString(e.Kind.Error())
	if e.Code != "" || e.Message != "" {
		b.WriteString(": " + quoted(e.Code, 100) + ": " + quoted(e.Message, 600))
	}
	if e.Cause != nil {
		b.WriteString(": " + oneLine(e.Cause.Error(), 800))
	}
	var with []string
	if e.Status != 0 {
		with = append(with, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.RequestID != "" {
		with = append(with, "RequestId "+quoted(e.RequestID, 80))
	}
	if len(with) > 0 {
		b.WriteString(" (" + strings.Join(with, ", ") + ")")
	}
	return b.String()
}

// quoted quotes the beginning of s in at most that many bytes.
func quoted(s string, most int) string {
	q := strconv.Quote(s[:min(len(s), most)])
	if len(q) <= most {
		return q
	}
	return strings.ToValidUTF8(q[:most-4], "") + `…"`
}

// oneLine is the beginning of s in at most that many bytes, in one line and
// without what does not print.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsPrint(r) || unicode.IsSpace(r)) {
			return r
		}
		return '?'
	}, s[:min(len(s), 4096)])
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "…"
}

// Unwrap makes the kind and the cause (such as context.Canceled) visible to
// errors.Is.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Cause} }

// MayPass tells whether the same request may go well a moment later.
func (e *Error) MayPass() bool { return e.again == reads || e.again == always }

// LogValue keeps free text from the cloud out of logs.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("op", e.Op),
		slog.String("kind", e.Kind.Error()),
		slog.String("code", quoted(e.Code, 100)),
		slog.Int("status", e.Status),
		slog.String("request_id", quoted(e.RequestID, 80)),
		slog.Bool("sent", e.Sent),
	)
}

// again says when a failed call may be sent once more.
type again uint8

const (
	never     again = iota
	reads           // reads only: the request may have arrived and been carried out
	always          // starts too: the request was refused before it ran
	refreshed       // once, with fresh credentials
)

type reaction struct {
	kind  error
	again again
}

// codes is the table of reference/cloudapi.md, section 7. A trailing asterisk
// matches a prefix, a leading one a suffix. The first match wins, so exact codes
// stand before patterns. Beyond the reference it has what the vendor's pages of
// DescribeInvocationResults (Ecs) and of WebPlus document, some with an HTTP status
// that means something else.
var codes = []struct {
	pattern string
	reaction
}{
	{"SignatureNonceUsed", reaction{ErrUnavailable, reads}},
	{"IllegalTimestamp", reaction{ErrUnauthenticated, never}},
	{"RequestTimeExpired", reaction{ErrUnauthenticated, never}},
	{"SignatureDoesNotMatch", reaction{ErrUnauthenticated, never}},
	{"IncompleteSignature", reaction{ErrUnauthenticated, never}},
	{"InvalidSignatureMethod", reaction{ErrUnauthenticated, never}},
	{"MissingAccessKeyId", reaction{ErrUnauthenticated, never}},
	{"MissingSecurityToken", reaction{ErrUnauthenticated, refreshed}},
	{"SecurityTokenExpired", reaction{ErrUnauthenticated, refreshed}},
	{"InvalidApi.NotFound", reaction{ErrUnavailable, never}},
	{"InvalidAction.NotFound", reaction{ErrUnavailable, never}},
	{"InvalidAppId.NotFound", reaction{ErrNotFound, never}},
	{"InvalidApplication.NotFound", reaction{ErrNotFound, never}},
	{"EnvNotExists", reaction{ErrNotFound, never}},
	{"ChangeNotExists", reaction{ErrNotFound, never}},
	{"InstanceNotExists", reaction{ErrNotFound, never}},
	{"EntityNotExist.Role", reaction{ErrNotFound, never}},
	{"EnvOnChanging", reaction{ErrInvalid, never}},
	{"GatherStatsOnTerminatedEnvNotAllowed", reaction{ErrInvalid, never}},
	{"CreateCommandFailed", reaction{ErrUnavailable, never}},
	{"AgentSetupTimeout", reaction{ErrUnavailable, never}},
	{"InvalidParam.PageNumber", reaction{ErrInvalid, never}},
	{"InvalidParam.PageSize", reaction{ErrInvalid, never}},
	{"RegionId.ApiNotSupported", reaction{ErrInvalid, never}},
	{"InvalidServerlessRegion.Unsupported", reaction{ErrInvalid, never}},
	{"InvalidRegionId.NotFound", reaction{ErrInvalid, never}}, // the region is an argument, and no resource
	{"InvalidRegionId.CloudAssistant", reaction{ErrInvalid, never}},
	{"OSSDisabled", reaction{ErrInvalid, never}},
	{"OSSApiCallFailed", reaction{ErrUnavailable, reads}},
	{"Operation.Forbidden", reaction{ErrForbidden, never}},
	{"NoPermission", reaction{ErrForbidden, never}},
	{"AuthenticationFailed", reaction{ErrForbidden, never}},
	{"ResourceAuthFailed", reaction{ErrForbidden, never}},
	{"UnknownError", reaction{ErrUnavailable, reads}},
	{"UnsupportedHTTPMethod", reaction{ErrInvalid, never}},

	{"Throttling*", reaction{ErrThrottled, always}},
	{"StatusNotAllowed*", reaction{ErrInvalid, never}}, // a matter of the environment, whatever the HTTP status
	{"InvalidSecurityToken*", reaction{ErrUnauthenticated, refreshed}},
	{"InvalidTimeStamp*", reaction{ErrUnauthenticated, never}},
	{"InvalidAccessKeyId*", reaction{ErrUnauthenticated, never}},
	{"ServiceUnavailable*", reaction{ErrUnavailable, reads}},
	{"InternalError*", reaction{ErrUnavailable, reads}},
	{"Forbidden*", reaction{ErrForbidden, never}},
	{"AccessDenied*", reaction{ErrForbidden, never}},
	{"NotAuthorized*", reaction{ErrForbidden, never}},
	{"NoPermission*", reaction{ErrForbidden, never}},
	{"*.no.permission", reaction{ErrForbidden, never}},
	{"*NoAuth", reaction{ErrForbidden, never}},
	{"*.NoPermission", reaction{ErrForbidden, never}},
	{"AuthenticationFail.*", reaction{ErrUnauthenticated, never}}, // of an OIDC token
	{"*.NotFound", reaction{ErrNotFound, never}},
	{"*NotExists", reaction{ErrNotFound, never}},
	{"Missing*", reaction{ErrInvalid, never}},
	{"Invalid*", reaction{ErrInvalid, never}},
}

// outcome is one of a few words: a code of the table or its pattern, else the
// HTTP status, else that there was no answer.
func (e *Error) outcome() string {
	if e == nil {
		return "ok"
	}
	for _, row := range codes {
		if e.Code != "" && matches(row.pattern, e.Code) {
			return row.pattern
		}
	}
	switch {
	case e.Status != 0:
		return "http_" + strconv.Itoa(e.Status)
	case e.Sent:
		return "no_answer"
	default:
		return "not_sent"
	}
}

// classify decides by the code first: two different "not found" share HTTP 404,
// and some 403 have nothing to do with permissions.
func classify(code string, status int) reaction {
	for _, row := range codes {
		if matches(row.pattern, code) {
			return row.reaction
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		return reaction{ErrThrottled, always}
	case status >= 500:
		return reaction{ErrUnavailable, reads}
	case status == http.StatusUnauthorized:
		return reaction{ErrUnauthenticated, never}
	case status == http.StatusForbidden:
		return reaction{ErrForbidden, never}
	case status == http.StatusNotFound:
		return reaction{ErrNotFound, never}
	case status >= 400:
		return reaction{ErrInvalid, never}
	default:
		return reaction{ErrBadResponse, never}
	}
}

// classify goes by the status alone where the codes are none of the gateway's.
func (p Product) classify(code string, status int) reaction {
	switch {
	case p == OAuth && status == http.StatusBadRequest: // RFC 6749, section 5.2: a token that is no more
		return reaction{ErrUnauthenticated, never}
	case p == OAuth, p == CloudSSO:
		return classify("", status)
	default:
		return classify(code, status)
	}
}

func matches(pattern, code string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(code, prefix)
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(code, suffix)
	}
	return pattern == code
}

// KindOf is the kind of failure that a code of the vendor's stands for, by the
// table of codes alone; false where the code is not in it.
func KindOf(code string) (kind error, known bool) {
	for _, row := range codes {
		if matches(row.pattern, code) {
			return row.kind, true
		}
	}
	return nil, false
}

// KindOfStatus is the kind of failure that an HTTP status stands for where there
// is no code.
func KindOfStatus(status int) error { return classify("", status).kind }
