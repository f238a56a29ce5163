package formatters

import (
	"net/url"
	"regexp"
	"slices"

	"github.com/alitriage/alitriage/cloudapi"
)

// hosts are those of the site for mainland China, aliyun.com. Links are written
// nowhere else.
//
// The sources: the troubleshooting page is what the vendor's gateway itself
// recommends; that of Cloud Assistant stands in the vendor's pages without the
// region at its end, which the console adds itself; those of SAE are printed by
// its own component for Serverless Devs. For WebPlus and BPStudio nothing below
// the console itself is documented.
var hosts = struct{ troubleshoot, ecs, sae, webPlus, bpStudio string }{
	troubleshoot: "https://api.aliyun.com",
	ecs:          "https://ecs.console.aliyun.com",
	sae:          "https://sae.console.aliyun.com",
	webPlus:      "https://webplus.console.aliyun.com",
	bpStudio:     "https://bpstudio.console.aliyun.com",
}

// linkTo ends the next steps with the way to the console, where a human has to
// look or act: not for what went well or moves by itself.
func (r *Report) linkTo(console string) {
	if r.Verdict != OK && r.Verdict != InProgress {
		r.NextSteps = append(slices.Clip(r.NextSteps), "Console: "+console) // the steps are those of a table
	}
}

func cloudAssistantConsole(region string) string {
	if !cloudapi.ValidRegion(region) {
		return hosts.ecs
	}
	return hosts.ecs + "/cloud-assistant/region/" + region
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func changeOrderConsole(order string) string {
	if !uuid.MatchString(order) {
		return hosts.sae
	}
	return hosts.sae + "/#/AppList/ChangeOrderDetail?changeOrderId=" + order
}

func appConsole(app cloudapi.AppID, region string) string {
	if !uuid.MatchString(string(app)) || !cloudapi.ValidRegion(region) {
		return hosts.sae
	}
	return hosts.sae + "/#/AppList/AppDetail?appId=" + string(app) + "&regionId=" + region
}

func webPlusConsole(region string) string {
	if !cloudapi.ValidRegion(region) {
		return hosts.webPlus
	}
	return hosts.webPlus + " (choose the region " + region + ")"
}

// productNames are the vendor's, as its troubleshooting page takes them.
var productNames = map[cloudapi.Product]string{
	cloudapi.ECS: "Ecs", cloudapi.SAE: "sae", cloudapi.WebPlus: "WebPlus", cloudapi.BPStudio: "BPStudio",
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
	return hosts.troubleshoot + "/troubleshoot?" + query.Encode()
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
