package formatters

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// firstTrouble is the index in text at which something seems to go wrong, if it
// does. It decides no verdict: it chooses what to show, and what to point at.
func firstTrouble(text string) (at int, found bool) {
	for i := 0; ; i++ {
		var words []string
		if i, words = troubleScanner().next(text, i); i == len(text) {
			return 0, false
		}
		for _, word := range words {
			if speaksOf(text, i, word) {
				return i, true
			}
		}
	}
}

// speaksOf tells whether word stands at i, as a whole, and speaks of trouble there.
func speaksOf(text string, i int, word string) bool {
	if !hasPrefixFold(text[i:], word) {
		return false
	}
	end := i + len(word)
	before, after := text[max(0, i-maxContext):i], text[end:min(len(text), end+maxContext)]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	after, _, _ = strings.Cut(after, "\n")
	if word[0] >= utf8.RuneSelf {
		return !deniedInChinese.MatchString(before) && !harmlessInChinese.MatchString(after)
	}
	if rest := strings.TrimPrefix(after, "s"); after != rest && !startsWord(rest) {
		after = rest
	}
	switch {
	case startsWord(after):
		return false
	case !startsAt(before, text[i:end]):
		return false
	case partOfName(before, text[i:end], after):
		return false
	}
	return !deniedInEnglish.MatchString(before) && !harmlessInEnglish.MatchString(after) && (word != "timeout" || !aSetting.MatchString(after))
}

const maxContext = 48 // bytes of the line on either side that decide

// startsWord tells whether s goes on with the word before it.
func startsWord(s string) bool { return s != "" && isAlnum(s[0]) }

// startsAt tells whether a word begins behind before, or is the last part of the
// name of an exception: ValueError, java.lang.OutOfMemoryError.
func startsAt(before, word string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	if before == "" || !isAlnum(last) {
		return true
	}
	if !unicode.IsUpper(rune(word[0])) || !unicode.IsLower(last) {
		return false
	}
	return exceptionName.MatchString(before)
}

var exceptionName = regexp.MustCompile(`(?:^|[^0-9A-Za-z_$-])(?:[a-z0-9_]+\.)*[A-Z][0-9A-Za-z]*$`)

// partOfName tells whether a word is a part of an option, a file or a setting:
// --fail-fast, error.log, max_errors. A code in capitals is none of these, nor is
// a field that holds a message.
func partOfName(before, word, after string) bool {
	joinedBefore := before != "" && strings.ContainsRune(nameJoints, rune(before[len(before)-1]))
	joinedAfter := len(after) > 1 && strings.IndexByte(nameJoints, after[0]) >= 0 && isAlnum(after[1])
	switch {
	case !joinedBefore && !joinedAfter:
		return false
	case joinedBefore && before[len(before)-1] == '.' && (len(before) == 1 || before[len(before)-2] == '.' || before[len(before)-2] == ' '): // "…error"
		return false
	case holdsMessage.MatchString(after):
		return false
	case strings.ToUpper(word) == word: // ERR_CONNECTION_REFUSED, but not MAX_ERRORS=5
		return before != "" && strings.HasSuffix(before, "-") || settingBehind.MatchString(after) || joinedAfter && after[0] != '_' && after[0] != '-'
	default:
		return true
	}
}

const nameJoints = "-_./"

var (
	holdsMessage  = regexp.MustCompile(`^[-_](?i:message|msg|desc|description|info|reason|text|detail)s?["']?\s*[:=]\s*["']?[^\s"',}]`)
	settingBehind = regexp.MustCompile(`^[0-9A-Za-z_]*=`)
)

var (
	// deniedInEnglish is what stands before a word that is not so: "no errors",
	// "0 failed", "without any error".
	deniedInEnglish = regexp.MustCompile(`(?i)(?:^|[^0-9a-z.])(?:no|0|zero|without|not|never|ignor(?:e|es|ed|ing)|if|on|no more|exit on|free of)(?: (?:any|an|a|the|fatal|critical|known|new|other|such))?[ -]$`)
	// harmlessInEnglish is what stands behind a word that tells of no trouble: a
	// count of 0, an empty value, the name of a file or a setting, a failover.
	harmlessInEnglish = regexp.MustCompile(`(?i)^["']?(?:` +
		` (?:logs?|logging|handl(?:er|ers|ing)|pages?|reporting|correction|detection|tolerance|budget|domain)(?:[^0-9a-z].*)?$|` +
		` (?:successfully )?over(?: |$)|` +
		`(?: (?:codes?|counts?|rate|total|found|tests?|units?|jobs?|tasks?|lines?|packets?))*["']?\s*[:=]?\s*["']?(?:0+(?:\.0+)?%?["']?(?:[^0-9a-z.]|\.?$)|(?:none|null|nil|false|no)["']?\s*(?:[,;)}\]]|$))|` +
		`["']?\s*[:=]\s*(?:""|''|\[\]|\{\}|-)(?:[^0-9a-z]|$))`)
	// aSetting is what stands behind "timeout" where it is one: 30s, "set to 60".
	aSetting = regexp.MustCompile(`(?i)^["']?\s*(?:[:=]|(?:is |was )?(?:set|of)(?: to)?)?\s*["']?\d`)

	deniedInChinese   = regexp.MustCompile(`(?:[无無]|没有?|沒有?|未发现|未發現|未见|未出现|未出現|未检测到|未檢測到|不存在|不会|不會|是否|如果|避免|防止|忽略|[^0-9.]0 ?[个個条條次项項]?|^0 ?[个個条條次项項]?|零)(?:任何|明显|明顯|有|其他|其它|的)?$`)
	harmlessInChinese = regexp.MustCompile(`^(?:日志|日誌|时间|時間|设置|設置|处理|處理|率 ?[:：=为為]? ?0(?:\.0+)?%?(?:[^0-9.]|$)|错误|錯誤|异常|異常|` +
		`\p{Han}{0,4} ?[:：=为為]? ?(?:0+ ?[个個条條次项項]?|[无無]|没有|沒有)(?:[^0-9.\p{Han}]|$))`)
)

var troubleWords = []string{
	"error", "err", "fail", "failed", "failure", "fatal", "panic", "panicked", "exception", "traceback", "denied", "refused", "rejected", "forbidden",
	"unauthorized", "killed", "oomkilled", "cannot", "can't", "could not", "couldn't", "unable", "no space", "no package", "no route", "not found", "no such",
	"not permitted", "not recognized", "read-only file system", "timed out", "timeout", "invalid", "unreachable", "oom", "out of memory", "segfault",
	"segmentation fault", "core dumped", "critical", "broken pipe", "reset by peer", "exceeded", "has expired", "corrupt", "corrupted", "deadlock",
	"bad interpreter", "crashloopbackoff", "imagepullbackoff", "errimagepull", "errmsg",
	"错误", "失败", "异常", "拒绝", "无法", "不存在", "超时", "空间不足", "内存不足", "找不到", "未能", "权限不足", "没有权限", "不可达", "崩溃",
	"錯誤", "失敗", "異常", "拒絕", "無法", "逾時", "超時", "空間不足", "記憶體不足", "權限不足", "沒有權限", "崩潰",
}

var troubleScanner = sync.OnceValue(func() *scanner[string] {
	return newScanner(troubleWords, func(word string) []string { return []string{word} })
})
