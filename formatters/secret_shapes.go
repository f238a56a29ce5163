package formatters

import (
	"regexp"
	"slices"
	"strings"
)

// secretShape is one way to recognise what must not be shown.
type secretShape struct {
	kind string
	// hints are where the pattern may begin, in lower case. Only there it is
	// tried, so that clean text costs next to nothing.
	hints []string
	// pattern is matched at a hint. The last group that takes part, or else the
	// whole, is the secret; what stands before it stays readable.
	pattern shapePattern
	// prose tells that the hint is also an ordinary word: then only what is
	// assigned with "=" or stands in quotes, or looks random, is a secret.
	prose bool
	// before, if there is one, must accept what stands before the hint in its line.
	before func(line string) bool
}

// shapePattern is a pattern that is spared where it cannot match: some of them go
// through all of the window before they give up.
type shapePattern struct {
	*regexp.Regexp

	needs string // what a match holds, in lower case; "" if that is not known
	// without is the pattern less the alternatives that need it, with the same groups;
	// nil if all of them do.
	without *regexp.Regexp
}

func (p shapePattern) match(window string) []int {
	switch {
	case p.needs == "" || containsFold(window, p.needs):
		return p.FindStringSubmatchIndex(window)
	case p.without != nil:
		return p.without.FindStringSubmatchIndex(window)
	default:
		return nil
	}
}

// after accepts lines that call one of the commands; what an option means depends
// on it.
func after(commands ...string) func(line string) bool {
	return func(line string) bool {
		return slices.ContainsFunc(commands, func(command string) bool { return strings.Contains(line, command) })
	}
}

// ofSomebody accepts lines that end before a password which is told.
func ofSomebody(line string) bool {
	const far = 20 // bytes: the longest of the words, and a character before it
	word := strings.TrimRight(line, " \t")
	return len(word) < len(line) && toldPassword.MatchString(word[max(0, len(word)-far):])
}

var toldPassword = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:admin|administrator|default|generated|initial|new|one-time|root|temporary|your)$`)

// nextWord is what stands between an option and its value, on a command line or in
// a list of words.
const nextWord = `(?:[ \t]+|\\*["']?,[ \t]*)\\*["']?`

// atWord accepts lines that end before the beginning of a word, or behind _.
func atWord(line string) bool { return line == "" || !isAlnum(line[len(line)-1]) }

// atLineStart accepts what stands first, behind a prompt or a time.
func atLineStart(line string) bool {
	line = strings.TrimRight(line, " \t")
	return line == "" || strings.HasSuffix(line, ">") || strings.HasSuffix(line, `"`)
}

// inOption accepts lines that end within the name of an option.
func inOption(line string) bool {
	name := strings.TrimRightFunc(line, func(r rune) bool { return isAlnum(r) || r == '_' || r == '-' })
	return strings.HasPrefix(line[len(name):], "--")
}

// inAnyOption is inOption for names that say enough by themselves: PowerShell's and
// Java's options have one hyphen.
func inAnyOption(line string) bool {
	return strings.HasPrefix(line[strings.LastIndexAny(line, " \t")+1:], "-")
}

// notOfPage refuses lines that end in the name of a NextToken, which is no secret.
func notOfPage(line string) bool {
	line = strings.TrimRight(strings.ToLower(line), "_-")
	return !strings.HasSuffix(line, "next") && !strings.HasSuffix(line, "page")
}

func hints(list ...string) []string { return list }

const (
	// inSingle and inDouble are what stands in quotes; SQL doubles one that belongs
	// to it, a shell closes, escapes and opens.
	inSingle = `'((?:[^'\n]|''|'\\'')+)`
	inDouble = `"((?:[^"\\\n]|\\.|"")+)`
	// inEncoded is the same where JSON, HTML or a URL has encoded the quotes.
	inEncoded = `\\"((?:[^"\\\n]|\\{2,3}.)+)|\\{2,}"([^"\\\n]+)|\\+'([^'\\\n]+)|` +
		`\\*u0022((?:[^\s"\\]|\\[^u"\\]|\\+u00(?:[^2]|2[^2]))+)|(?:&quot;|&#34;)((?:[^\n"&\\]|\\(?:&quot;|&#34;|[^&\n])|&(?:#39|#43|amp|lt|gt|apos);|&[^q#\s"])+)|%22((?:[^\s"%]|%[^2]|%2[^2])+)`
	// bareGroup is the name of the group of a value without quotes, whose end the pattern
	// cannot tell: see endOfBare.
	bareGroup = "bare"
	// shellWord is a word of a command line that is no option.
	shellWord = `(?:\\+"([^"\\\n]+)|` + inSingle + `|` + inDouble + `|(?P<bare>(?:[^\s"'\\-]|\\[^"'\n])(?:[^\s\\]|\\[^\n])*))`
)

// atHost is what stands behind the password of a URL.
const atHost = `@[\w.-]+(?::[0-9]+)?(?:[/?#\s"',;)]|$)`

// toldWord is what an English sentence says a password is.
const toldWord = `(?:'([^'\n]{4,})'|"([^"\n]{4,})"|(?P<bare>[^\s"'][^\s]{3,}))`

// assigned matches a name, what gives it a value, and the value: in quotes, in
// quotes that JSON or HTML have encoded, or up to the next space. A sign gives it,
// or the element of XML of that name, or a field "value" in the same object, as
// lists of variables have it; YAML may put it on the next line.
func assigned(name string) shapePattern {
	const (
		quote = `(?:\\*["']|\\*u0022|&quot;|&#34;|%22)`
		sign  = quote + `?[ \t\x{a0}\x{3000}]*(?:=>|:=|[:=：＝]|(?:%3[ad]|\\+u003d)(?:\+|%20)*)[ \t\x{a0}\x{3000}]*`
		field = `|(?:` + quote + `?,?\s{0,20}|[^{}\n]{0,120}?)` + quote + `?(?:parameter)?value` + sign
		block = `(?:[|>][+-]?[ \t]*\n[ \t]*)?`
		value = `(?:` + inEncoded + `|\{((?:[^{}\n]|\}\})+)\}(?:[;"']|$)|` + inDouble + `|` + inSingle + `|(?P<bare>(?:[^\s"'\\]|\\[^"'\n])(?:[^\s\\]|\\[^\n]){2,}))`
	)
	pattern := func(field string) shapePattern {
		return at(`(?is)` + name + `(?:(?:` + sign + block + field + `)` + value + `|>\s*<!\[CDATA\[([^\]\n]+)|>([^<>\s][^<>\n]*)</)`)
	}
	return shapePattern{pattern(field).Regexp, "value", pattern("").Regexp}
}

// What Chinese texts call passwords, and keys.
const (
	chinesePassword = `(?:密码|密碼|口令)` //nolint:gosec // what names one, and none itself
	chineseKey      = `(?:密钥|密鑰|秘钥|秘鑰|令牌|私钥|私鑰)`
)

var (
	chinesePasswords = hints("密码", "密碼", "口令")
	chineseKeys      = hints("密钥", "密鑰", "秘钥", "秘鑰", "令牌", "私钥", "私鑰")
)

// told matches what a Chinese sentence says of a name: 初始密码为 X, 密码已重置为：X.
func told(name string) shapePattern {
	const (
		about = `(?:（[^（）\n]{0,40}）|\([^()\n]{0,40}\)|【[^【】\n]{0,40}】)?`
		given = `(?:[ \t\x{a0}\x{3000}]*(?:已?(?:被)?(?:重置|重設|修改|设置|設置|設定|更新|变更|變更|改)?(?:为|為|成)|就?是|[:=：＝])){1,3}[ \t\x{a0}\x{3000}]*`
	)
	return at(name + about + given + `(?:[“‘「『"']([!-~]{3,}?)["'”’」』]|(?P<bare>[!#-&(-~][!-~]{2,}))`)
}

func at(pattern string) shapePattern {
	return shapePattern{Regexp: regexp.MustCompile(`^(?:` + pattern + `)`)}
}

// needing is a pattern whose matches all hold something.
func (p shapePattern) needing(word string) shapePattern {
	p.needs = word
	return p
}

// secretShapes lists the shapes that are known.
func secretShapes() []*secretShape {
	return []*secretShape{
		{"AccessKey secret", hints("ltai"), at(`LTAI[0-9A-Za-z]{12,}["'\s,:;|/]{1,4}([0-9A-Za-z]{30})(?:[^0-9A-Za-z]|$)`), false, nil},
		{"AccessKey ID", hints("ltai"), at(`LTAI[0-9A-Za-z]{12,}`), false, nil},
		{"STS key", hints("sts."), at(`STS\.[0-9A-Za-z]{10,}`), false, nil},
		{"security token", hints("cais"), at(`CAIS(?:[0-9A-Za-z+/]|%(?:25){0,3}2[BbFf]){60,}(?:=|%(?:25){0,3}3[Dd]){0,2}`), false, nil},
		{"JWT", hints("eyj"), at(`eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)?`), false, nil},
		{"Slack token", hints("xox"), at(`xox[abcdeoprs](?:\.xox[bp])?-[0-9A-Za-z%/+=-]{8,}`), false, nil},
		{"Slack token", hints("xapp-", "xwfp-"), at(`x(?:app|wfp)-[0-9A-Za-z-]{8,}`), false, nil},
		{"Slack webhook", hints("hooks.slack.com/", "hooks.slack-gov.com/"), at(`(?i)hooks\.slack(?:-gov)?\.com/[a-z]+/([0-9A-Za-z/_-]{16,})`), false, nil},
		{"DingTalk secret", hints("sec"), at(`SEC[0-9a-f]{64}`), false, nil},
		{"GitHub token", hints("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), at(`gh[pousr]_[0-9A-Za-z]{30,}`), false, nil},
		{"GitHub token", hints("github_pat_"), at(`github_pat_[0-9A-Za-z_]{22,}`), false, nil},
		{"GitLab token", hints("glpat-"), at(`glpat-[0-9A-Za-z_-]{16,}`), false, nil},
		{"Docker Hub token", hints("dckr_"), at(`dckr_[po]at_[0-9A-Za-z_-]{20,}`), false, nil},
		{"Sourcegraph token", hints("sgp_"), at(`sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{40}`), false, nil},
		{"Discord webhook", hints("discord.com/", "discordapp.com/"), at(`(?i)[a-z]+\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/([0-9A-Za-z_-]{40,})`), false, nil},
		{"Telegram token", hints("api.telegram.org/"), at(`(?i)api\.telegram\.org/(?:file/)?bot([0-9]+:[0-9A-Za-z_-]{30,})`), false, nil},
		{"AWS key", hints("akia", "asia"), at(`A[KS]IA[0-9A-Z]{16}`), false, nil},
		{"API key", hints("sk-"), at(`sk-[0-9A-Za-z_-]{20,}`), false, nil},
		{"credentials", hints("authorization"), at(`(?i)authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?(?:(?:basic|bearer|digest|token|appcode|negotiate|ntlm|oss|acs)[ \t]+)?([^\s"',\\]{8,})`), true, nil},
		{"signature", hints("signature="), at(`(?i)signature=([^&\s"',;\\]{8,})`), true, nil},
		{"signature", hints("&sig=", "?sig="), at(`(?i)[&?]sig=([^&\s"',;\\]{8,})`), false, nil},
		{"temporary key", hints("tmp."), at(`TMP\.[0-9A-Za-z]{20,}`), false, nil},
		{"password hash", hints("$1$", "$2", "$5$", "$6$", "$y$"), at(`\$(?:1|2[abxy]?|5|6|y)\$[0-9A-Za-z./$,=]{20,}`), false, nil},
		{"webhook", hints("open.feishu.cn/", "open.larksuite.com/"), at(`(?i)open\.[a-z]+\.[a-z]+/open-apis/bot/v2/hook/([0-9A-Za-z-]{16,})`), false, nil},
		{"webhook", hints("qyapi.weixin.qq.com/"), at(`(?i)qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([0-9A-Za-z-]{16,})`), false, nil},
		{"credentials", hints(`"auth"`, `\"auth\"`), at(`\\*"auth\\*"[ \t]*:[ \t]*\\*"([0-9A-Za-z+/]{8,}={0,2})`), false, nil},
		{"bearer token", hints("bearer"), at(`(?i)bearer[ \t]+([0-9A-Za-z._~+/=-]{8,})`), true, nil},
		{privateKey, hints("ls0tls1crudjti"), at(wrappedKey), false, nil},
		{"password", hints("://"), at(`://[^\s/:@"'?#]*:(?:([^\s/"']+)` + atHost + `|([^\d\s"<>][^\s"<>]*|\d{1,5}[^\s"<>/0-9][^\s"<>]*|\d{6,}[^\s"<>]*)` + atHost + `|([^\s/"']+)@)`).needing("@"), false, nil},
		{"token", hints("://"), at(`://([0-9A-Za-z_-]{16,})@`).needing("@"), false, nil},
		{"password", hints("identified by", "identified with"), at(`(?i)identified (?:by|with [a-z_]+ (?:by|as))[ \t]+(?:password[ \t]+)?(?:\\+["']([^"'\\\n]+)|` + inSingle + `|` + inDouble + `)`), false, nil},
		{"password", hints("password '", `password "`, "password('", `password("`), at(`(?i)password[ (](?:'((?:[^'\n]|''){3,})'|"((?:[^"\n]|""){3,})")`), false, nil},
		{"password", hints("passw"), assigned(`passw(?:or)?d`), false, nil},
		{"password", hints("passphrase"), assigned(`passphrase`), false, nil},
		{"password", hints("pass=", `pass"`, `pass\`, "_pass", "pass ="), assigned(`_?pass`), false, nil},
		{"password", hints("pw=", "pw:", `pw"`, "pw ="), assigned(`pw`), false, atWord},
		{"password", hints("passw"), at(`(?i)passw(?:or)?ds\\*["']?[ \t]*[:=][ \t]*\[[ \t]*([^\]\n]{3,})`), false, nil},
		{"password", hints("passw"), assigned(`passw(?:or)?d[_.-](?:[0-9]{1,3}|admin|db|dev|main|new|old|prod|prd|ro|root|rw|stag(?:e|ing)|test|uat)`), false, nil},
		{"password", hints("pwd"), assigned(`pwd`), false, nil},
		{"password", chinesePasswords, assigned(chinesePassword), false, nil},
		{"password", chinesePasswords, told(chinesePassword), false, nil},
		{"password", hints("requirepass", "masterauth "), at(`(?i)(?:requirepass|masterauth)[ \t]+` + shellWord), false, nil},
		{"password", hints(" -p"), at(`[ \t]-p` + shellWord), false, after("mysql", "7z")},
		{"password", hints(" -p"), at(`[ \t]-p[ \t]*` + shellWord), false, after("sshpass", " login", "mongo ", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport")},
		{"password", hints(" -a"), at(`[ \t]-a[ \t]*` + shellWord), false, after("redis-cli")},
		{"password", hints(" -w"), at(`[ \t]-w[ \t]*` + shellWord), false, after("ldap")},
		{"password", hints(" -u", " --user"), at(`[ \t](?:-u|--user)[ =]?(?:'[^\s:']+:([^'\n]+)|"[^\s:"]+:((?:[^"\\\n]|\\.)+)|\\+"[^\s:"\\]+:([^"\\\n]+)|[^\s:"'\\]*:(?P<bare>[^\s]+))`), false, after("curl", "wget")},
		{"password", hints(" -u", " --user"), at(`[ \t](?:-U|--user)[ =]?["']?[^\s%"']+%([^\s"']+)`), false, after("smb", "rpcclient")},
		{"password", hints("-pass"), at(`-pass(?:in|out)?[ \t]+(?:'pass:([^'\n]+)|"pass:([^"\n]+)|pass:(?P<bare>[^\s]+))`), false, nil},
		{"password", hints("net user "), at(`(?i)net user[ \t]+\S+[ \t]+([^\s/*]\S*)`), false, nil},
		{"password", hints("echo "), at(`(?i)echo[ \t]+(?:-[a-z]+[ \t]+)?["']?[^\s:"']+:([^\s"'|]+)["']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd`), false, nil},
		{"password", hints("echo "), at(`(?i)echo[ \t]+(?:-[a-z]+[ \t]+)?["']?([^\s"'|]+)["']?[ \t]*\|[ \t]*(?:sudo[ \t]+-S|[^\n|]{0,200}--(?:password-)?stdin)`), false, nil},
		{"password", hints("password "), at(`(?i)password (?:is|was|has been|will be)(?: now)?(?: re-?set(?: to)?| set to| changed to| updated to| generated)?:?[ \t]+` + toldWord), true, nil},
		{"password", hints("password"), at(`(?i)password[^\n:=]{0,60}:[ \t]*` + toldWord), true, ofSomebody},
		{"password", hints("_auth="), at(`(?i)_auth=` + shellWord), false, nil},
		{"password", hints("auth "), at(`(?i)auth[ \t]+(?:default[ \t]+)?([!-~]{6,})`), true, atLineStart},
		{"password", hints("/pass:", "/password:"), at(`(?i)/pass(?:word)?:` + shellWord), false, nil},
		{"password", hints("convertto-securestring "), at(`(?i)convertto-securestring[ \t]+(?:-string[ \t]+)?(?:` + inSingle + `|` + inDouble + `)`), false, nil},
		{"password", hints(" -p"), at(`[ \t]-P[ \t]*` + shellWord), false, after("sqlcmd", "osql", "bcp", "zip")},
		{"password", hints(" -k"), at(`[ \t]-k[ \t]+` + shellWord), false, after("openssl enc")},
		{"password", hints(" -u"), at(`[ \t]-u[ \t]*[^\s,"']+,([^\s"']+)`), false, after("lftp")},
		{"password", hints("sqlplus ", "expdp ", "impdp "), at(`(?i)[a-z]+[ \t]+(?:-\S+[ \t]+)*[\w$#]+/([^\s@/"']+)`), false, nil},
		{"password", hints("jdbc:oracle:"), at(`(?i)jdbc:oracle:[a-z]+:[^\s/@]+/([^\s@"']+)@`), false, nil},
		{"password", hints("htpasswd "), at(`htpasswd[ \t]+-[A-Za-z]*b[A-Za-z]*[ \t]+\S+[ \t]+\S+[ \t]+` + shellWord), false, nil},
		{"password", hints(" >"), at(`[ \t]>([!-~]{6,})`), false, after("SETUSER", "setuser")},
		{"password", hints("login "), at(`(?i)login[ \t]+[^\s\[]+[ \t]+password[ \t]+` + shellWord), false, nil},
		{"password", hints(":5432:"), at(`:5432:[^:\s]+:[^:\s]+:([^\s:]+)`), false, nil},
		{"password", hints("auth-pass "), at(`(?i)auth-pass[ \t]+\S+[ \t]+` + shellWord), false, nil},
		{"password", hints(".auth("), at(`\.auth\([ \t]*["'][^"'\n]+["'][ \t]*,[ \t]*["']([^"'\n]+)`), false, nil},
		{"password", hints("chpasswd:"), at(`chpasswd:[ \t]*\n(?:[ \t]+expire:[^\n]*\n)?[ \t]+list:[ \t]*[|>]?[+-]?[ \t]*\n[ \t]*(?:- )?[\w-]+:(\S+)`), false, nil},
		{"password", hints("net use "), at(`(?i)net use[ \t]+(?:\S:[ \t]+)?\\\\\S+[ \t]+([^\s/*]\S*)`), false, nil},
		{"password", hints("password::"), at(`(?i)password::[ \t]*([0-9A-Za-z+/=]{6,})`), false, nil},
		{"password", hints(`password"`, `password'`), at(`(?i)password["'][^<>\n]{0,60}>([^<>\s][^<>\n]*)</`), false, nil},
		{"password", hints("password", "passwd"), at(`(?i)passw(?:or)?d[ \t]*(?:[|│][ \t]*|\t[ \t]*|(?:[ ]\.)+[ ]*:[ ]*)([^\s|│]{4,})`), true, nil},
		{"password", hints("passcode"), assigned(`passcode`), false, nil},
		{"password", chinesePasswords, at(chinesePassword + `(?:[ \t\x{3000}]+([!-~]{6,})|([0-9A-Za-z][!-~]{7,})|[:：][ \t]*\n[ \t]*([!-~]{6,})[ \t]*(?:\n|$))`), true, nil},
		{"token", hints("_authtoken"), at(`(?i)_authtoken[ \t=]+` + shellWord), false, nil},
		{"secret key", hints(" -k"), at(`[ \t]-k[ \t]*([0-9A-Za-z]{30})(?:[^0-9A-Za-z]|$)`), false, after("ossutil")},
		{"cookie", hints("cookie"), at(`(?i)cookie2?\\*["']?[ \t]*:[ \t]*\\*["']?([^\s=;"'\\]+=[^\n"'\\]{6,})`), false, nil},
		{"password", hints("password ", "passwd ", "pass ", "pwd ", "password,", `password"`, "password'"), at(`(?i)[a-z]+` + nextWord + `([^\s"',\\\]-][^\s"',\\\]]*)`), false, inOption},
		{"password", hints("password ", "passwd ", "pass ", "pwd "), at(`(?i)[a-z]+[ \t]+` + shellWord), false, inAnyOption},
		{"secret", hints("secret ", "token ", "key ", "secret,", "token,", "key,", `secret"`, `token"`, `key"`), at(`(?i)[a-z]+` + nextWord + `([^\s"',\\\]-][^\s"',\\\]]{2,})`), true, inOption},
		{"secret", hints("secret"), assigned(`secret(?:[_.-]?(?:access[_-]?)?key)?`), true, nil},
		{"secret", chineseKeys, assigned(chineseKey), false, nil},
		{"secret", chineseKeys, told(chineseKey), false, nil},
		{"key", hints("access"), at(`(?i)access[_ -]?key[_ -]?(?:secret|id)(?:[ \t]*\[[^\]\n]{0,60}\])?[ \t|│:]+([0-9A-Za-z+/=_-]{16,})`), false, nil},
		{"key", hints("accesskey", "access_key", "access-key", "access key"), assigned(`access[_ -]?key(?:[_ -]?(?:secret|id))?`), true, nil},
		{"key", hints("apikey", "api_key", "api-key"), assigned(`api[_-]?key`), true, nil},
		{"key", hints("accountkey", "account_key", "account-key"), assigned(`account[_-]?key`), true, nil},
		{"key", hints("privatekey", "private_key", "private-key"), assigned(`private[_-]?key`), true, nil},
		{"licence key", hints("licensekey", "license_key", "license-key", "licencekey", "licence_key", "licence-key"), assigned(`licen[cs]e[_-]?key`), true, nil},
		{"token", hints("token"), assigned(`token`), true, notOfPage},
		{"credential", hints("credential"), assigned(`credentials?`), true, nil},
	}
}

const privateKey = "private key"

// wrappedKey is how a private key begins in Base64, as Kubernetes has it:
// PRIVATE, RSA, EC, DSA, OPENSSH, ENCRYPTED and PGP, but no certificate.
const wrappedKey = `LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0Eg|BFQyBQ|BEU0Eg|BPUEVOU1NI|BFTkNSWVBURUQ|BQR1Ag)[0-9A-Za-z+/]*={0,2}`

func (s *secretShape) places() []string { return s.hints }

// match looks for the secret whose hint is at i.
func (s *secretShape) match(text string, i int) (span, bool) {
	window := text[i:]
	if !slices.ContainsFunc(s.hints, func(hint string) bool { return hasPrefixFold(window, hint) }) {
		return span{}, false
	}
	if s.pattern.NumSubexp() == 0 && inWord(text, i) {
		return span{}, false // a key is no part of a longer word; names such as DB_PASSWORD are
	}
	if s.before != nil && !s.before(lineBefore(text, i)) {
		return span{}, false
	}
	if len(window) > maxSecret {
		window = window[:maxSecret]
	}
	m := s.pattern.match(window)
	if m == nil {
		return span{}, false
	}
	from, to, isBare := m[0], m[1], false
	for g := 2; g < len(m); g += 2 {
		if m[g] >= 0 {
			from, to, isBare = m[g], m[g+1], s.pattern.SubexpNames()[g/2] == bareGroup
		}
	}
	if isBare {
		end := endOfBare(text, i, i+from, i+to) - i
		if end < to && end-from < minBare {
			return span{}, false // what stood behind it made it long enough
		}
		to = end
	}
	if faked := holdsMark.FindStringIndex(window[from:]); faked != nil && faked[0] == 0 {
		to = from + faked[1] // and what stands behind it
		to += untilSpace(window[to:])
	}
	if to == len(window) {
		to += untilSpace(text[i+to:])
	}
	secret := strings.TrimRight(text[i+from:i+to], ",.;)]}") // of the sentence or the JSON around it
	found := span{i + from, i + from + len(secret), s.kind}
	if noSecret(secret) || isMarked(text, found.from) || said(text, found) || s.prose && !explicit(text[:found.from]) && !looksRandom(secret) ||
		s.prose && s.kind != "password" && sourceCode.MatchString(secret) ||
		(s.prose || s.hints[0] == "pwd") && filePath.MatchString(secret) { // such as the working directory
		return span{}, false
	}
	return found, true
}

const minBare = 3 // bytes of a value that ends before a space

// endOfBare is where a value without quotes ends that begins at from and has no
// space before to. Passwords hold any sign, so a sign ends it only where the syntax
// around it does: & ; and , before the next name=, a quote that was opened before the
// hint, an element that is closed, a full-width sign.
func endOfBare(text string, hint, from, to int) int {
	if i := strings.IndexAny(text[from:to], "，。；、！？）】」』”》"); i >= 0 { // of a Chinese sentence
		to = from + i
	}
	for i := from; i < to; i++ {
		switch text[i] {
		case '&', ';', ',', '%', '\\':
			if nextName.MatchString(text[i:min(len(text), i+maxName)]) {
				return i
			}
		case '<':
			if strings.HasPrefix(text[i:], "</") {
				return i
			}
		case '"', '\'':
			start := i
			for start > from && text[start-1] == '\\' {
				start--
			}
			if isOpen(lineBefore(text, hint), text[start:i+1]) || start > from && text[start-1] == '(' { // errors.New("…
				return start
			}
		}
	}
	return to
}

var nextName = regexp.MustCompile(`^(?:(?:&amp;|[&,]|%26|\\+u0026)[ \t]?[A-Za-z_][\w.\[\]-]{0,40}|;[ \t]?[A-Za-z_][\w.\[\]-]{0,40}(?: [A-Z]\w{0,20}){0,3})(?:=|%3[Dd]|\\+u003[Dd])`)

// isOpen tells whether a quote was opened in line and not closed: the same one, with
// as many backslashes. An apostrophe within a word is none.
func isOpen(line, quote string) bool {
	open := false
	for i := 0; ; {
		next := strings.Index(line[i:], quote)
		if next < 0 {
			return open
		}
		at := i + next
		i = at + len(quote)
		switch {
		case at > 0 && line[at-1] == '\\': // one with more
		case quote == "'" && at > 0 && i < len(line) && isAlnum(line[at-1]) && isAlnum(line[i]):
		default:
			open = !open
		}
	}
}

// noSecret accepts what programs say in the place of a secret, such as MySQL
// with "using password: YES", the name of a variable, and what hides it already.
func noSecret(s string) bool {
	switch strings.ToLower(s) {
	case "", "yes", "no", "true", "false", "null", "none":
		return true
	}
	return variable.MatchString(s) || strings.Trim(s, "*") == "" || lengthRule.MatchString(s)
}

var (
	variable = regexp.MustCompile(`^(?:\$[A-Za-z_][0-9A-Za-z_]*|\$\{[^}]*\}?|\$\([^)]*\)?)$`)
	// sourceCode is a call or a literal of a programming language: errors.New(…
	sourceCode = regexp.MustCompile(`^(?:[&*]?[A-Za-z]+(?:\.[A-Za-z]+)+|[&*][A-Za-z]+)[({]`)
	// lengthRule is how long a password has to be: 密码为8-30位.
	lengthRule = regexp.MustCompile(`^[0-9]{1,3}[-~][0-9]{1,3}$`)
	filePath   = regexp.MustCompile(`^(?:~|\.{0,2})/[\w./-]*$`)
)

// said tells the next word of a sentence from a value: "passwd: unrecognized
// option". It stands behind a colon, is made of letters and has words after it,
// or is one of those with which programs end such a sentence.
func said(text string, s span) bool {
	before := strings.TrimRight(text[max(0, s.from-8):s.from], " \t")
	word := text[s.from:s.to]
	if !strings.HasSuffix(before, ":") || before == text[max(0, s.from-8):s.from] || !plainWord.MatchString(word) {
		return false
	}
	return sentence.MatchString(text[s.to:min(len(text), s.to+maxName)]) || lastWord.MatchString(word)
}

var (
	plainWord = regexp.MustCompile(`^[A-Za-z]?[a-z]+$`)
	sentence  = regexp.MustCompile(`^[ \t]+[A-Za-z]`)
	lastWord  = regexp.MustCompile(`(?i)^(?:accepted|changed|denied|disabled|empty|enabled|expired|failed|incorrect|invalid|missing|mismatch|ok|optional|rejected|required|reset|set|unknown|unset|updated|wrong)$`)
)

// explicit tells whether what follows before was assigned to a name, and is not
// the next word of a sentence.
func explicit(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before != "" && strings.IndexByte(`"'=>`, before[len(before)-1]) >= 0
}

// looksRandom tells keys from words.
func looksRandom(s string) bool {
	if len(s) >= 24 || strings.ContainsAny(s, "0123456789") {
		return true
	}
	tail := s[1:]
	return strings.ToLower(tail) != tail && strings.ToUpper(s) != s
}
