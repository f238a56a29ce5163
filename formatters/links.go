package formatters

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// Site is one of Alibaba Cloud's two sites. An account belongs to one of them, and
// can sign in to the consoles of that one alone.
type Site string

// The sites. The zero value is that for mainland China.
const (
	China         Site = "cn"   // aliyun.com
	International Site = "intl" // alibabacloud.com
)

// ParseSite reads the name of a site; "" is that for mainland China.
func ParseSite(name string) (Site, error) {
	switch s := Site(strings.ToLower(strings.TrimSpace(name))); s {
	case "":
		return China, nil
	case China, International:
		return s, nil
	default:
		return "", fmt.Errorf("%.60q is not a site; use %s (aliyun.com) or %s (alibabacloud.com)", name, China, International)
	}
}

type siteHosts struct{ troubleshoot, status, ecs, sae, webPlus, bpStudio string }

// hosts are those of both sites. Links are written nowhere else.
//
// The sources: the troubleshooting page is what the vendor's gateway itself
// recommends, on both sites; that of Cloud Assistant stands in the vendor's pages
// of both sites without the region at its end, which the console adds itself; those
// of SAE are printed by its own component for Serverless Devs, and the vendor's ROS
// templates lead to the international host. For WebPlus and BPStudio nothing below
// the console itself is documented, and nothing at all on the international site:
// those two hosts follow the pattern of the others.
var hosts = map[Site]siteHosts{
	China: {
		troubleshoot: "https://api.aliyun.com",
		status:       "https://status.aliyun.com",
		ecs:          "https://ecs.console.aliyun.com",
		sae:          "https://sae.console.aliyun.com",
		webPlus:      "https://webplus.console.aliyun.com",
		bpStudio:     "https://bpstudio.console.aliyun.com",
	},
	International: {
		troubleshoot: "https://api.alibabacloud.com",
		status:       "https://status.alibabacloud.com",
		ecs:          "https://ecs.console.alibabacloud.com",
		sae:          "https://sae.console.alibabacloud.com",
		webPlus:      "https://webplus.console.alibabacloud.com",
		bpStudio:     "https://bpstudio.console.alibabacloud.com",
	},
}

func (s Site) hosts() siteHosts {
	if s == International {
		return hosts[International]
	}
	return hosts[China]
}

// linkTo ends the next steps with the way to the console, where a human has to
// look or act: not for what went well or moves by itself.
func (r *Report) linkTo(console string) {
	if r.Verdict != OK && r.Verdict != InProgress {
		r.NextSteps = append(slices.Clip(r.NextSteps), "Console: "+console) // the steps are those of a table
	}
}

func (s Site) cloudAssistantConsole(region string) string {
	if !cloudapi.ValidRegion(region) {
		return s.hosts().ecs
	}
	return s.hosts().ecs + "/cloud-assistant/region/" + region
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (s Site) changeOrderConsole(order string) string {
	if !uuid.MatchString(order) {
		return s.hosts().sae
	}
	return s.hosts().sae + "/#/AppList/ChangeOrderDetail?changeOrderId=" + order
}

func (s Site) appConsole(app cloudapi.AppID, region string) string {
	if !uuid.MatchString(string(app)) || !cloudapi.ValidRegion(region) {
		return s.hosts().sae
	}
	return s.hosts().sae + "/#/AppList/AppDetail?appId=" + string(app) + "&regionId=" + region
}

func (s Site) webPlusConsole(region string) string {
	if !cloudapi.ValidRegion(region) {
		return s.hosts().webPlus
	}
	return s.hosts().webPlus + " (choose the region " + region + ")"
}

// productNames are the vendor's, as its troubleshooting page takes them.
var productNames = map[cloudapi.Product]string{
	cloudapi.ECS: "Ecs", cloudapi.SAE: "sae", cloudapi.WebPlus: "WebPlus", cloudapi.BPStudio: "BPStudio", cloudapi.STS: "Sts",
}

// troubleshootLink is where the vendor explains one refusal: the link that came
// with it, if it leads to the vendor and nothing is odd about it, else our own;
// "" when there is nothing to ask about.
func (a errorLock) troubleshootLink(e *cloudapi.Error) string {
	if leadsToVendor(e.Recommend) && a.chamber.line(e.Recommend) == e.Recommend {
		return inQuotes(e.Recommend)
	}
	if !passes(e.Code, maxWord) || !passes(e.RequestID, maxWord) {
		return ""
	}
	query := url.Values{"q": {e.Code}, "requestId": {e.RequestID}}
	if name := productNames[e.Product]; name != "" {
		query.Set("product", name)
	}
	return a.Site.hosts().troubleshoot + "/troubleshoot?" + query.Encode()
}

var (
	linkShape = regexp.MustCompile(`^https://[A-Za-z0-9._~:/?#&=+,%-]{1,220}$`)
	// vendorHosts are those of the troubleshooting page on both sites: which one a
	// link leads to is the vendor's choice.
	vendorHosts = []string{"api.aliyun.com", "api.alibabacloud.com"}
)

func leadsToVendor(link string) bool {
	if !linkShape.MatchString(link) {
		return false
	}
	u, err := url.Parse(link)
	if err != nil || u.User != nil || !oneOf(u.Host, vendorHosts...) {
		return false
	}
	for name := range u.Query() {
		if !oneOf(name, "q", "product", "requestId", "intl_lang") { // such as where to go next
			return false
		}
	}
	return true
}
