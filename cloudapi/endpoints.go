package cloudapi

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Product is an Alibaba Cloud product, by the name used in configuration.
type Product string

// The products whose operations are read.
const (
	ECS      Product = "ecs"
	SAE      Product = "sae"
	WebPlus  Product = "webplus"
	BPStudio Product = "bpstudio"
)

// What is asked for temporary keys: STS opens the sessions of assumed roles,
// CloudSSO and OAuth exchange the tokens that the aliyun CLI signed in with.
const (
	STS      Product = "sts"
	CloudSSO Product = "cloudsso"
	OAuth    Product = "oauth"
)

// NeedsRegion tells whether calls to p have to name a region.
func (p Product) NeedsRegion() bool {
	switch p {
	case BPStudio, STS, CloudSSO, OAuth:
		return false
	default:
		return true
	}
}

// OfferedIn tells whether the vendor documents p for a region. It decides nothing:
// products come to new regions.
func (p Product) OfferedIn(region string) bool {
	regions, limited := documentedRegions[p]
	return !limited || slices.Contains(regions, region)
}

// documentedRegions are those of the SDK of SAE and of the pages of WebPlus.
var documentedRegions = map[Product][]string{
	SAE: {
		"us-west-1", "us-east-1", "eu-central-1", "cn-zhangjiakou", "cn-wulanchabu", "cn-shenzhen", "cn-shanghai", "cn-hongkong",
		"cn-heyuan", "cn-hangzhou", "cn-guangzhou", "cn-chengdu", "cn-beijing", "ap-southeast-1", "ap-northeast-1",
	},
	WebPlus: {"cn-beijing", "cn-zhangjiakou", "cn-hangzhou", "cn-shanghai", "cn-shenzhen"},
}

var regionShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ValidRegion tells whether region may become part of a host name. It does not
// know which regions exist: there are new ones every year.
func ValidRegion(region string) bool {
	return len(region) <= 63 && regionShape.MatchString(region)
}

// host applies the vendor's endpoint maps and, outside them, the regional rule.
func host(p Product, region string) string {
	switch p {
	case BPStudio, STS:
		return string(p) + ".aliyuncs.com"
	case WebPlus:
		return mapped(webPlusHosts, p, region)
	case ECS:
		return mapped(ecsHosts, p, region)
	default:
		return mapped(nil, p, region)
	}
}

func mapped(exceptions map[string][]string, p Product, region string) string {
	for host, regions := range exceptions {
		if slices.Contains(regions, region) {
			return host
		}
	}
	return string(p) + "." + region + ".aliyuncs.com"
}

// webPlusHosts is the endpoint map of the vendor's WebPlus SDK.
var webPlusHosts = map[string][]string{
	"webplus.cn-hangzhou.aliyuncs.com":     {"cn-beijing", "cn-zhangjiakou", "cn-shanghai", "cn-shenzhen"},
	"webplus-vpc.cn-hongkong.aliyuncs.com": {"cn-hongkong"},
	"webplus.aliyuncs.com": {
		"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5",
		"cn-chengdu", "cn-huhehaote", "cn-qingdao", "eu-central-1", "eu-west-1", "me-east-1", "us-east-1", "us-west-1",
		"cn-hangzhou-finance", "cn-shenzhen-finance-1", "cn-shanghai-finance-1", "cn-north-2-gov-1",
	},
}

// ecsHosts is the endpoint map of the vendor's ECS SDK, without the regions
// that follow the rule.
var ecsHosts = map[string][]string{
	"ecs-cn-hangzhou.aliyuncs.com": {
		"cn-hangzhou", "cn-shanghai-finance-1", "cn-shenzhen-finance-1", "cn-fujian", "cn-beijing-nu16-b01",
		"cn-haidian-cm12-c01", "cn-hangzhou-bj-b01", "cn-hangzhou-internal-prod-1", "cn-hangzhou-internal-test-1",
		"cn-hangzhou-internal-test-2", "cn-hangzhou-internal-test-3", "cn-hangzhou-test-306", "cn-shanghai-et15-b01",
		"cn-shanghai-et2-b01", "cn-shanghai-internal-test-1", "cn-shenzhen-st4-d01", "cn-shenzhen-su18-b01",
		"cn-zhangbei-na61-b01",
	},
	"ecs.aliyuncs.com": {
		"cn-north-2-gov-1", "cn-hangzhou-finance", "ap-northeast-2-pop", "cn-beijing-finance-pop", "cn-beijing-gov-1",
		"cn-hongkong-finance-pop", "cn-shanghai-inner", "cn-shenzhen-inner", "cn-wuhan", "cn-yushanfang", "cn-zhangbei",
		"rus-west-1-pop",
	},
	"ecs.cn-qingdao-nebula.aliyuncs.com":      {"cn-edge-1", "cn-huhehaote-nebula-1", "cn-zhengzhou-nebula-1"},
	"ecs.cn-zhangjiakou.aliyuncs.com":         {"cn-zhangjiakou-na62-a01"},
	"ecs.cn-shenzhen-cloudstone.aliyuncs.com": {"eu-west-1-oxs"},
}

// ParseEndpoint checks a base URL that stands in for a product's own address:
// https, or http for loopback only, because requests carry a signature that
// others could replay.
func ParseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("endpoint %q is not a URL: write it like https://ecs.example.internal", withoutUser(raw))
	}
	switch {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("endpoint for host %q: only a scheme, a host and a path are allowed", u.Host)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		u.Path = strings.TrimSuffix(u.Path, "/")
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("endpoint %q: http:// is accepted for loopback only; use https://", raw)
	default:
		return nil, fmt.Errorf("endpoint %q: the scheme must be https (or http for loopback)", raw)
	}
}

// withoutUser keeps a password in a mistyped URL out of the error text.
func withoutUser(raw string) string {
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "…" + raw[i:]
	}
	return raw
}

func isLoopback(hostname string) bool {
	ip := net.ParseIP(hostname)
	return hostname == "localhost" || ip != nil && ip.IsLoopback()
}
