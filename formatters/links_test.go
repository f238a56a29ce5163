package formatters

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func linkOf(changes ...func(*cloudapi.Error)) string {
	e := refusal("InvalidParam.PageSize", "", 403, cloudapi.ErrInvalid, changes...)
	return errorLock{testLock.chamber(), 500}.troubleshootLink(e)
}

func TestTheTroubleshootLinkIsTheVendorsOrOurs(t *testing.T) {
	const ours = "https://api.aliyun.com/troubleshoot?product=Ecs&q=InvalidParam.PageSize&requestId=" + testRequest
	for _, c := range []struct{ fact, recommend, want string }{
		{"none came", "", ours},
		{"the vendor's came", "https://api.aliyun.com/troubleshoot?q=X&requestId=R", `"https://api.aliyun.com/troubleshoot?q=X&requestId=R"`},
		{"that of the international site came", "https://api.alibabacloud.com/troubleshoot?q=X", `"https://api.alibabacloud.com/troubleshoot?q=X"`},
		{"another host", "https://evil.example/troubleshoot?q=X", ours},
		{"a host that begins alike", "https://api.aliyun.com.evil.example/x", ours},
		{"a host that ends alike", "https://evil-api.aliyun.com/x", ours},
		{"a user that looks like the host", "https://api.aliyun.com@evil.example/x", ours},
		{"another port", "https://api.aliyun.com:8443/x", ours},
		{"not encrypted", "http://api.aliyun.com/x", ours},
		{"no link", "javascript:alert(1)", ours},
		{"words after it", "https://api.aliyun.com/x and then run `reboot`", ours},
		{"a quote in it", `https://api.aliyun.com/x" OK`, ours},
		{"a secret in it", "https://api.aliyun.com/x?token=AbCd1234EfGh5678IjKl", ours},
		{"two lines", "https://api.aliyun.com/x\nhttps://api.aliyun.com/y", ours},
		{"too long to be shown whole", "https://api.aliyun.com/" + strings.Repeat("x", 400), ours},
	} {
		t.Run(c.fact, func(t *testing.T) {
			require.Equal(t, c.want, linkOf(func(e *cloudapi.Error) { e.Recommend = c.recommend }))
		})
	}
}

func TestTheTroubleshootLinkIsBuiltOfWordsAlone(t *testing.T) {
	for _, c := range []struct{ fact, code, request string }{
		{"no code", "", testRequest},
		{"no RequestId", "Throttling", ""},
		{"a code of several words", "Bad Code", testRequest},
		{"a RequestId of two lines", "Throttling", "R-1\nOK"},
		{"a secret", "LTAI5tDemoNotARealKey000", testRequest},
	} {
		t.Run(c.fact, func(t *testing.T) {
			require.Empty(t, linkOf(func(e *cloudapi.Error) { e.Code, e.RequestID = c.code, c.request }))
		})
	}
	link := linkOf(func(e *cloudapi.Error) { e.Code, e.Product = "a&b=c/d", cloudapi.WebPlus })
	require.Empty(t, link, "that is no word")
	link = linkOf(func(e *cloudapi.Error) { e.Code, e.Product = "a=b/c+d", cloudapi.WebPlus })
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.Equal(t, url.Values{"q": {"a=b/c+d"}, "product": {"WebPlus"}, "requestId": {testRequest}}, u.Query(), "escaped")
}

func TestConsoleLinks(t *testing.T) {
	const app, order = "0099b7be-5f5b-4512-a7fc-56049ef1aaaa", "1ccc2339-fc19-49aa-bda0-1e7b84976d02"
	for _, c := range []struct {
		fact string
		link func(Site) string
		want string // but for the site
	}{
		{"Cloud Assistant of a region", func(s Site) string { return s.cloudAssistantConsole("cn-hangzhou") }, "https://ecs.console.SITE/cloud-assistant/region/cn-hangzhou"},
		{"Cloud Assistant of what is no region", func(s Site) string { return s.cloudAssistantConsole("a/b?c") }, "https://ecs.console.SITE"},
		{"a change order", func(s Site) string { return s.changeOrderConsole(order) }, "https://sae.console.SITE/#/AppList/ChangeOrderDetail?changeOrderId=" + order},
		{"what is no change order", func(s Site) string { return s.changeOrderConsole("x&y") }, "https://sae.console.SITE"},
		{"an application", func(s Site) string { return s.appConsole(app, "cn-hangzhou") }, "https://sae.console.SITE/#/AppList/AppDetail?appId=" + app + "&regionId=cn-hangzhou"},
		{"what is no application", func(s Site) string { return s.appConsole("../x", "cn-hangzhou") }, "https://sae.console.SITE"},
		{"an application without a region", func(s Site) string { return s.appConsole(app, "") }, "https://sae.console.SITE"},
		{"WebPlus", func(s Site) string { return s.webPlusConsole("cn-beijing") }, "https://webplus.console.SITE (choose the region cn-beijing)"},
		{"WebPlus without a region", func(s Site) string { return s.webPlusConsole("") }, "https://webplus.console.SITE"},
	} {
		for site, host := range map[Site]string{"": "aliyun.com", China: "aliyun.com", International: "alibabacloud.com", "moon": "aliyun.com"} {
			t.Run(c.fact+" of the site "+string(site), func(t *testing.T) {
				require.Equal(t, strings.ReplaceAll(c.want, "SITE", host), c.link(site))
			})
		}
	}
}

func TestASiteIsReadByItsName(t *testing.T) {
	for name, want := range map[string]Site{"": China, "cn": China, " CN ": China, "intl": International, "Intl": International} {
		site, err := ParseSite(name)
		require.NoError(t, err)
		require.Equal(t, want, site, name)
	}
	_, err := ParseSite("international\n" + strings.Repeat("x", 100))
	require.ErrorContains(t, err, "is not a site; use cn (aliyun.com) or intl (alibabacloud.com)")
	require.Less(t, len(err.Error()), 200)
}

// TestAReportHasOneConsoleLinkAtMost and none where there is nothing to look at.
func TestAReportHasOneConsoleLinkAtMost(t *testing.T) {
	cases := append(append(append(appStatusCases(), gatherCases()...), operationCases()...), failureCases()...)
	seen := map[Verdict]bool{}
	for _, c := range cases {
		var links []string
		for _, step := range c.report.NextSteps {
			if strings.HasPrefix(step, "Console: https://") {
				links = append(links, step)
			}
		}
		seen[c.report.Verdict] = true
		want := 1
		if oneOf(string(c.report.Verdict), string(OK), string(InProgress)) || strings.Contains(strings.Join(c.report.NextSteps, ""), "Do not start another gather") {
			want = 0
		}
		require.Len(t, links, want, c.name)
	}
	require.Len(t, seen, 5, "of each verdict")
}
