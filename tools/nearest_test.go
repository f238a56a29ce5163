package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/tools"
)

func TestNearestIsTheWordThatWasProbablyMeant(t *testing.T) {
	known := []string{"web", "checkout", "checkout-env", "payments", "db", "支付系统", "测试环境", "prod", "платежи"}
	for _, c := range []struct{ fact, word, want string }{
		{"a letter that is missing", "chekout", "checkout"},
		{"letters that changed places", "prdo", "prod"},
		{"so in a short word", "wbe", "web"},
		{"capitals", "WEB", "web"},
		{"another dash", "checkout_env", "checkout-env"},
		{"the beginning", "pay", "payments"},
		{"the end", "env", "checkout-env"},
		{"the beginning in Chinese", "支付", "支付系统"},
		{"one of four Chinese characters is another", "支付系通", "支付系统"},
		{"one is missing", "测试环", "测试环境"},
		{"Cyrillic with a slip", "платеджи", "платежи"},

		{"a Chinese word beside a Latin alias", "订单", ""},
		{"a longer one", "订单中心数据库", ""},
		{"a Chinese word that shares half of its characters", "支付平台", ""},
		{"a long one that shares few", "测试一二三四五六七八九十", ""},
		{"two letters that are others", "ab", ""},
		{"three letters, of which one is right", "wxy", ""},
		{"an emoji", "🔥🔥", ""},
		{"nothing", "", ""},
	} {
		near, found := tools.Nearest(c.word, known)
		require.Equal(t, c.want, near, c.fact)
		require.Equal(t, c.want != "", found, c.fact)
	}
}
