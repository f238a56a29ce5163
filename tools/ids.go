package tools

import (
	"regexp"
	"strings"

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
	instanceID  = IDKind{"InstanceId", "instance_id", "get_invocation_results", regexp.MustCompile(`^i-[0-9a-z]+$`), "i-bp1i7gg30r52z2em0000", 20}
	appID       = IDKind{"AppId", "app_id", "get_app_status", regexp.MustCompile(`^[0-9a-f]{4,12}(-[0-9a-f]{2,8}){3}-[0-9a-f]{6,16}$`), "0099b7be-5f5b-4512-a7fc-56049ef10000", 32}
	operationID = IDKind{"OperationId", "operation_id", "get_operation_result", regexp.MustCompile(`^op_[0-9A-Za-z_-]+$`), "op_7c1f0a3b52d94e0f", 0}

	kinds = []IDKind{envID, changeID, invokeID, commandID, instanceID, appID, operationID}
)

var (
	requestIDShape = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)
	// foreign are WebPlus ids that no tool takes.
	foreign = map[string]string{"wa-": "application", "ws-": "stack", "wp-": "package"}
)

// kindOf finds the kind that a word has the shape of.
func kindOf(word string) (IDKind, bool) {
	for _, k := range kinds {
		if k.Shape.MatchString(word) {
			return k, true
		}
	}
	return IDKind{}, false
}

// tidy takes away what stands around an id in prose and in code.
func tidy(word string) string {
	return strings.TrimRight(strings.Trim(strings.TrimSpace(word), "`'\"<>“”‘’「」"), ".,;:!?)】。，")
}

// refuse says why id cannot be a k; "" when it can.
func (k IDKind) refuse(id string) string {
	switch other, known := kindOf(id); {
	case strings.Contains(id, "*"):
		return "it is masked with asterisks, as documentation shows ids; give the whole " + k.Term + ", such as " + k.Example
	case k.Shape.MatchString(id):
		return ""
	case known:
		return "this is " + article(other.Term) + "; use " + other.Tool + " with " + other.Arg + "=" + id
	case requestIDShape.MatchString(id):
		return "an upper-case UUID is usually a RequestId, which names a call, not a thing; give the " + k.Term + ", such as " + k.Example
	}
	if len(id) > 3 {
		if what := foreign[id[:3]]; what != "" {
			return "this is a WebPlus " + what + "; the tool needs an environment, whose id starts with we-"
		}
	}
	return "it does not have the shape of " + article(k.Term) + ", such as " + k.Example
}

// oddLength says that an id is not as long as they usually are. The vendor
// promises no length, so it is a hint for when the cloud does not know the id.
func (k IDKind) oddLength(id string) string {
	got := len(id) - strings.IndexByte(k.Example, '-') - 1
	if k.Arg == appID.Arg {
		got = len(strings.ReplaceAll(id, "-", ""))
	}
	if k.digits == 0 || got == k.digits {
		return ""
	}
	return k.Arg + " " + id + " has " + plural(got, "character") + " where " + k.Term + "s usually have " + plural(k.digits, "character") + " (without prefix and dashes): it may have been copied wrongly"
}

func article(term string) string {
	if strings.ContainsRune("AEIO", rune(term[0])) {
		return "an " + term
	}
	return "a " + term
}

// nearest returns the candidate closest to word, if one is close enough to be
// what was meant.
func nearest(word string, candidates []string) (string, bool) {
	best, distance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if len(word) > 2 && strings.HasPrefix(c, strings.ToLower(word)) {
			return c, true
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}
