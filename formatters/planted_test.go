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

// TestNoPieceOfASecretIsInAReport goes through the whole airlock, in every charset,
// quoting and nesting, with secrets of every shape.
func TestNoPieceOfASecretIsInAReport(t *testing.T) {
	secrets := map[string]string{
		"a password": "Qw3rTy7x&Zx9Vb7n2", "with a semicolon": "Qw3rTy7x;Zx9Vb7n2", "an AccessKey secret": fakeSecret, "letters alone": "QwErTyUiOpAs",
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

// TestWhatPeoplePrintAtThreeInTheMorning: forms of one tool each, found by attacking.
func TestWhatPeoplePrintAtThreeInTheMorning(t *testing.T) {
	const secret = "Xk9vQw3rTy7xZp2m"
	for _, form := range []string{
		"REDIS_AUTH=%s", "AUTH %s", "AUTH default %s", "cmdkey /add:h /user:u /pass:%s", `$cred = ConvertTo-SecureString "%s" -AsPlainText -Force`, `ConvertTo-SecureString -String '%s' -AsPlainText`,
		"New-User -Password %s -Name x", "sqlcmd -U sa -P %s -Q x", "osql -Usa -P%s", "jdbc:oracle:thin:app/%s@db:1521/x", "sqlplus app/%s@db", "lftp -u app,%s h", "curl -u :%s h",
		"npm config set //r/:_authToken %s", "//registry.npmjs.org/:_authToken=%s", "默认密码%s", "密码 %s", "私钥：%s", "密码：\n%s", "| password | %s |", "password\t%s", "Password . . . : %s", "passcode: %s",
		"userPassword:: %s", `<entry key="db.password">%s</entry>`, "openssl enc -k %s", "zip -P %s x", "unzip -P %s x", "7z -p%s x", "htpasswd -b f u %s", "masterauth %s", "ACL SETUSER u on >%s",
		"root:%s@tcp(10.0.0.1:3306)/shop", `dsn: "app:%s@tcp(db)/shop?parseTime=true"`, "machine h login u password %s", "db.example.com:5432:shop:app:%s", "sentinel auth-pass mymaster %s", `db.auth("u", "%s")`,
		"nacos.core.auth.plugin.nacos.token.secret.key=%s", `$pw = "%s"`, "chpasswd:\n  list: |\n    root:%s", `net use Z: \\h\s %s /user:app`, "keytool -storepass x -password %s",
		"spring:\n  redis:\n    password: %s\n    host: h", "druid.login-password=%s", "accounts:\n- accessKey: RocketMQ\n  secretKey: %s", `  + password = "%s"`, "ansible_ssh_pass=%s",
		`changed: [h] => {"cmd": "mysql -uroot -p%s -e 'x'"}`, `"module_args": {"login_password": "%s"}`, "mongodb://u:%s@h1:27017,h2:27017/admin?replicaSet=r", "kubectl create secret generic x --from-literal=password=%s",
		`"Env": ["MYSQL_ROOT_PASSWORD=%s","PATH=/usr/bin"]`, "helm --set auth.password=%s,user=x", "x-acs-security-token: %s", "CHANGE MASTER TO MASTER_PASSWORD='%s'", "<Password>%s</Password>",
	} {
		clean, n := testLock.redact(strings.ReplaceAll(form, "%s", secret))
		require.Positive(t, n, form)
		require.NotContains(t, clean, secret[4:12], form)
	}
}
