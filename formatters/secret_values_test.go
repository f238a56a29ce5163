package formatters

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// hostSigns are what the vendor allows in the password of an instance beside
// letters and digits.
const hostSigns = "()`~!@#$%^&*-_+=|{}[]:;'<>,.?/"

// label is a way to write a password with what betrays it.
type labelled struct{ fact, text string }

// bareLabels take a value without quotes.
var bareLabels = []labelled{
	{"an assignment", "password=%s"}, {"an option with a sign", "tool --password=%s"}, {"an option", "tool --password %s"},
	{"MySQL's variable", "MYSQL_PWD=%s"}, {"PostgreSQL's variable", "PGPASSWORD=%s"}, {"a short name", "DB_PASS=%s"}, {"a token", "token=%s"},
	{"a secret key", "secret_key=%s"}, {"YAML", "  password: %s"}, {"properties", "spring.datasource.password=%s"}, {"INI", "password = %s"},
	{"docker's option", "docker run -e MYSQL_ROOT_PASSWORD=%s mysql:8"}, {"a header", "X-Api-Token: %s"}, {"a query", "GET /login?user=x&password=%s"},
	{"a form", "user=root&password=%s&submit=1"}, {"a form in HTML", "user=root&amp;password=%s&amp;submit=1"},
	{"ADO.NET", "Server=db;User ID=sa;Password=%s;Initial Catalog=shop"}, {"JDBC", "jdbc:mysql://db:3306/shop?user=root&password=%s"},
	{"libpq", "host=db user=app password=%s dbname=shop"}, {"ODBC", "DRIVER={x};UID=sa;PWD={%s};DATABASE=shop"},
	{"sshpass", "sshpass -p %s ssh root@h"}, {"mysql", "mysql -uroot -p%s shop"}, {"curl", "curl -u admin:%s https://h/"}, {"a URL", "mysql://root:%s@db:3306/x"},
	{"Chinese", "密码：%s"}, {"Chinese, ASCII sign", "密码:%s"}, {"Chinese, equals", "密码=%s"}, {"Chinese, is", "初始密码为 %s"}, {"Chinese, is without a space", "密码是%s"},
	{"Chinese, is and a colon", "登录密码为：%s"}, {"Chinese, was reset", "密码已重置为 %s"}, {"traditional", "密碼：%s"}, {"traditional, is", "密碼為 %s"},
	{"a word of entry", "口令: %s"}, {"a key", "密钥为：%s"}, {"a key, traditional", "密鑰：%s"}, {"a secret key in Chinese", "秘钥=%s"}, {"an access key", "访问密钥：%s"},
	{"a token in Chinese", "令牌是 %s"}, {"English", "password is %s"}, {"English, was set", "The password has been set to %s"}, {"English, temporary", "temporary password: %s"},
}

// quotedLabels take a value in the quotes of their syntax.
var quotedLabels = []struct {
	labelled
	quote func(string) string
}{
	{labelled{"JSON", `{"password":%s,"user":"x"}`}, jsonQuoted},
	{labelled{"JSON in JSON", `{"message":%s}`}, func(s string) string { return jsonQuoted(`{"password":` + jsonQuoted(s) + `,"user":"x"}`) }},
	{labelled{"TOML", "password = %s # x"}, jsonQuoted},
	{labelled{"YAML", "password: %s"}, func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }},
	{labelled{"SQL", "CREATE USER app IDENTIFIED BY %s;"}, func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }},
	{labelled{"SQL in double quotes", "ALTER USER app IDENTIFIED BY %s;"}, func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }},
	{labelled{"a shell", "export DB_PASSWORD=%s; run"}, shellQuoted},
	{labelled{"sshpass", "sshpass -p %s ssh root@h"}, shellQuoted},
	{labelled{"an option", "tool --password %s --user x"}, shellQuoted},
	{labelled{"mysql", "mysql -uroot -p%s shop"}, shellQuoted},
	{labelled{"blanks escaped", "password=%s next"}, func(s string) string {
		return strings.NewReplacer(" ", `\ `, "'", `\'`, `"`, `\"`, "&", `\&`, ";", `\;`).Replace(s)
	}},
	{labelled{"HTML", `<input name="x" data="{&quot;password&quot;:%s}">`}, func(s string) string { return html.EscapeString(jsonQuoted(s)) }},
	{labelled{"a query", "https://h/?password=%s&user=x"}, url.QueryEscape},
	{labelled{"an encoded query", "next=%%3Fpassword%%3D%s%%26user%%3Dx"}, func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{labelled{"JSON with escaped signs", `{"url":"https://h/?user=x\u0026password=%s\u0026b=1"}`}, url.QueryEscape},
	{labelled{"a URL", "amqp://u:%s@mq/"}, url.QueryEscape},
}

func jsonQuoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// encoders make the bytes of an output of a text.
var encoders = []struct {
	name   string
	encode func(string) []byte
}{
	{"UTF-8", func(s string) []byte { return []byte(s) }},
}

// positions are where in an output a line with a secret may stand.
var positions = []labelled{
	{"alone", "%s"}, {"the first line", "%s\nok\n"}, {"the last line", "starting\n%s"}, {"between", "starting\n%s\nok\n"}, {"behind a carriage return", "working\r%s\r\nok"},
	{"in the middle of a line", "2026-11-22 03:07:14 INFO %s"},
}

// requireHidden puts text alone through the whole airlock, and finds no piece of the secret.
func requireHidden(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, e := range encoders {
		output := e.encode(text)
		report := testLock.InvocationResults(page(fleet(1, func(_ int, x *cloudapi.InvocationResult) {
			for _, change := range failedWith(1, "") {
				change(x)
			}
			x.Output = printed(string(output))
		})...))
		encoded, err := json.Marshal(report)
		require.NoError(t, err)
		for _, shown := range []string{string(encoded), Text(report, testFence)} {
			for _, secret := range secrets {
				for i := 0; i+4 <= len(secret); i++ {
					require.NotContains(t, shown, secret[i:i+4], "%s: %s", e.name, text)
				}
			}
		}
	}
}

func TestNoPieceOfALabelledSecretIsShown(t *testing.T) {
	t.Parallel()
	for _, l := range bareLabels {
		for _, sign := range hostSigns {
			secret := "Qw3rTy7x" + string(sign) + "Zx9Vb7n2"
			t.Run(l.fact+" "+string(sign), func(t *testing.T) {
				for _, p := range positions {
					requireHidden(t, fmt.Sprintf(p.text, fmt.Sprintf(l.text, secret)), secret)
				}
			})
		}
	}
}

func TestNoPieceOfAQuotedSecretIsShown(t *testing.T) {
	t.Parallel()
	for _, l := range quotedLabels {
		for _, sign := range hostSigns + `" \` {
			secret := "Qw3rTy7x" + string(sign) + "Zx9Vb7n2"
			t.Run(l.fact+" "+string(sign), func(t *testing.T) {
				for _, p := range positions {
					written := l.quote(secret)
					requireHidden(t, fmt.Sprintf(p.text, fmt.Sprintf(l.text, written)), secret)
				}
			})
		}
	}
}

func TestKeysAreRedactedWithoutASign(t *testing.T) {
	t.Parallel()
	const hex64 = "0a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f6789"
	for _, c := range []struct{ fact, text, secret string }{
		{"an AccessKey secret behind its name", "ACCESS_KEY_SECRET %s", fakeSecret},
		{"in a prompt", "Access Key Secret [None]: %s", fakeSecret},
		{"in a table", "| AccessKeySecret | %s |", fakeSecret},
		{"in columns", "AccessKeySecret\t%s", fakeSecret},
		{"a name of the command line", "ALIBABA_CLOUD_ACCESS_KEY_SECRET %s", fakeSecret},
		{"an option", "aliyun configure set --access-key-secret %s", fakeSecret},
		{"a security token in a URL", "x=%s", url.QueryEscape(fakeSTSToken)},
		{"a security token in a URL in a URL", "x=%s", url.QueryEscape(url.QueryEscape(fakeSTSToken))},
		{"Slack's client token", "got %s", "xox" + "c-1234567890-1234567890-" + hex64},
		{"Slack's client cookie", "got %s", "xox" + "d-AbCdEfGh%2BIjKlMn%2FOpQrSt%3D%3D"},
		{"Slack's workflow token", "got %s", "xw" + "fp-1-AbCdEf0123456789"},
		{"Slack's configuration token", "got %s", "xoxe" + ".xoxp-1-AbCdEf0123456789"},
		{"Slack's webhook for governments", "https://hooks.slack-gov.com/services/%s", "T024BE7LD/B0123/abcdefABCDEF0123"},
		{"DingTalk's secret", "got %s", "SE" + "C" + hex64},
		{"DingTalk's webhook", "https://oapi.dingtalk.com/robot/send?access_token=%s", hex64},
		{"Feishu's webhook", "https://open.feishu.cn/open-apis/bot/v2/hook/%s", "0a1b2c3d-4e5f-6789-abcd-ef0123456789"},
		{"WeCom's webhook", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=%s", "0a1b2c3d-4e5f-6789-abcd-ef0123456789"},
		{"ODBC with a semicolon", "UID=sa;PWD={%s};DATABASE=shop", "Qw3r;Ty=7x}}Zx9"},
		{"a password of a URL with all", "mysql://root:%s@db:3306/x", "Qw/3r@Ty:7x#Zx9"},
		{"two words for sshpass", "sshpass -p '%s' ssh h", "Qw3rTy7x Zx9Vb7n2"},
		{"CDATA", "<password><![CDATA[%s]]></password>", "Qw3r<Ty&7x"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			for _, p := range positions {
				requireHidden(t, fmt.Sprintf(p.text, fmt.Sprintf(c.text, c.secret)), c.secret)
			}
		})
	}
}

// saidOfSecrets are sentences that speak of secrets and hold none.
var saidOfSecrets = []string{
	"密码错误", "密码已过期", "密码为空", "用户名或密码不正确，请重新输入", "密码：错误", "密码是否正确", "密码为：空", "密钥不存在", "令牌已失效", "请输入密码：", "密码不能为空",
	"密码已重置", "密码必须为 8-30 位", "口令为空", "密码是必填项", "token is expired", "password authentication failed for user \"app\"", "secret not found", "Enter password:", "Enter password: ",
	"AccessKeySecret is invalid", "access key secret not configured", "The password has been set", "password is required", "The password has been changed", "Access denied for user 'root'@'h' (using password: YES)",
	"http://db:3306/shop?at=a@b", "http://10.0.3.17:8080/v1/users/a@b.c", "SECURITY: section SECTION",
}

func TestWhatIsSaidOfSecretsStaysReadable(t *testing.T) {
	t.Parallel()
	for _, text := range saidOfSecrets {
		for _, p := range positions {
			line := fmt.Sprintf(p.text, text)
			clean, n := testLock.redact(line)
			require.Equal(t, line, clean)
			require.Zero(t, n)
		}
	}
}

// TestTheNextFieldStaysReadable: a value ends where the next name begins.
func TestTheNextFieldStaysReadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"password=Qw3rTy7x&user=root":                           "&user=root",
		"password=Qw3rTy7x&amp;user=root":                       "&amp;user=root",
		`"u?password=Qw3rTy7x\u0026user=root"`:                  `\u0026user=root"`,
		"password%3DQw3rTy7x%26user%3Droot":                     "%26user%3Droot",
		"Password=Qw3rTy7x;Initial Catalog=shop":                ";Initial Catalog=shop",
		"Pwd={Qw3r;Ty7x};Database=shop":                         "};Database=shop",
		"mysql://root:Qw3rTy7x@db:3306/x?mail=a@b":              "@db:3306/x?mail=a@b",
		`{"msg":"login with password=Qw3rTy7x","user":"root"}`:  `","user":"root"}`,
		`echo "password=Qw3rTy7x" and more`:                     `" and more`,
		"<b>password=Qw3rTy7x</b>":                              "</b>",
		"密码：Qw3rTy7x，请尽快修改":                                     "，请尽快修改",
		"redis://:Qw3rTy7x@h1:6379,redis://:Qw3rTy7y@h2:6379/0": "@h2:6379/0",
	} {
		clean, _ := testLock.redact(text)
		require.Contains(t, clean, "]"+want)
		require.NotContains(t, clean, "Qw3r")
	}
}
