package formatters

import (
	"fmt"
	"strconv"

	"github.com/alitriage/alitriage/cloudapi"
)

// AppStatus reports on an SAE application (DescribeApplicationStatus).
func (a Airlock) AppStatus(app cloudapi.AppStatus) Report {
	return a.through(func(c *chamber) Report { return c.appStatus(app) })
}

func (a *chamber) appStatus(app cloudapi.AppStatus) Report {
	state := appState{
		status:       normal(app.CurrentStatus),
		order:        normal(app.LastChangeOrderStatus),
		sub:          normal(app.SubStatus),
		instances:    -1,
		orderRunning: app.LastChangeOrderRunning,
	}
	if uuid.MatchString(app.LastChangeOrderID) {
		state.orderID = app.LastChangeOrderID
	}
	if app.RunningInstances != nil && *app.RunningInstances >= 0 {
		state.instances = *app.RunningInstances
	}
	r := newReport(app.Source)
	j := judge(appRules, state)
	r.Verdict, r.NextSteps, r.Rerun = j.verdict, j.next, j.rerun
	r.Headline = fmt.Sprintf("Application %s: %s", a.orNone(string(app.AppID)), j.why)
	r.Reasons = append(r.Reasons, a.appFields(app))
	r.Reasons = append(r.Reasons, a.appContradictions(app, state)...)
	r.Reasons = append(r.Reasons, a.unknownStatuses(app)...)
	r.Reasons = append(r.Reasons, appRemarks(app, state)...)
	r.linkTo(a.appOrOrderConsole(app, state))
	r.Facts = a.appFacts(app)
	r.Notes = append(r.Notes, "how many instances this application should have is not in the answer: a partial outage cannot be seen here")
	return r
}

// appOrOrderConsole is where the verdict leads: to the change order if it is what
// failed or waits, else to the application.
func (a *chamber) appOrOrderConsole(app cloudapi.AppStatus, s appState) string {
	aboutOrder := s.sub == subHasError || oneOf(s.order, "FAIL", "SYSTEMFAIL", "ABORT") || oneOf(s.order, ordersWaiting...)
	if aboutOrder && uuid.MatchString(app.LastChangeOrderID) {
		return a.Site.changeOrderConsole(app.LastChangeOrderID)
	}
	return a.Site.appConsole(app.AppID, app.Region)
}

// appFields is what the verdict rests on, in the vendor's words.
func (a *chamber) appFields(app cloudapi.AppStatus) string {
	instances := "not reported"
	if n := app.RunningInstances; n != nil {
		instances = strconv.FormatInt(*n, 10)
		if *n < 0 {
			instances += " (which is no number of instances)"
		}
	}
	return fmt.Sprintf("CurrentStatus %s, RunningInstances %s, LastChangeOrderStatus %s, LastChangeOrderRunning %s, SubStatus %s",
		a.orNone(app.CurrentStatus), instances, a.orNone(app.LastChangeOrderStatus), app.LastChangeOrderRunning, a.orNone(app.SubStatus))
}

func (a *chamber) appContradictions(app cloudapi.AppStatus, s appState) (reasons []string) {
	disagree := func(what string) { reasons = append(reasons, disagreeing+what) }
	switch {
	case s.orderRunning == cloudapi.True && oneOf(s.order, ordersEnded...):
		disagree("LastChangeOrderRunning is true, but the change order has ended with " + a.orNone(app.LastChangeOrderStatus))
	case s.orderRunning == cloudapi.True && s.order == "":
		disagree("LastChangeOrderRunning is true, but there is no change order status")
	case s.orderRunning == cloudapi.False && s.order == "RUNNING":
		disagree("LastChangeOrderRunning is false, but the change order's status is RUNNING")
	}
	if s.status == "STOPPED" && s.instances > 0 {
		disagree(fmt.Sprintf("the application is STOPPED, but %s of it run; it may be stopping", s.instanceCount()))
	}
	if s.sub == subHasError && s.order == "SUCCESS" {
		disagree("the sub status speaks of a failed batch, the change order of success")
	}
	return reasons
}

func (a *chamber) unknownStatuses(app cloudapi.AppStatus) (reasons []string) {
	for _, f := range []struct {
		field, value string
		known        []string
	}{
		{"CurrentStatus", app.CurrentStatus, appStatuses},
		{"LastChangeOrderStatus", app.LastChangeOrderStatus, appOrders},
		{"SubStatus", app.SubStatus, appSubs},
	} {
		if value := normal(f.value); value != "" && !oneOf(value, f.known...) {
			reasons = append(reasons, f.field+" has a value that alitriage does not know: "+a.quote(f.value))
		}
	}
	return reasons
}

// appRemarks are further facts that a reader of the verdict should not miss.
func appRemarks(app cloudapi.AppStatus, s appState) (reasons []string) {
	if s.instances == 0 && s.status == "RUNNING" && (s.sub == subHasError || oneOf(s.order, ordersWaiting...)) {
		reasons = append(reasons, "no instance is running: it serves nobody at the moment")
	}
	switch {
	case app.LastChangeOrderID == "" && s.order == "":
		reasons = append(reasons, "no change order is named: there was none, or it has expired (they are kept about 3 months)")
	case s.order == "":
		reasons = append(reasons, "a change order is named, but not how it ended")
	}
	return reasons
}

func (a *chamber) appFacts(app cloudapi.AppStatus) Facts {
	var f Facts
	f.add("app_id", a.plain(string(app.AppID)))
	f.add("current_status", a.plain(app.CurrentStatus))
	f.add("running_instances", app.RunningInstances)
	f.add("last_change_order_id", a.plain(app.LastChangeOrderID))
	f.add("last_change_order_status", a.plain(app.LastChangeOrderStatus))
	f.add("last_change_order_running", app.LastChangeOrderRunning)
	f.add("sub_status", a.plain(app.SubStatus))
	f.add("app_created_at", app.AppCreatedAt)
	f.add("enable_agent", app.EnableAgent)
	f.add("arms_advanced_enabled", app.ARMSAdvancedEnabled)
	f.add("arms_linked", app.ARMSLinked)
	f.add("file_size_limit_kb", app.FileSizeLimitKB)
	f.add("trace_id", a.plain(app.TraceID))
	return f
}

// AppStatusChanging tells whether asking again can show something new.
func AppStatusChanging(app cloudapi.AppStatus) bool {
	order := normal(app.LastChangeOrderStatus)
	return (oneOf(order, ordersMoving...) || oneOf(order, ordersWaiting...)) && normal(app.SubStatus) != subHasError
}
