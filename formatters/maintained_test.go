package formatters

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/config"
)

// wellKnown are fake secrets of well-known kinds, in parts so that no scanner
// takes them for real ones.
var wellKnown = func() []struct{ kind, text, secret string } {
	const (
		digits = "8301947265839204716582"
		hex    = "9f3a7c1e5b8d2f604a6c8e1b3d5f7092a4c6e8f1b3d5079f2a4c6e8b1d3f5a7c9e1b3d5f"
		mixed  = "aB3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5gJ7kL9nP2qR4tV6wX8zA1cD3eG5hJ7kM9nB2pQ4sT6vW8yZ1bC3dF5gJ7kL9nP2qR4tV6wX8zA1cD3eG5hJ7kM9n"
	)
	upper := strings.ToUpper(mixed)
	lower := strings.ToLower(mixed)
	uuid := hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:32]
	list := []struct{ kind, text, secret string }{
		{kind: "Stripe", secret: "sk_" + "live_" + mixed[:24]},
		{kind: "Stripe, restricted", secret: "rk_" + "test_" + mixed[:24]},
		{kind: "GitHub", secret: "gh" + "p_" + mixed[:36]},
		{kind: "GitHub, fine-grained", secret: "github_" + "pat_" + mixed[:82]},
		{kind: "GitHub app", secret: "gh" + "s_" + mixed[:36]},
		{kind: "GitLab", secret: "glp" + "at-" + mixed[:20]},
		{kind: "GitLab runner", secret: "glr" + "t-" + mixed[:20]},
		{kind: "GitLab deploy", secret: "gld" + "t-" + mixed[:20]},
		{kind: "npm", secret: "np" + "m_" + mixed[:36]},
		{kind: "PyPI", secret: "pypi-" + "AgEIcHlwaS5vcmc" + mixed[:70]},
		{kind: "RubyGems", secret: "ruby" + "gems_" + hex[:48]},
		{kind: "Twilio", secret: "S" + "K" + hex[:32]},
		{kind: "SendGrid", secret: "SG" + "." + mixed[:22] + "." + mixed[22:65]},
		{kind: "Google API", secret: "AI" + "za" + mixed[:35]},
		{kind: "Azure client secret", secret: "aB3" + "8Q" + "~" + mixed[:33]},
		{kind: "Azure storage", text: "AccountName=shop;AccountKey=%s;EndpointSuffix=core", secret: mixed[:86] + "=="},
		{kind: "DigitalOcean", secret: "dop_" + "v1_" + hex[:64]},
		{kind: "Slack bot", secret: "xo" + "xb-" + digits[:12] + "-" + digits[2:14] + "-" + mixed[:24]},
		{kind: "Slack webhook", text: "https://hooks.slack.com/services/%s", secret: upper[:9] + "/" + upper[9:20] + "/" + mixed[:24]},
		{kind: "Discord webhook", text: "https://discord.com/api/webhooks/" + digits[:18] + "/%s", secret: mixed[:68]},
		{kind: "Discord", text: "DISCORD_BOT=%s", secret: hex[:64]},
		{kind: "Telegram", text: "telegram_bot: %s", secret: digits[:9] + ":A" + mixed[:34]},
		{kind: "Telegram in a URL", text: "https://api.telegram.org/bot%s/sendMessage", secret: digits[:9] + ":A" + mixed[:34]},
		{kind: "Heroku", text: "HEROKU_API_KEY=%s", secret: uuid},
		{kind: "Heroku, new", secret: "HRKU-" + "AA" + mixed[:58]},
		{kind: "Vault service", secret: "hv" + "s." + mixed[:95]},
		{kind: "Vault batch", secret: "hv" + "b." + mixed[:120] + mixed[:20]},
		{kind: "Vault, old", secret: "s" + "." + mixed[:24]},
		{kind: "Terraform Cloud", secret: mixed[:14] + ".atlas" + "v1." + mixed[:64]},
		{kind: "Grafana", secret: "gls" + "a_" + mixed[:32] + "_" + hex[:8]},
		{kind: "Grafana Cloud", secret: "gl" + "c_" + mixed[:60]},
		{kind: "OpenAI", secret: "sk-" + mixed[:20] + "T3Blbk" + "FJ" + mixed[20:40]},
		{kind: "OpenAI project", secret: "sk-" + "proj-" + mixed[:74] + "T3Blbk" + "FJ" + mixed[:74]},
		{kind: "Anthropic", secret: "sk-" + "ant-api03-" + mixed[:93] + "AA"},
		{kind: "Hugging Face", secret: "h" + "f_" + strings.Repeat("abcdefqrst", 4)[:34]},
		{kind: "Docker Hub", secret: "dckr_" + "pat_" + mixed[:27]},
		{kind: "Sourcegraph", secret: "sg" + "p_" + hex[:40]},
		{kind: "AWS", secret: "AK" + "IA" + "QWERTY234567ASDF"},
		{kind: "Alibaba", secret: "LT" + "AI5t" + mixed[:20]},
		{kind: "Alibaba secret", text: "alibaba.access: %s", secret: lower[:30]},
		{kind: "Databricks", secret: "da" + "pi" + hex[:32]},
		{kind: "Shopify", secret: "shp" + "at_" + hex[:32]},
		{kind: "New Relic", text: "newrelic: %s", secret: "NRAK-" + upper[:27]},
		{kind: "Postman", secret: "PM" + "AK-" + hex[:24] + "-" + hex[:34]},
		{kind: "Pulumi", secret: "pu" + "l-" + hex[:40]},
		{kind: "Linear", secret: "lin_" + "api_" + lower[:40]},
		{kind: "Atlassian", secret: "ATA" + "TT3" + strings.Repeat(mixed[:93], 2)},
		{kind: "age", secret: "AGE-SECRET" + "-KEY-1" + strings.Repeat("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 2)[:58]},
		{kind: "Datadog", text: "datadog_api: %s", secret: hex[:40]},
		{kind: "PlanetScale", secret: "pscale_" + "tkn_" + mixed[:43]},
		{kind: "a name with a tail", text: "SECRET_KEY_BASE=%s", secret: hex[:64]},
		{kind: "a password with a tail", text: "DB_PASSWORD_PROD=%s", secret: mixed[:16]},
		{kind: "a key that encrypts", text: "encryption_key: %s", secret: mixed[:32]},
	}
	for i := range list {
		if list[i].text == "" {
			list[i].text = "found %s here"
		}
	}
	return list
}()

func TestWellKnownSecretsAreRedacted(t *testing.T) {
	inJSON := func(s string) string {
		b, err := json.Marshal(map[string]string{"message": s})
		require.NoError(t, err)
		return string(b)
	}
	for _, c := range wellKnown {
		bare := fmt.Sprintf(c.text, c.secret)
		for where, text := range map[string]string{
			"alone": bare, "in a sentence": "we " + bare + ". Then it failed", "in brackets": "x (" + bare + ") y", "in a list": bare + "," + bare + ", b",
			"in JSON": inJSON(bare), "in JSON in JSON": inJSON(inJSON(bare)), "in JSON, three deep": inJSON(inJSON(inJSON(bare))),
			"the value of JSON": inJSON(c.secret) + inJSON(bare), "the last line": "a\n" + bare,
			"behind an escaped line break": inJSON("a\n" + strings.TrimPrefix(bare, "found ") + "\nb"),
		} {
			t.Run(c.kind+" "+where, func(t *testing.T) {
				clean, n := testLock.redact(text)
				require.Positive(t, n)
				require.NotContains(t, clean, c.secret)
				require.NotContains(t, clean, c.secret[len(c.secret)/2:], "nor half of it")
				again, _ := testLock.redact(clean)
				require.Equal(t, clean, again, "a mark is no secret")
			})
		}
	}
}

// ordinaryOutput holds no secret, though much in it looks like one.
var ordinaryOutput = []struct{ fact, text string }{
	{"an instance", "i-bp1f4s7k2w9q3m6x8z1c"},
	{"an invocation", "t-hz04k7m2q9xw1c"},
	{"an operation", "op_4k2m9x7q1c8v5b3n6t0p2r"},
	{"a change", "wc-5d4134b956fd7c14ac91aaaa"},
	{"a RequestId", "F416C43A-6581-4138-9503-4FBBC4EA1BB7"},
	{"a UUID", "ed6f35d4-4d1a-4b2f-9c3e-7a8b9c0d1e2f"},
	{"a next_token", "AAAAAV3MpHK1AP0pfERHZN5pu6kvikyUl3ChyRxN"},
	{"a next_token with its name", "next_token=AAAAAV3MpHK1AP0pfERHZN5pu6kvikyUl3ChyRxN"},
	{"a NextToken in JSON", `{"NextToken": "AAAAAV3MpHK1AP0pfERHZN5pu6kvikyUl3ChyRxN"}`},
	{"an object of OSS", "oss://sae-receipts-hz/2026/11/22/t-hz04k7m2q9xw1c/i-bp1f4s7k2w9q3m6x8z1c.log.gz"},
	{"a status", "FinishedWithErrors"},
	{"an error code", "ClientNetworkBlocked"},
	{"a cache key", "cache miss cache_key=session-93f2a1 ttl=300"},
	{"a key of a request", "request key=worker-0001 accepted"},
	{"an object key", "GET /api/v1/orders?key=orders/2026/11/22/part-00012.parquet HTTP/1.1"},
	{"a key of messages", "dedup_key=8f14e45fceea167a5a36dedd4bea2543 message dropped"},
	{"an idempotency key", "Idempotency-Key: 550e8400-e29b-41d4-a716-446655440000"},
	{"a routing key", "routing_key=order.created.v1 exchange=shop"},
	{"a key of Redis", "redis key=user:10023:profile:5f6d7c8b9a expired"},
	{"a lock", "lock key=lock:order:10023871 held by worker-7"},
	{"a key of etcd", "etcd key /registry/pods/shop/api-7d9f8b6c5d-x2k4q revision=918273645"},
	{"a consumer group", "consumer group key: cg-orders-5f6d7c8b9a lag=1200"},
	{"a key of MySQL", "ERROR 1062 (23000): Duplicate entry '10023871-7' for key 'orders.uk_order_no'"},
	{"MySQL's denial", "Access denied for user 'app'@'10.0.3.17' (using password: YES)"},
	{"a primary key", "primary key=10023871 duplicate"},
	{"a sort key", "sort key = 2026-11-22T03:07:14Z"},
	{"an id behind auth", "auth_request_id=F416C43A-6581-4138-9503-4FBBC4EA1BB7"},
	{"an id behind authentication", "authentication_id=req-4k2m9x7q1c8v failed"},
	{"an access log", "access_log=/var/log/nginx/access-2026112203.log"},
	{"a peer", "access: 10.0.3.17:52344 accepted"},
	{"an image", `Pulled image "registry.cn-hangzhou.aliyuncs.com/shop/api@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`},
	{"a digest of an API", "api digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	{"a digest behind a vendor", "xray sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	{"a commit of an API", "api commit=4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
	{"a commit behind a vendor", "datadog-agent commit: 4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
	{"a release", "sentry release=4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
	{"a commit beside a vendor", "sourcegraph at 4b825dc642cb6eb9a060e54bf8d69288fbee4904 is up"},
	{"a trace", "api trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7"},
	{"a trace behind a vendor", "linear trace_id=4bf92f3577b34da6a3ce929d0e0e4736"},
	{"a trace in camel case", "heroku traceId=5d4134b9-56fd-4c14-ac91-aaaa12345678"},
	{"a traceparent", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	{"a token bucket", "token bucket: 4096 tokens left, refill=1024/s"},
	{"a count of tokens", "tokens_used=12345 max_tokens=4096"},
	{"when a token expires", "token_expires_at=2026-11-22T03:07:14Z token_ttl=3600s"},
	{"when a password was changed", "password_changed_at: 2026-11-22 03:07:14"},
	{"a version of a secret", "secret version: 4bf92f35-77b3-4da6-a3ce-929d0e0e4736"},
	{"a key's id", "master_key_id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736"},
	{"an id at KMS", "kms key id: key-hzz65f176a0ogplgq4pk6"},
	{"a name of a secret", "secretName: shop-db-credentials-5f6d7c8b9a"},
	{"a missing secret", `MountVolume failed: secret "shop-db-credentials-5f6d7c8b9a" not found`},
	{"a pod", `E1122 pod_workers.go:951] "Error syncing pod" pod="shop/token-ttl-api-7d9f8b6c5d-x2k4q" podUID=5d4134b9-56fd-4c14-ac91-aaaa12345678`},
	{"a volume of a token", `MountVolume.SetUp failed for volume "kube-api-access-x2k4q" : failed to fetch token: serviceaccounts "api" is forbidden`},
	{"nginx", `2026/11/22 03:07:14 [error] 1123#1123: *918273 upstream timed out, request: "POST /v1/tokens HTTP/1.1", upstream: "http://10.0.4.2:8080/v1/tokens"`},
	{"an asset", `"GET /assets/app.9f86d081884c7d65.js?v=4b825dc642cb6eb9a060e54bf8d69288fbee4904 HTTP/1.1" 200 5316 "-" "curl/8.5.0"`},
	{"systemd", "iZbp1f4s7k2w9q3m6x8z1cZ systemd[1]: auth-proxy.service: Main process exited, code=exited, status=1/FAILURE"},
	{"sshd", "Failed password for invalid user admin from 10.0.3.17 port 52344 ssh2"},
	{"a fingerprint", "Accepted publickey for root: RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"},
	{"Java", "at com.example.KeyStoreLoader.lambda$load$0(KeyStoreLoader.java:112) ~[app-1.8.3.jar!/:1.8.3-4b825dc6]"},
	{"Spring", "at org.springframework.security.oauth2.token.DefaultTokenServices$$EnhancerBySpringCGLIB$$5f6d7c8b.loadAuthentication(<generated>)"},
	{"a checksum", "md5sum 9f86d081884c7d659a2feaa0c55ad015  /data/disk-0.img"},
	{"an ETag", `etag: "9f86d081884c7d659a2feaa0c55ad015"`},
	{"a disk", "/dev/disk/by-id/virtio-bp1f4s7k2w9q3m6x8z1c: 40 GiB, 42949672960 bytes"},
	{"words behind vendors", "jira: SHOP-10023, linear: ENG-4412, confluent-kafka: internationaliz, dropbox, synchronization; done"},
	{"an API version", "api_version=2014-05-26 access_count=1203981"},
}

func TestOrdinaryOutputStaysReadable(t *testing.T) {
	for _, c := range ordinaryOutput {
		t.Run(c.fact, func(t *testing.T) {
			for _, text := range []string{c.text, "a\n" + c.text + "\nb", strconv.Quote(c.text)} {
				clean, _ := testLock.redact(text)
				require.Equal(t, text, clean)
			}
		})
	}
}

func TestIDsPassAsTheyCame(t *testing.T) {
	for _, id := range []string{
		"i-bp1f4s7k2w9q3m6x8z1c", "t-hz04k7m2q9xw1c", "op_4k2m9x7q1c8v5b3n6t0p2r", "wc-5d4134b956fd7c14ac91aaaa", "F416C43A-6581-4138-9503-4FBBC4EA1BB7",
		"oss://sae-receipts-hz/t-hz04k7m2q9xw1c/i-bp1f4s7k2w9q3m6x8z1c.log", "AAAAAV3MpHK1AP0pfERHZN5pu6kvikyUl3ChyRxN",
	} {
		require.Equal(t, id, testLock.chamber().word(id))
	}
}

func TestEveryMaintainedRuleCanBeUsed(t *testing.T) {
	rules, err := readRules(config.DefaultConfig)
	require.NoError(t, err)
	require.Greater(t, len(rules), 200)
	kind := regexp.MustCompile(`^[A-Za-z ]+$`)
	for _, r := range rules {
		_, err := r.ready()
		require.NoError(t, err, r.kind)
		require.Regexp(t, kind, r.kind)
	}
	require.LessOrEqual(t, len(secretScanner().lists), 256, "their index is a byte")
	require.LessOrEqual(t, len(keywordScanner().lists), 256)
}

// TestAnUnreadableRuleLeavesTheOthers: a later version may bring a rule that is
// beyond us.
func TestAnUnreadableRuleLeavesTheOthers(t *testing.T) {
	rules, err := readRules(`
		[[rules]]
		id = "broken"
		regex = "("
		keywords = ["broken"]
		[[rules]]
		id = "no-such-group"
		regex = "abc_(x+)"
		secretGroup = 2
		[[rules]]
		id = "nowhere"
		regex = "[a-z]+"
		[[rules]]
		id = "file-only"
		path = "x"
		[[rules]]
		id = "acme-token-v2"
		regex = "acme_[0-9]{8}"
		[rules.allowlist]
		regexes = ["("]
	`)
	require.ErrorContains(t, err, "broken")
	require.ErrorContains(t, err, "no-such-group")
	require.ErrorContains(t, err, "nowhere")
	require.NotContains(t, err.Error(), "file-only")
	require.Len(t, rules, 1)
	_, err = rules[0].ready()
	require.Error(t, err, "an exception cannot be read")
	found, ok := rules[0].match("x acme_12345678", 2)
	require.True(t, ok)
	require.Equal(t, span{2, 15, "acme token"}, found)

	_, err = readRules("[[")
	require.Error(t, err)
}

// TestARuleSaysWhatIsASecret holds what the fields of a rule mean.
func TestARuleSaysWhatIsASecret(t *testing.T) {
	const rule = "[[rules]]\nid = 'acme'\nregex = '''\\b(?:acme|Corp)[:=](x?)([0-9a-zA-Z]+)-?(\\w*)'''\n"
	for _, c := range []struct{ fact, fields, text, secret string }{
		{"the first group that holds something is the secret", "", "acme:k1b2c3-tail", "k1b2c3"},
		{"another group may be", "secretGroup = 3", "acme:k1b2c3-ta1l", "ta1l"},
		{"case matters where the pattern says so", "", "ACME:k1b2c3", ""},
		{"a start in a word is none", "", "xacme:k1b2c3", ""},
		{"a start behind an escape is one", "", `x\nacme:k1b2c3`, "k1b2c3"},
		{"a word is no secret", "", "acme:expired", ""},
		{"its characters must differ enough", "entropy = 2.0", "acme:k1k1k1k1", ""},
		{"and do", "entropy = 2.0", "acme:k1b2c3d4", "k1b2c3d4"},
		{"an accepted secret", "[[rules.allowlists]]\nregexes = ['^k1']", "acme:k1b2c3", ""},
		{"an accepted secret, in the old spelling", "[rules.allowlist]\nregexes = ['^k1']", "acme:k1b2c3", ""},
		{"another", "[[rules.allowlists]]\nregexes = ['^k2']", "acme:k1b2c3", "k1b2c3"},
		{"an accepted match", "[[rules.allowlists]]\nregexTarget = 'match'\nregexes = ['^acme:']", "acme:k1b2c3", ""},
		{"an accepted line", "[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['^for a test: .*!$']", "x\nfor a test: acme:k1b2c3 !\nx", ""},
		{"an accepted word", "[[rules.allowlists]]\nstopwords = ['EXAMPLE']", "acme:k1Example2", ""},
		{"one of two", "[[rules.allowlists]]\nregexes = ['^k2']\nstopwords = ['example']", "acme:k1example2", ""},
		{"both, and it is one", "[[rules.allowlists]]\ncondition = 'AND'\nregexes = ['^k2']\nstopwords = ['example']", "acme:k1example2", "k1example2"},
		{"both, and it is both", "[[rules.allowlists]]\ncondition = 'AND'\nregexes = ['^k1']\nstopwords = ['example']", "acme:k1example2", ""},
		{"accepted in some files alone", "[[rules.allowlists]]\ncondition = 'AND'\npaths = ['x']\nregexes = ['^k1']", "acme:k1b2c3", "k1b2c3"},
		{"accepted in some files, too", "[[rules.allowlists]]\npaths = ['x']\nregexes = ['^k1']", "acme:k1b2c3", ""},
		{"accepted for all rules", "[allowlist]\nregexes = ['^k1']", "acme:k1b2c3", ""},
		{"accepted for this rule", "[[allowlists]]\ntargetRules = ['acme']\nregexes = ['^k1']", "acme:k1b2c3", ""},
		{"accepted for another", "[[allowlists]]\ntargetRules = ['corp']\nregexes = ['^k1']", "acme:k1b2c3", "k1b2c3"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			rules, err := readRules(rule + c.fields)
			require.NoError(t, err)
			require.Equal(t, []string{"acme:", "acme=", "corp:", "corp="}, rules[0].starts)
			found, ok := rules[0].match(c.text, strings.Index(strings.ToLower(c.text), "acme"))
			secret := ""
			if ok {
				secret = c.text[found.from:found.to]
			}
			require.Equal(t, c.secret, secret)
		})
	}
}

// TestWhatARuleDescribesIsRedacted makes texts from the pattern of each rule, as
// gitleaks has it, also of rules that a later version brings.
func TestWhatARuleDescribesIsRedacted(t *testing.T) {
	t.Parallel()
	var file ruleFile
	require.NoError(t, toml.Unmarshal([]byte(config.DefaultConfig), &file))
	random := rand.New(rand.NewPCG(1, 2))
	for _, r := range file.Rules {
		if r.Regex == "" || notTaken[r.ID] != "" || r.ID == generic {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			tree, err := syntax.Parse(r.Regex, syntax.Perl)
			require.NoError(t, err)
			judge, err := r.compile(r.Regex, file.allowedFor(r))
			require.NoError(t, err)
			tried := 0
			for range 20 {
				text := r.Keywords[0] + "\n " + sample(random, tree) + "\n"
				m := judge.pattern.FindStringSubmatchIndex(text)
				if m == nil {
					continue // a boundary that the sample does not have
				}
				found, ok := judge.secret(text, 0, m)
				if !ok {
					continue
				}
				tried++
				clean, _ := testLock.redact(text)
				require.NotContains(t, clean, text[found.from:found.to], text)
			}
			require.Positive(t, tried)
		})
	}
}

// sample is a text that the pattern matches, boundaries aside.
func sample(random *rand.Rand, tree *syntax.Regexp) string {
	switch tree.Op {
	case syntax.OpLiteral:
		return string(tree.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		const any = "aZ7- "
		return any[random.IntN(len(any)):][:1]
	case syntax.OpCharClass:
		var ascii []rune
		for i := 0; i < len(tree.Rune); i += 2 {
			for r := tree.Rune[i]; r <= min(tree.Rune[i+1], '~'); r++ {
				ascii = append(ascii, r)
			}
		}
		return string(ascii[random.IntN(len(ascii))])
	case syntax.OpAlternate:
		return sample(random, tree.Sub[random.IntN(len(tree.Sub))])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		least, most := repeats(tree)
		var b strings.Builder
		for range least + random.IntN(most-least+1) {
			b.WriteString(sample(random, tree.Sub[0]))
		}
		return b.String()
	default: // concatenation, groups, boundaries
		var b strings.Builder
		for _, sub := range tree.Sub {
			b.WriteString(sample(random, sub))
		}
		return b.String()
	}
}

func repeats(tree *syntax.Regexp) (least, most int) {
	switch tree.Op {
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpStar:
		return 0, 3
	case syntax.OpPlus:
		return 1, 9
	default:
		if tree.Max < 0 {
			return tree.Min, tree.Min + 9
		}
		return tree.Min, tree.Max
	}
}
