package formatters

import (
	"fmt"
	"strconv"

	"github.com/alitriage/alitriage/cloudapi"
)

// appState is what the verdict on an SAE application depends on.
type appState struct {
	status, order, sub string // normal spelling
	instances          int64  // -1: not reported
	orderRunning       cloudapi.Flag
}

var appRules = []rule[appState]{
	{
		when:    "sub status RUNNING_BUT_HAS_ERROR",
		matches: func(s appState) bool { return s.sub == "RUNNINGBUTHASERROR" },
		verdict: Failed,
		say:     says[appState]("a batch of the release failed; the change order will never finish by itself, and old and new version are both live"),
		next: does[appState]("Roll the change order back by hand: SAE console, or AbortAndRollbackChangeOrder.",
			"Look at the events and logs of the failed batch before releasing again."),
	},
	{
		when:    "change order FAIL or SYSTEM_FAIL",
		matches: func(s appState) bool { return oneOf(s.order, "FAIL", "SYSTEMFAIL") },
		verdict: Failed,
		say: func(s appState) string {
			why := "the last change order failed"
			if s.order == "SYSTEMFAIL" {
				why = "the last change order failed in the SAE platform itself"
			}
			if s.status != "RUNNING" || s.instances == 0 {
				return why + ", and the application serves nobody"
			}
			return why + ", but the application still serves " + s.instanceCount()
		},
		next: func(s appState) []string {
			if s.order == "SYSTEMFAIL" {
				return []string{"Retry the change; if it fails again, open a ticket with the RequestId."}
			}
			return []string{"Read the failed step of the change order in the SAE console, mend it, and deploy again or roll back."}
		},
	},
	{
		when:    "change order WAIT_BATCH_CONFIRM",
		matches: func(s appState) bool { return s.order == "WAITBATCHCONFIRM" },
		verdict: ActionNeeded,
		say:     says[appState]("the release waits for a person to confirm the next batch"),
		next:    does[appState]("Check the batch that is out, then confirm the next one in the SAE console (ConfirmPipelineBatch) or roll back."),
	},
	{
		when:    "change order WAIT_APPROVAL",
		matches: func(s appState) bool { return s.order == "WAITAPPROVAL" },
		verdict: ActionNeeded,
		say:     says[appState]("the change order waits for an approver"),
		next:    does[appState]("Ask the approver to approve or reject the change order."),
	},
	{
		when:    "change order RUNNING, AUTO_BATCH_WAIT, APPROVED or READY",
		matches: func(s appState) bool { return oneOf(s.order, "RUNNING", "AUTOBATCHWAIT", "APPROVED", "READY") },
		verdict: InProgress,
		say: func(s appState) string {
			why := map[string]string{
				"RUNNING":       "a change order is running",
				"AUTOBATCHWAIT": "the release pauses between two batches and goes on by itself",
				"APPROVED":      "the change order is approved and will start by itself",
				"READY":         "the change order is ready and will start by itself",
			}[s.order]
			if s.instances == 0 {
				why += "; no instance is up yet"
			}
			return why
		},
		next: does[appState]("Ask again with the resume arguments until the change order has ended."),
	},
	{
		when:    "application RUNNING with 0 instances",
		matches: func(s appState) bool { return s.status == "RUNNING" && s.instances == 0 },
		verdict: Failed,
		say:     says[appState]("the application is up on paper but has no running instance: a crash loop, scaled to zero, or a failing health check"),
		next:    does[appState]("Look at the application's events and instance logs in the SAE console, and at its scaling rules."),
	},
	{
		when:    "change order ABORT",
		matches: func(s appState) bool { return s.order == "ABORT" },
		verdict: Failed,
		say: func(s appState) string {
			why := "the last change order was stopped part-way, so versions may be mixed"
			if s.instances > 0 {
				why += "; the application still has " + s.instanceCount()
			}
			return why
		},
		next: does[appState]("Compare the versions of the instances, then deploy again or roll back."),
	},
	{
		when:    "application status UNKNOWN, absent or not recognised",
		matches: func(s appState) bool { return !oneOf(s.status, "RUNNING", "STOPPED") },
		verdict: Unknown,
		say:     says[appState]("the state of the application is not known"),
		next:    does[appState]("Ask again in a minute; if it stays so, look at the application in the SAE console."),
	},
	{
		when:    "application STOPPED",
		matches: func(s appState) bool { return s.status == "STOPPED" },
		verdict: ActionNeeded,
		say:     says[appState]("the application is stopped and serves nobody until someone starts it"),
		next:    does[appState]("Find out whether it was stopped on purpose; start it in the SAE console if not."),
	},
	{
		when: "application RUNNING, change order SUCCESS or empty, at least 1 instance, nothing that contradicts it",
		matches: func(s appState) bool {
			return oneOf(s.order, "SUCCESS", "") && oneOf(s.sub, "NORMAL", "") && s.instances >= 1 && s.orderRunning != cloudapi.True
		},
		verdict: OK,
		say:     func(s appState) string { return "the application runs with " + s.instanceCount() },
	},
	{
		when:    "anything else",
		matches: always[appState],
		verdict: Unknown,
		say: func(s appState) string {
			switch {
			case s.instances < 0:
				return "the answer does not say how many instances run"
			case s.orderRunning == cloudapi.True:
				return "the answer calls the last change order both ended and running"
			default:
				return "the answer holds a status that this version of alitriage does not know"
			}
		},
		next: does[appState]("Ask again in a minute; if it stays so, look at the application in the SAE console."),
	},
}

func (s appState) instanceCount() string { return count(int(s.instances), "running instance") }

// AppStatus reports on an SAE application (DescribeApplicationStatus).
func (a Airlock) AppStatus(app cloudapi.AppStatus) Report {
	state := appState{
		status:       normal(app.CurrentStatus),
		order:        normal(app.LastChangeOrderStatus),
		sub:          normal(app.SubStatus),
		instances:    -1,
		orderRunning: app.LastChangeOrderRunning,
	}
	if app.RunningInstances != nil && *app.RunningInstances >= 0 {
		state.instances = *app.RunningInstances
	}
	r := newReport(app.Source)
	var why string
	r.Verdict, why, r.NextSteps = judge(appRules, state)
	r.NextSteps = nonNil(r.NextSteps)
	r.Headline = fmt.Sprintf("Application %s: %s", a.word(string(app.AppID)), why)
	r.Reasons = a.appReasons(app, state)
	r.Facts = a.appFacts(app)
	r.Notes = append(r.Notes, "the number of instances this application should have is not in the answer: a partial outage cannot be seen here")
	return r
}

func (a Airlock) appReasons(app cloudapi.AppStatus, s appState) []string {
	instances := "not reported"
	if s.instances >= 0 {
		instances = strconv.FormatInt(s.instances, 10)
	}
	reasons := []string{fmt.Sprintf("application status %s, running instances %s, last change order %s, sub status %s",
		a.orNone(app.CurrentStatus), instances, a.orNone(app.LastChangeOrderStatus), a.orNone(app.SubStatus))}
	disagree := func(what string) { reasons = append(reasons, "fields disagree: "+what) }
	final := oneOf(s.order, "SUCCESS", "FAIL", "SYSTEMFAIL", "ABORT")
	switch {
	case s.orderRunning == cloudapi.True && (final || s.order == ""):
		disagree("LastChangeOrderRunning is true, but the change order's status is " + a.orNone(app.LastChangeOrderStatus))
	case s.orderRunning == cloudapi.False && s.order == "RUNNING":
		disagree("LastChangeOrderRunning is false, but the change order's status is RUNNING")
	}
	if s.status == "STOPPED" && s.instances > 0 {
		disagree(fmt.Sprintf("the application is STOPPED with %s; it may be stopping", s.instanceCount()))
	}
	for _, f := range []struct {
		field, value string
		known        []string
	}{
		{"CurrentStatus", app.CurrentStatus, []string{"", "RUNNING", "STOPPED", "UNKNOWN"}},
		{"LastChangeOrderStatus", app.LastChangeOrderStatus, []string{"", "READY", "RUNNING", "SUCCESS", "FAIL", "ABORT",
			"WAITBATCHCONFIRM", "AUTOBATCHWAIT", "SYSTEMFAIL", "WAITAPPROVAL", "APPROVED"}},
		{"SubStatus", app.SubStatus, []string{"", "NORMAL", "RUNNINGBUTHASERROR"}},
	} {
		if !oneOf(normal(f.value), f.known...) {
			reasons = append(reasons, f.field+" has a value that this version of alitriage does not know: "+a.quote(f.value))
		}
	}
	if app.LastChangeOrderID == "" {
		reasons = append(reasons, "no change order is named: there was none, or it has expired (they are kept about 3 months)")
	}
	return reasons
}

func (a Airlock) appFacts(app cloudapi.AppStatus) Facts {
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
	return oneOf(normal(app.LastChangeOrderStatus), "RUNNING", "AUTOBATCHWAIT", "APPROVED", "READY", "WAITBATCHCONFIRM", "WAITAPPROVAL") &&
		normal(app.SubStatus) != "RUNNINGBUTHASERROR"
}
