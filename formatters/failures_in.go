package formatters

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// failure is what a text tells of one call.
type failure struct {
	*cloudapi.Error

	// sign is how the text tells it, in words of ours: a code, an HTTP status, a
	// phrase. "" where a denied action says it all.
	sign string
}

// failuresIn finds the failed calls in any text: in a log, in an error of ours, of
// the vendor's tools and of what is built on its SDKs. What failed is decided by
// the vendor's codes; where there is none by the HTTP status, and where there is
// none either by words. A text that holds nothing but names of operations of ours
// presumes those denied, for that is what is asked then.
//
// The text is hostile. Nothing of it is taken but words that have exactly the
// shape of what they should be.
func failuresIn(text string) (found []failure) {
	signs, named := signsIn(text), operationsIn(endsOf(text))
	denied := slices.ContainsFunc(signs, failure.isDenial)
	if denied {
		found = denialsIn(text, named)
	}
	if slices.ContainsFunc(found, func(f failure) bool { return f.Denied != nil && f.Denied.Action != "" }) {
		return found // what else such a text tells of is about other calls, or says the same again
	}
	for _, s := range signs {
		if !s.isDenial() || s.Code == notYours {
			s.Op = onlyOne(named)
			found = append(found, s)
		}
	}
	if denied && !slices.ContainsFunc(found, failure.isDenial) || len(signs) == 0 && justNames(text) {
		return append(found, presumed(named, signs)...)
	}
	return found
}

// presumed are the operations that a text names, denied without a word of which.
// One that names none tells of a denial all the same.
func presumed(named []string, signs []failure) (list []failure) {
	for _, op := range named {
		list = append(list, failure{Error: &cloudapi.Error{Kind: cloudapi.ErrForbidden, Op: op}})
	}
	if i := slices.IndexFunc(signs, failure.isDenial); i >= 0 && len(named) == 0 {
		list = append(list, failure{Error: &cloudapi.Error{Kind: cloudapi.ErrForbidden}, sign: signs[i].sign})
	}
	return list
}

func (f failure) isDenial() bool { return errors.Is(f.Kind, cloudapi.ErrForbidden) }

// succeeded tells of a call that did not fail.
func (f failure) succeeded() bool { return f.Kind == nil }

func onlyOne(named []string) string {
	if len(named) == 1 {
		return named[0]
	}
	return ""
}

// maxSignText is how much of the beginning and of the end of a long text is searched
// for signs: an error says what it is in few words.
const maxSignText = 64 << 10

func endsOf(text string) string {
	if len(text) <= 2*maxSignText {
		return text
	}
	return text[:maxSignText] + "\n" + text[len(text)-maxSignText:]
}

// signsIn are the codes of the text, else its HTTP statuses, else what its words
// say.
func signsIn(text string) []failure {
	text = endsOf(text)
	signs := codesIn(text)
	if len(signs) == 0 {
		signs = statusesIn(text)
	}
	if len(signs) == 0 {
		signs = phrasesIn(text)
	}
	if detailSign.MatchString(text) && !slices.ContainsFunc(signs, failure.isDenial) {
		return []failure{signOf(&cloudapi.Error{Kind: cloudapi.ErrForbidden}, "AccessDeniedDetail")}
	}
	return signs
}

// signOf marks e as an answer: whatever it was, it is not we who were asked.
func signOf(e *cloudapi.Error, sign string) failure {
	e.Sent = true
	return failure{e, sign}
}

// detailSign is a field of AccessDeniedDetail, or what we say of one.
var detailSign = regexp.MustCompile(`(?i)AccessDeniedDetail|AuthAction|NoPermissionType|(?:explicit|implicit) ?deny|lacks the RAM action `)

// maxSigns is how many codes are told of. No error has as many.
const maxSigns = maxMends

var (
	// codeWord is what may be a code: some letters with a capital among them, and
	// dots within.
	codeWord = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]{2,59}(?:\.[A-Za-z0-9]{1,60}){0,4}`)
	// codeField is a field for a code. A plain word is a code in it alone.
	codeField = regexp.MustCompile(`(?i)(?:error_?code|\bcode|error[ _]?type|refused with|ServerError)` + `(?:` + is + `|\s+)$`)
	// camelCase has at least two words in it, or a dot.
	camelCase = regexp.MustCompile(`^[A-Z][a-z0-9]+[A-Z.]|\.`)
)

// notCodes have the shape of one: fields of the vendor's answers, and words of
// its SDKs and tools.
var notCodes = []string{"AccessDeniedDetail", "NoPermissionType", "NoPermissionPolicyType", "InvalidResponseType"}

// plainCodes are single words that nobody writes with a capital but as a code.
var plainCodes = []string{"Throttling", "Forbidden"}

// codesIn finds each code of the table once, in the order of the text. A success
// that names its code counts where no failure does.
func codesIn(text string) (found []failure) {
	seen := map[string]bool{}
	for _, at := range codeWord.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if seen[word] || len(found) == maxSigns || slices.Contains(notCodes, word) {
			continue
		}
		distinct := camelCase.MatchString(word) || slices.Contains(plainCodes, word)
		if !distinct && !codeField.MatchString(text[max(at[0]-60, 0):at[0]]) {
			continue
		}
		code := word
		if bare, isType := strings.CutSuffix(word, "Error"); isType && strings.Contains(bare, ".") { // as the Node SDK names its errors
			code = bare
		}
		kind, known := cloudapi.KindOf(code)
		if known && !seen[code] {
			found = append(found, signOf(&cloudapi.Error{Kind: kind, Code: code}, codeName(code)))
		}
		seen[word], seen[code] = true, true
	}
	if len(found) == 0 && succeededCode.MatchString(text) {
		return []failure{{&cloudapi.Error{Code: "OK"}, "OK"}}
	}
	return found
}

// succeededCode is the code of a call that went well, as the products write it.
var succeededCode = regexp.MustCompile(`\b[Cc]ode` + is + `(?:OK|200)\b|"[Ss]uccess"\s*:\s*"?true\b`)

// codeName is what of a code is shown: all of one that we know by heart, else the
// part by which we know it. The rest is somebody else's text.
func codeName(code string) string {
	for _, row := range apiErrors {
		if row.code == code {
			return code
		}
	}
	for _, known := range shownCodes {
		if strings.HasPrefix(code, known) {
			return known
		}
	}
	if i := strings.LastIndexByte(code, '.'); i >= 0 && oneOf(code[i:], ".NotFound", ".NoPermission", ".permission") {
		return "a code that ends in " + code[i:]
	}
	switch {
	case strings.HasSuffix(code, "NotExists"):
		return "a code that ends in NotExists"
	case strings.HasSuffix(code, "NoAuth"):
		return "a code that ends in NoAuth"
	case strings.HasPrefix(code, "Missing"):
		return "a code that begins with Missing"
	case strings.HasPrefix(code, "Invalid"):
		return "a code that begins with Invalid"
	default:
		return "another code"
	}
}

// shownCodes are codes and beginnings of codes, longer ones first.
var shownCodes = []string{
	"Throttling.User", "Throttling.Api", "Throttling",
	"Forbidden.RAM", "Forbidden", "NoPermission", "AccessDenied", "NotAuthorized", "Operation.Forbidden", "AuthenticationFailed",
	"InvalidTimeStamp", "InvalidAccessKeyId", "InvalidSecurityToken", "ServiceUnavailable", "InternalError", "StatusNotAllowed",
	"MissingParameter", "InvalidParameter",
}

var statusWord = regexp.MustCompile(`(?i)(?:\bHTTP(?:/[0-9.]{1,3})?(?: status)?(?: code)?|\bstatus ?code|\bstatus|\bcode)(?:` + is + `|\s+)([1-5][0-9]{2})\b|` +
	`\b([1-5][0-9]{2}) (?:OK\b|Bad Request|Unauthorized|Forbidden|Not Found|Too Many|Internal Server|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway)`)

// statusesIn finds each HTTP status once. A failure hides what went well beside
// it: a log is asked about because of the failure.
func statusesIn(text string) (found []failure) {
	var went []failure
	seen := map[string]bool{}
	for _, groups := range statusWord.FindAllStringSubmatch(text, -1) {
		word := groups[1] + groups[2]
		if seen[word] {
			continue
		}
		seen[word] = true
		switch status, _ := strconv.Atoi(word); {
		case status < 300:
			went = append(went, failure{&cloudapi.Error{Status: status}, "HTTP " + word})
		case status >= 400:
			found = append(found, signOf(&cloudapi.Error{Kind: cloudapi.KindOfStatus(status), Status: status}, "HTTP "+word))
		}
	}
	if len(found) == 0 {
		return went
	}
	return found
}

// phrases are the words of errors without a code or status: those of the vendor's
// messages, of our own errors and of the network. The first that matches says what
// the whole text is about.
var phrases = []struct {
	words *regexp.Regexp
	sign  string
	cloudapi.Error
}{
	{words(`flow control`, `too many requests`, `throttl`, `rate limit`, `qps limit`, `流控`, `限流`), "throttling", cloudapi.Error{Kind: cloudapi.ErrThrottled}},
	{words(`specified access ?key (?:is )?not found`, `access ?key id .{0,40}(?:not exist|not found|invalid)`), "an AccessKey that is not known", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "InvalidAccessKeyId.NotFound"}},
	{words(`access ?key is (?:disabled|inactive)`), "an AccessKey that is disabled", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "InvalidAccessKeyId.Inactive"}},
	{words(`signature (?:is not matched|does not match)`, `signature .{0,20}mismatch`), "a signature that does not match", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "SignatureDoesNotMatch"}},
	{words(`(?:security|sts) ?token .{0,40}expired`), "a security token that has expired", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "InvalidSecurityToken.Expired"}},
	{words(`(?:security|sts) ?token .{0,40}(?:malformed|invalid|not valid)`), "a security token that is not accepted", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "InvalidSecurityToken"}},
	{words(`time ?stamp .{0,40}(?:expired|not well formatted)`), "a clock that is off", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Code: "InvalidTimeStamp"}},
	{words(cloudapi.ErrUnauthenticated.Error()), "credentials that are not accepted", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated}},
	{words(`no (?:usable )?alibaba cloud credentials`, `unable to load credentials`, `no credentials? (?:found|provider)`, `failed to get credential`), "missing credentials", cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Cause: cloudapi.ErrNoCredentials}},
	{words(`not authori[sz]ed`, `no permission`, `permission denied`, `access (?:is )?denied`, `doesn.t support RAM`, `lacks the RAM action `, `denied`, `forbidden`, cloudapi.ErrForbidden.Error(), `无权`, `没有权限`, `权限不足`, `未授权`), "a denied call", cloudapi.Error{Kind: cloudapi.ErrForbidden}},
	{words(`timed? ?out`, `deadline exceeded`, `the time for \w+ was over`, `超时`), "a timeout", cloudapi.Error{Kind: cloudapi.ErrUnavailable, Cause: context.DeadlineExceeded}},
	{words(`connection (?:was )?(?:refused|reset|closed|aborted)`, `no such host`, `network is unreachable`, `no route to host`, `name resolution`, `getaddrinfo`, `unknown ?host`, `broken pipe`, `unexpected EOF`, `proxyconnect`, `certificate`, `TLS handshake`, `连接`), "a request that did not get through", cloudapi.Error{Kind: cloudapi.ErrUnavailable}},
	{words(`not found`, `(?:does|do|did) not exist`, `no such `, cloudapi.ErrNotFound.Error(), `不存在`), "something that is not there", cloudapi.Error{Kind: cloudapi.ErrNotFound}},
	{words(`service unavailable`, `internal (?:server )?error`, `bad gateway`, cloudapi.ErrUnavailable.Error()), "a fault on the other side", cloudapi.Error{Kind: cloudapi.ErrUnavailable}},
	{words(cloudapi.ErrBadResponse.Error()), "an answer that cannot be understood", cloudapi.Error{Kind: cloudapi.ErrBadResponse}},
	{words(cloudapi.ErrInvalid.Error(), `(?:invalid|missing|illegal|required) (?:parameter|argument|param|value|input)`, `is mandatory`), "an argument that is not accepted", cloudapi.Error{Kind: cloudapi.ErrInvalid}},
	{words(`\b200 ok\b`, `succeeded`, `successful`, `success`, `成功`), "success", cloudapi.Error{}},
}

func words(alternatives ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + strings.Join(alternatives, "|"))
}

func phrasesIn(text string) []failure {
	for _, p := range phrases {
		if !p.words.MatchString(text) {
			continue
		}
		e := p.Error
		if e.Kind == nil || p.sign == unsentSign {
			return []failure{{&e, p.sign}}
		}
		return []failure{signOf(&e, p.sign)}
	}
	return nil
}

// unsentSign is of the one phrase whose request never left.
const unsentSign = "a request that did not get through"

// justNames: the text is the name of one or more operations or actions of ours,
// with the words that stand around such names.
func justNames(text string) bool {
	rest := ourNames.ReplaceAllString(text, "")
	for word := range strings.FieldsSeq(rest) {
		if !oneOf(strings.ToLower(strings.Trim(word, `.,;:'"`+"`")), "", "and", "or", "aliyun", "ecs", "sae", "webplus", "bpstudio", "sts", "api", "action", "operation") {
			return false
		}
	}
	return true
}

var ourNames = regexp.MustCompile(`(?i)(?:\b[a-z0-9-]{1,32}:)?\b(?:` + strings.Join(operationNames(), "|") + `)\b`)
