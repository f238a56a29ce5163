package cloudsim

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

var describeApplicationStatus = &operation{
	name: "DescribeApplicationStatus", version: "2019-05-06", product: "sae",
	method: http.MethodGet, path: "/pop/v1/sam/app/describeApplicationStatus", run: (*Sim).describeApplicationStatus,
}

// App is an SAE application.
type App struct {
	ID, Region             string // "" for the demo's Region
	CurrentStatus          string
	SubStatus              string
	RunningInstances       int
	LastChangeOrderID      string
	LastChangeOrderStatus  string
	LastChangeOrderRunning bool
	CreatedAt              time.Time
	EnableAgent            bool
	ARMSLicenseKey         string // "": not linked with ARMS

	Then   *App // what becomes of it
	ThenAt time.Time

	Raw []byte // replaces the answer
}

// PutApp adds an application, or replaces the one with its ID.
func (s *Sim) PutApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Region = cmp.Or(a.Region, Region)
	s.apps[a.ID] = a
}

// at follows the application's history up to now.
func (a App) at(now time.Time) App {
	for a.Then != nil && !now.Before(a.ThenAt) {
		next := *a.Then
		next.ID, next.Region = a.ID, a.Region
		a = next
	}
	return a
}

func (s *Sim) describeApplicationStatus(c *call) (answer, *refusal) {
	id := c.query.Get("AppId")
	if id == "" {
		// What the vendor's page has in the place of a MissingAppId.
		refused := refuse("InvalidParameter.NotEmpty")
		refused.message = "You must specify the parameter AppId."
		return answer{}, refused
	}
	app, known := s.apps[id]
	if !known || !saeServes(c.request.Host, app.Region) {
		return answer{}, refuse("InvalidAppId.NotFound")
	}
	app = app.at(s.now())
	if app.Raw != nil {
		return answer{raw: app.Raw}, nil
	}
	return answer{fields: map[string]any{
		"Message": "success", "Code": "200", "Success": true, "ErrorCode": "",
		"TraceId": randomHex(15), "Data": app.data(),
	}}, nil
}

func (a App) data() map[string]any {
	data := map[string]any{
		"AppId":                  a.ID,
		"CurrentStatus":          a.CurrentStatus,
		"SubStatus":              a.SubStatus,
		"RunningInstances":       a.RunningInstances,
		"LastChangeOrderId":      a.LastChangeOrderID,
		"LastChangeOrderStatus":  a.LastChangeOrderStatus,
		"LastChangeOrderRunning": a.LastChangeOrderRunning,
		"CreateTime":             strconv.FormatInt(a.CreatedAt.UnixMilli(), 10),
		"EnableAgent":            a.EnableAgent,
		"ArmsAdvancedEnabled":    strconv.FormatBool(a.ARMSLicenseKey != ""),
		"ArmsApmInfo":            "",
		"FileSizeLimit":          10240,
	}
	if a.ARMSLicenseKey != "" {
		data["ArmsApmInfo"] = string(mustJSON(map[string]string{"appId": a.ID, "licenseKey": a.ARMSLicenseKey}))
	}
	return data
}

var saeHost = regexp.MustCompile(`^sae\.([a-z0-9-]+)\.aliyuncs\.com(:\d+)?$`)

// saeServes: the operation takes no RegionId, so the region is that of the host.
// Behind any other host (a test's, a proxy's) there are all regions.
func saeServes(host, region string) bool {
	match := saeHost.FindStringSubmatch(host)
	return match == nil || match[1] == region
}
