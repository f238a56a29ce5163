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
