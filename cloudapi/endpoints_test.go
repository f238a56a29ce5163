package cloudapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// addressOf is where an operation of product is sent from a region.
func addressOf(t *testing.T, product cloudapi.Product, region string) string {
	t.Helper()
	var got string
	all := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
		got = r.URL.Scheme + "://" + r.URL.Host
		require.Equal(t, r.URL.Host, r.Host)
		return response(http.StatusBadRequest, ""), nil
	}))
	client, err := all.In(region)
	require.NoError(t, err)
	require.Equal(t, region, client.Region())
	operation := map[cloudapi.Product]string{
		cloudapi.ECS: "DescribeInvocationResults", cloudapi.SAE: "DescribeApplicationStatus",
		cloudapi.WebPlus: "DescribeGatherStatsResult", cloudapi.BPStudio: "GetExecuteOperationResult",
	}[product]
	_, err = operations[operation](t.Context(), client)
	require.Error(t, err)
	return got
}

// The vendor's endpoint maps as reference/cloudapi.md has them, section 4.
func TestDefaultEndpoints(t *testing.T) {
	for product, hosts := range map[cloudapi.Product]map[string]string{
		cloudapi.WebPlus: {
			"webplus.cn-hangzhou.aliyuncs.com":     "cn-hangzhou cn-beijing cn-zhangjiakou cn-shanghai cn-shenzhen",
			"webplus-vpc.cn-hongkong.aliyuncs.com": "cn-hongkong",
			"webplus.aliyuncs.com": "ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 " +
				"cn-chengdu cn-huhehaote cn-qingdao eu-central-1 eu-west-1 me-east-1 us-east-1 us-west-1 " +
				"cn-hangzhou-finance cn-shenzhen-finance-1 cn-shanghai-finance-1 cn-north-2-gov-1",
			"webplus.xx-new-9.aliyuncs.com": "xx-new-9",
		},
		cloudapi.ECS: {
			"ecs-cn-hangzhou.aliyuncs.com": "cn-hangzhou cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-fujian cn-beijing-nu16-b01 " +
				"cn-haidian-cm12-c01 cn-hangzhou-bj-b01 cn-hangzhou-internal-prod-1 cn-hangzhou-internal-test-1 " +
				"cn-hangzhou-internal-test-2 cn-hangzhou-internal-test-3 cn-hangzhou-test-306 cn-shanghai-et15-b01 " +
				"cn-shanghai-et2-b01 cn-shanghai-internal-test-1 cn-shenzhen-st4-d01 cn-shenzhen-su18-b01 cn-zhangbei-na61-b01",
			"ecs.aliyuncs.com": "cn-north-2-gov-1 cn-hangzhou-finance ap-northeast-2-pop cn-beijing-finance-pop cn-beijing-gov-1 " +
				"cn-hongkong-finance-pop cn-shanghai-inner cn-shenzhen-inner cn-wuhan cn-yushanfang cn-zhangbei rus-west-1-pop",
			"ecs.cn-qingdao-nebula.aliyuncs.com":      "cn-edge-1 cn-huhehaote-nebula-1 cn-zhengzhou-nebula-1",
			"ecs.cn-zhangjiakou.aliyuncs.com":         "cn-zhangjiakou-na62-a01 cn-zhangjiakou",
			"ecs.cn-shenzhen-cloudstone.aliyuncs.com": "eu-west-1-oxs",
			"ecs.cn-beijing.aliyuncs.com":             "cn-beijing",
			"ecs.us-west-1.aliyuncs.com":              "us-west-1",
		},
		cloudapi.BPStudio: {"bpstudio.aliyuncs.com": "cn-hangzhou us-west-1 xx-new-9"},
	} {
		for host, regions := range hosts {
			for region := range strings.FieldsSeq(regions) {
				require.Equal(t, "https://"+host, addressOf(t, product, region), "%s in %s", product, region)
			}
		}
	}
	for region := range strings.FieldsSeq("us-west-1 us-east-1 eu-central-1 cn-zhangjiakou cn-wulanchabu cn-shenzhen cn-shanghai " +
		"cn-hongkong cn-heyuan cn-hangzhou cn-guangzhou cn-chengdu cn-beijing ap-southeast-1 ap-northeast-1 xx-new-9") {
		require.Equal(t, "https://sae."+region+".aliyuncs.com", addressOf(t, cloudapi.SAE, region))
	}
}

func TestOnlyTheCentralServiceWorksWithoutARegion(t *testing.T) {
	require.Equal(t, "https://bpstudio.aliyuncs.com", addressOf(t, cloudapi.BPStudio, ""))
	client, err := newClient(t, transport(func(*http.Request) (*http.Response, error) {
		t.Error("nothing may be sent")
		return nil, http.ErrAbortHandler
	})).In("")
	require.NoError(t, err)
	for name, call := range operations {
		if name != "GetExecuteOperationResult" {
			_, err := call(t.Context(), client)
			require.ErrorIs(t, err, cloudapi.ErrInvalid, name)
			require.ErrorContains(t, err, "no region was given")
			require.False(t, failure(t, err).Sent)
		}
	}
}

func TestARegionIsADNSLabel(t *testing.T) {
	client := newClient(t, answerWith(http.StatusOK, ""))
	for region, valid := range map[string]bool{
		"cn-hangzhou": true, "cn-shanghai-finance-1": true, "a": true, strings.Repeat("a", 63): true,
		"-cn": false, "cn-": false, "cn--hangzhou": false, "CN-hangzhou": false, "cn hangzhou": false, "cn-hangzhou\n": false,
		"evil.example.com/": false, "cn-hangzhou.evil": false, "a@b": false, "cn_hangzhou": false, "杭州": false,
		strings.Repeat("a", 64): false,
	} {
		require.Equal(t, valid, cloudapi.ValidRegion(region), "%q", region)
		_, err := client.In(region)
		require.Equal(t, valid, err == nil, "%q", region)
	}
	require.False(t, cloudapi.ValidRegion(""))
}

func TestParseEndpoint(t *testing.T) {
	for raw, want := range map[string]string{
		"https://ecs.example.internal":        "https://ecs.example.internal",
		"https://ecs.example.internal:8443/":  "https://ecs.example.internal:8443",
		"https://ecs.example.internal/a/b/":   "https://ecs.example.internal/a/b",
		"http://127.0.0.1:8080":               "http://127.0.0.1:8080",
		"http://127.8.9.1":                    "http://127.8.9.1",
		"http://[::1]:8080":                   "http://[::1]:8080",
		"http://localhost:1":                  "http://localhost:1",
		"http://ecs.example.internal":         "",
		"http://localhost.evil.example":       "",
		"http://127.0.0.1.evil.example":       "",
		"http://10.0.0.1":                     "",
		"ftp://ecs.example.internal":          "",
		"ecs.example.internal":                "",
		"//ecs.example.internal":              "",
		"https://":                            "",
		"https://:8443":                       "",
		"":                                    "",
		"https://a.example/?x=1":              "",
		"https://a.example/#x":                "",
		"https://hunter2@a.example":           "",
		"https://me:hunter2@a.example":        "",
		"https://me:hunter2@a.example:port":   "",
		"http://me:hunter2@10.0.0.1":          "",
		"https://me:hunter2%zz@a.example":     "",
		"https://a.example/?password=hunter2": "",
	} {
		u, err := cloudapi.ParseEndpoint(raw)
		if want == "" {
			require.Error(t, err, raw)
			require.NotContains(t, err.Error(), "hunter2")
			continue
		}
		require.NoError(t, err, raw)
		require.Equal(t, want, u.String())
	}
}

func TestNewWantsCredentials(t *testing.T) {
	_, err := cloudapi.New(cloudapi.Config{Region: "cn-hangzhou"})
	require.Error(t, err)
	_, err = cloudapi.New(cloudapi.Config{Region: "no region", Credentials: cloudapi.StaticCredentials("i", "s", "")})
	require.Error(t, err)
}
