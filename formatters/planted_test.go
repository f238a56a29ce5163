package formatters

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// The signs that the vendor's own rules allow in passwords (RDS, Redis and ECS), each
// between two halves that would be found alone.
const passwordSigns = "()`~!@#$%^&*-_+=|{}[]:;'<>,.?/\"\\"

const leftHalf, rightHalf = "Qw3rTy7x", "Zx9Vb7n2"

// secretCarriers are texts with %s for a secret, and the signs that their syntax does not
// allow in it, or would have encoded.
var secretCarriers = []struct{ text, not string }{
	{"password=%s", ""}, {"--password=%s", ""}, {"--password %s", "'\"\\"}, {"MYSQL_PWD=%s", ""}, {"export PGPASSWORD=%s", ""}, {"DB_PASS=%s", ""}, {"token=%s", ""}, {"secret_key=%s", ""},
	{"password: %s", ""}, {"  db:\n    password: %s\n    user: x", ""}, {"password: '%s'", "'"}, {`password: "%s"`, `"\`}, {`{"password":"%s","user":"x"}`, `"\`}, {`{"a":1,"password": "%s"}`, `"\`},
	{`password = "%s"`, `"\`}, {"password = %s", ""}, {"spring.datasource.password=%s", ""}, {"-e MYSQL_ROOT_PASSWORD=%s mysql:8", ""}, {"X-Token: %s", ""}, {"api_key=%s", ""},
	{"/login?user=x&password=%s&next=1", "&#%+"}, {"user=x&password=%s", ""}, {"Server=db;User Id=app;Password=%s;Database=shop", ""}, {"PWD=%s;SERVER=db", ""}, {"host=db password=%s user=app", ""},
	{"'password' => '%s',", `'\`}, {"<password>%s</password>", "<>&"}, {`<property name="db.password" value="%s"/>`, `"<>&\`},
	{"初始密码为 %s", ""}, {"登录密码为：%s", ""}, {"密码是 %s", ""}, {"密碼：%s", ""}, {"密码：%s", ""}, {"密钥为：%s", ""}, {"密鑰: %s", ""}, {"令牌：%s", ""}, {"口令为%s", ""},
	{"密码已重置为 %s，请登录后修改", ""}, {"用户 admin 的密码（初始）：%s。", ""}, {"密码为“%s”", `"'`}, {"訪問密碼是：%s", ""},
	{"Your new password is %s", "'\""}, {"temporary password: %s", "'\""}, {"The password has been set to %s", "'\""},
	{"mysql://root:%s@db:3306/x", "'\"<>"}, {"redis://:%s@cache:6379", "'\"<>/"}, {"amqp://app:%s@mq/vhost", "'\"<>"},
	{"sshpass -p '%s' ssh h", "'"}, {`sshpass -p "%s" ssh h`, "\"\\`$"}, {"sshpass -p %s ssh h", "'\"\\-"}, {"mysql -u root -p%s shop", "'\"\\"}, {"mysql -uroot -p'%s' shop", "'"},
	{"curl -u 'admin:%s' https://h/", "'"}, {"curl -s -u admin:%s https://h/", ""}, {"redis-cli -a '%s' ping", "'"}, {"mongosh -u root -p '%s' admin", "'"},
	{"CREATE USER a IDENTIFIED BY '%s';", "'"}, {`CREATE USER a IDENTIFIED BY "%s";`, `"\`}, {"ALTER ROLE a WITH PASSWORD '%s';", "'"}, {"requirepass %s", "'\"\\-"},
	{`{"msg":"connecting with password=%s","user":"x"}`, `"\`}, {`{"log":"{\"password\":\"%s\",\"user\":\"x\"}"}`, `"\`}, {`&quot;password&quot;:&quot;%s&quot;`, `"&<>'\`},
}

// positions are where a carrier may stand in an output.
var positions = []string{"%s", "before %s", "%s behind", "first line\n%s\nlast line", "\r%s", "2026-12-01T03:00:00Z INFO [main] %s"}

func TestASecretWithAnySignIsRedactedWhole(t *testing.T) {
	for _, carrier := range secretCarriers {
		for _, sign := range passwordSigns {
			if strings.ContainsRune(carrier.not, sign) {
				continue
			}
			secret := leftHalf + string(sign) + rightHalf
			for _, position := range positions {
				requireHidden(t, secret, strings.Replace(position, "%s", strings.Replace(carrier.text, "%s", secret, 1), 1))
			}
		}
	}
}

// requireHidden plants one secret alone: one that was found once is replaced
// everywhere.
func requireHidden(t *testing.T, secret, output string) {
	t.Helper()
	text, _ := strip(output)
	clean, _ := testLock.redact(text)
	for _, half := range []string{leftHalf, rightHalf} {
		for i := range len(half) - 3 {
			if !assert.NotContains(t, clean, half[i:i+4], "%q in %q", secret, output) {
				return
			}
		}
	}
}

// TestNoPieceOfASecretIsInAReport goes through the whole airlock, in every charset,
// quoting and nesting, with secrets of every shape.
func TestNoPieceOfASecretIsInAReport(t *testing.T) {
	secrets := map[string]string{
		"a password": leftHalf + "&" + rightHalf, "with a semicolon": leftHalf + ";" + rightHalf, "an AccessKey secret": fakeSecret, "letters alone": "QwErTyUiOpAs",
	}
	encoders := map[string]encoding.Encoding{
		"UTF-8": unicode.UTF8, "GBK": simplifiedchinese.GBK, "GB18030": simplifiedchinese.GB18030, "UTF-16LE with a mark": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	}
	nested := map[string]func(string) string{
		"as it is":      func(s string) string { return s },
		"in JSON":       func(s string) string { return `{"output":` + jsonText(s) + `,"code":1}` },
		"in JSON twice": func(s string) string { return `{"output":` + jsonText(`{"log":`+jsonText(s)+`}`) + `}` },
		"for HTML":      html.EscapeString,
		"in a URL":      func(s string) string { return "GET /cb?state=" + url.QueryEscape(s) + " HTTP/1.1" },
		"in a paragraph": func(s string) string {
			return "数据库初始化完成，实例编号一。\r\n" + s + "\r\n完成，实例编号二，请检查。\r\n"
		},
	}
	forms := []string{"password=%s", "DB_PASSWORD=%s", "password: %s", "登录密码为：%s", "密码：%s", "access_key_secret=%s", "--password=%s"}
	for name, secret := range secrets {
		for _, form := range forms {
			for how, nest := range nested {
				if how == "in a URL" && strings.Contains(form, "密") { // the letters of the label are encoded
					continue
				}
				for charset, e := range encoders {
					raw, err := e.NewEncoder().String(nest(strings.Replace(form, "%s", secret, 1)))
					require.NoError(t, err)
					report := testLock.InvocationResults(page(ran(failedWith(1, raw)...)))
					whole, err := json.Marshal(report)
					require.NoError(t, err)
					requireNoPiece(t, secret, Text(report, "f")+string(whole), fmt.Sprintf("%s as %q, %s, in %s", name, form, how, charset))
				}
			}
		}
	}
}

func requireNoPiece(t *testing.T, secret, text, about string) {
	t.Helper()
	for i := range len(secret) - 3 {
		if piece := secret[i : i+4]; !strings.ContainsAny(piece, "&;") && !assert.NotContains(t, text, piece, about) {
			return
		}
	}
}

func TestTokensOfServicesAreRedactedByThemselves(t *testing.T) {
	hex := strings.Repeat("0a1b2c3d4e5f6789", 4)
	for _, c := range []string{
		"xoxc-" + "1234567890-1234567890-abcdef0123456789", "xoxd-" + "aBcD%2Bef0123456789aBcDef%2Fgh", "xoxe.xoxp-" + "1-abcdef0123456789", "xwfp-" + "1234567890-abcdef",
		"SEC" + hex, "CAIS" + strings.Repeat("aB3%2BdE5", 12),
	} {
		clean, n := testLock.redact("got " + c + " back")
		require.Equal(t, 1, n, c)
		require.NotContains(t, clean, c[8:])
	}
	for text, secret := range map[string]string{
		"https://hooks.slack-gov.com/services/T0/B0/" + "abcdefABCDEF0123": "abcdefABCDEF0123",
		"ACCESS_KEY_SECRET " + fakeSecret:                                  fakeSecret,
		"| AccessKeySecret | " + fakeSecret + " |":                         fakeSecret,
		"Access Key Secret [****abc]: " + fakeSecret:                       fakeSecret,
		"https://oapi.dingtalk.com/robot/send?access_token=" + hex:         hex,
		"mysql://root:Qw3rTy7x/Zx9Vb@db:3306/x":                            "Zx9Vb",
		"sshpass -p 'a1b2 c3d4' ssh h":                                     "c3d4",
		`CREATE USER x IDENTIFIED BY "a1b2'c3d4"`:                          "c3d4",
		"GRANT ALL TO x IDENTIFIED BY 'a1b2''c3d4'":                        "c3d4",
		`redis-cli -a a1b2\ c3d4 ping`:                                     "c3d4",
	} {
		clean, n := testLock.redact(text)
		require.Positive(t, n, text)
		require.NotContains(t, clean, secret, text)
	}
}

// What is said of passwords and keys is no secret, and often the reason of a failure.
func TestSentencesAboutSecretsStayReadable(t *testing.T) {
	for _, text := range []string{
		"密码错误，请重试", "密码已过期", "密码为空", "密码为 8-30 位", "密码是否正确", "密码长度至少为8位", "用户名或密码错误: access denied", "令牌已失效", "令牌: 无", "密钥不存在", "请输入密码：",
		"token is expired", "the token is invalid", "password authentication failed for user \"app\"", "secret not found", "Enter password: ", "password must be 8-30 characters",
		"using password: YES", "access key id not found", "AccessKeyId is mandatory for this action", "the password of root was not changed",
		"http://db:3306/shop?at=a@b", "jdbc:mysql://db:3306/shop?user=a@b", "ssh://git@github.com:22/x", "http://h:8080/x@y", "SECURITY section 7", "密码策略已更新",
	} {
		clean, n := testLock.redact(text)
		require.Equal(t, text, clean)
		require.Zero(t, n, text)
	}
}
