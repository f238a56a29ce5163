package tools

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// IDKind is a kind of identifier that Alibaba Cloud gives out.
type IDKind struct {
	Term    string // Alibaba's name of it: EnvId
	Arg     string // the argument that takes it: env_id
	Tool    string // the tool that has this argument
	Shape   *regexp.Regexp
	Example string
	digits  int // of the part behind the prefix, as usually seen; 0: they vary
}

// The kinds, in the order of reference/triage.md, section 2.
var (
	envID       = IDKind{"EnvId", "env_id", "gather_env_stats", regexp.MustCompile(`^we-[0-9a-z]+$`), "we-5d3eaaea2977ca5251e00000", 24}
	changeID    = IDKind{"ChangeId", "change_id", "gather_env_stats", regexp.MustCompile(`^wc-[0-9a-z]+$`), "wc-5d4103a856fd7c14ac900000", 24}
	invokeID    = IDKind{"InvokeId", "invoke_id", "get_invocation_results", regexp.MustCompile(`^t-[0-9a-z]+$`), "t-hz0jdfwd9f00000", 0}
	commandID   = IDKind{"CommandId", "command_id", "get_invocation_results", regexp.MustCompile(`^c-[0-9a-z]+$`), "c-hz0jdfwcsr00000", 0}
	instanceID  = IDKind{"InstanceId", "instance_id", "get_invocation_results", regexp.MustCompile(`^m?i-[0-9a-z]+$`), "i-bp1i7gg30r52z2em0000", 20}
	appID       = IDKind{"AppId", "app_id", "get_app_status", regexp.MustCompile(`^[0-9a-f]{4,12}(-[0-9a-f]{2,8}){3}-[0-9a-f]{6,16}$`), "0099b7be-5f5b-4512-a7fc-56049ef10000", 32}
	operationID = IDKind{"OperationId", "operation_id", "get_operation_result", regexp.MustCompile(`^op_[0-9A-Za-z_-]+$`), "op_7c1f0a3b52d94e0f", 0}

	kinds = []IDKind{envID, changeID, invokeID, commandID, instanceID, appID, operationID}
)

var (
	requestIDShape = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)
	// foreign are WebPlus ids that no tool takes.
	foreign = map[string]string{"wa-": "application", "ws-": "stack", "wp-": "package"}
)

// managed is the prefix of a managed instance's InstanceId: a machine elsewhere, whose
// Cloud Assistant Agent is registered (ECS DescribeManagedInstances).
const managed = "mi"

// IDKinds lists all kinds of ids.
func IDKinds() []IDKind { return slices.Clone(kinds) }

// Kinds lists the kinds of ids that the tools of c take.
func (c Config) Kinds() []IDKind {
	return slices.DeleteFunc(slices.Clone(kinds), c.refuses)
}

// kindOf finds the kind that a word has the shape of.
func kindOf(word string) (IDKind, bool) {
	for _, k := range kinds {
		if k.Shape.MatchString(word) {
			return k, true
		}
	}
	return IDKind{}, false
}

func kindOfArg(arg string) (IDKind, bool) {
	for _, k := range kinds {
		if k.Arg == arg {
			return k, true
		}
	}
	return IDKind{}, false
}

// around is what stands around an id in prose, in code and in chats, also what
// is not seen. No asterisk: behind an id it is no emphasis but a mask.
const around = " \t\r\n\u00a0`'\"<>()[]{}.,;:!?“”‘’«»「」『』（）【】《》。，；：！？、…\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

func tidy(word string) string { return strings.Trim(word, around) }

// objection is why an id cannot be of a kind. The zero value is none.
type objection struct {
	why      string
	near     string // the id in the spelling that was probably meant
	other    IDKind // the kind that it is of
	hopeless bool   // nothing tells what it may be
}

// object says why id cannot be a k, and asks elsewhere where an id of another
// kind belongs.
func (k IDKind) object(id string, elsewhere func(IDKind) string) objection {
	other, known := kindOf(id)
	prefix, _, _ := strings.Cut(id, "-")
	switch what := foreign[prefix+"-"]; {
	case strings.Contains(id, "*"):
		return objection{why: "it is masked with asterisks, as documentation shows ids; give the whole " + k.Term + ", such as " + k.Example}
	case k.Shape.MatchString(id):
		return objection{}
	case known:
		return objection{why: "this is " + article(other.Term) + "; " + elsewhere(other), other: other}
	case requestIDShape.MatchString(id):
		return objection{why: "an upper-case UUID is usually a RequestId, which names a call, not a thing; give the " + k.Term + ", such as " + k.Example}
	case what != "" && k.Arg == envID.Arg:
		return objection{why: "this is a WebPlus " + what + "; the tool needs an environment, whose id starts with we-"}
	case what != "":
		return objection{why: "this is a WebPlus " + what + ", which no tool takes; give the " + k.Term + ", such as " + k.Example}
	}
	why := "it does not have the shape of " + article(k.Term)
	if near, ok := k.respelt(id); ok {
		return objection{why: why + "; did you mean " + near + "?", near: near}
	}
	return objection{why: why + ", such as " + k.Example, hopeless: true}
}

// respelt finds an id in another spelling: in capitals, or with another dash.
func (k IDKind) respelt(id string) (string, bool) {
	for _, dash := range [...]string{"-", "_"} {
		near := strings.ToLower(strings.NewReplacer("-", dash, "_", dash, "–", dash, "—", dash, " ", "").Replace(id))
		if len(id) <= maxID && k.Shape.MatchString(near) {
			return near, true
		}
	}
	return "", false
}

// oddLength says that an id is not as long as they usually are. The vendor
// promises no length, so it is a hint for when the cloud does not know the id.
func (k IDKind) oddLength(id string) string {
	prefix, digits, _ := strings.Cut(id, "-")
	if prefix == managed {
		return ""
	}
	if k.Arg == appID.Arg {
		digits = strings.ReplaceAll(id, "-", "")
	}
	if k.digits == 0 || len(digits) == k.digits {
		return ""
	}
	return k.Arg + " " + id + " has " + plural(len(digits), "character", "characters") + " where " + k.Term + "s usually have " +
		plural(k.digits, "character", "characters") + " (without prefix and dashes): it may have been copied wrongly"
}

func article(term string) string {
	if strings.ContainsRune("AEIO", rune(term[0])) {
		return "an " + term
	}
	return "a " + term
}

// Nearest returns the candidate closest to word, if one is close enough to be
// what was meant: it begins or ends with the word, or shares most of its
// characters, in whatever script.
func Nearest(word string, candidates []string) (string, bool) {
	if len(word) > maxID {
		return "", false
	}
	fold := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
	word = fold(word)
	length := utf8.RuneCountInString(word)
	for _, c := range candidates {
		if (length > 2 || length == 2 && len(word) > 2*length) && strings.HasPrefix(fold(c), word) {
			return c, true
		}
	}
	best, least := "", 0
	for _, c := range candidates {
		if length > 1 && strings.HasSuffix(fold(c), "_"+word) {
			return c, true
		}
		if d := edits(word, fold(c)); d <= closeEnough(length, utf8.RuneCountInString(c)) && (best == "" || d < least) {
			best, least = c, d
		}
	}
	return best, best != ""
}

// closeEnough is how many edits may lie between two words of so many characters.
func closeEnough(x, y int) int {
	switch shorter := min(x, y); {
	case shorter <= 2:
		return 0
	case shorter <= 5:
		return 1
	default:
		return shorter / 3
	}
}

// edits counts the characters in which two words differ. Two that changed places
// are one.
func edits(x, y string) int {
	d := levenshtein.ComputeDistance(x, y)
	if d == 2 && len(x) == len(y) {
		p, q := []rune(x), []rune(y)
		slices.Sort(p)
		slices.Sort(q)
		if slices.Equal(p, q) {
			return 1
		}
	}
	return d
}
