package formatters

import "github.com/alitriage/alitriage/cloudapi"

// appState is what the verdict on an SAE application depends on.
type appState struct {
	status, order, sub string // normal spelling
	instances          int64  // -1: not reported
	orderRunning       cloudapi.Flag
	orderID            string // of the change order, for a step; "" if it is no id
}

var (
	appStatuses   = []string{"RUNNING", "STOPPED", "UNKNOWN"}
	appSubs       = []string{"NORMAL", subHasError}
	appOrders     = []string{"READY", "RUNNING", "SUCCESS", "FAIL", "ABORT", "WAITBATCHCONFIRM", "AUTOBATCHWAIT", "SYSTEMFAIL", "WAITAPPROVAL", "APPROVED"}
	ordersEnded   = []string{"SUCCESS", "FAIL", "SYSTEMFAIL", "ABORT"}
	ordersMoving  = []string{"RUNNING", "AUTOBATCHWAIT", "APPROVED", "READY"}
	ordersWaiting = []string{"WAITBATCHCONFIRM", "WAITAPPROVAL"}
)

const subHasError = "RUNNINGBUTHASERROR"

func (s appState) subKnown() bool { return s.sub == "" || oneOf(s.sub, appSubs...) }

const lookAtApp = "Ask again in a minute; if it stays so, look at the application in the SAE console."

var appRules = []rule[appState]{
	{
		when:    "sub status RUNNING_BUT_HAS_ERROR",
		example: appState{status: "RUNNING", order: "RUNNING", sub: subHasError, instances: 4},
		matches: func(s appState) bool { return s.sub == subHasError },
		verdict: Failed,
		say:     says[appState]("a batch of the release failed; the change order will never finish by itself, and old and new version are both live"),
		next: func(s appState) []string {
			return []string{
				"Roll the change order back by hand: SAE console, or AbortAndRollbackChangeOrder" + s.orderNamed() + ".",
				"Look at the events and logs of the failed batch before releasing again.",
			}
		},
	},
	{
		when:    "change order FAIL or SYSTEM_FAIL",
		example: appState{status: "RUNNING", order: "FAIL", instances: 4},
		matches: func(s appState) bool { return oneOf(s.order, "FAIL", "SYSTEMFAIL") },
		verdict: Failed,
		say: func(s appState) string {
			if s.order == "SYSTEMFAIL" {
				return "the last change order failed in the SAE platform itself" + s.whatIsLeft()
			}
			return "the last change order failed" + s.whatIsLeft()
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
		example: appState{status: "RUNNING", order: "WAITBATCHCONFIRM", instances: 4},
		matches: func(s appState) bool { return s.order == "WAITBATCHCONFIRM" },
		verdict: ActionNeeded,
		say:     says[appState]("the release waits for a person to confirm the next batch"),
		next:    does[appState]("Check the batch that is out, then confirm the next one in the SAE console (ConfirmPipelineBatch, which changes things although it is a GET) or roll back."),
	},
	{
		when:    "change order WAIT_APPROVAL",
		example: appState{status: "RUNNING", order: "WAITAPPROVAL", instances: 4},
		matches: func(s appState) bool { return s.order == "WAITAPPROVAL" },
		verdict: ActionNeeded,
		say:     says[appState]("the change order waits for an approver"),
		next:    does[appState]("Ask the approver to approve or reject the change order."),
	},
	{
		when:    "change order RUNNING, AUTO_BATCH_WAIT, APPROVED or READY, with a sub status that is not known",
		example: appState{status: "RUNNING", order: "RUNNING", sub: "DEGRADED", instances: 4},
		matches: func(s appState) bool { return oneOf(s.order, ordersMoving...) && !s.subKnown() },
		verdict: Unknown,
		say:     says[appState]("a change order is under way, but the sub status is one that alitriage does not know"),
		next:    does[appState](lookAtApp),
	},
	{
		when:    "change order RUNNING, AUTO_BATCH_WAIT, APPROVED or READY",
		example: appState{status: "RUNNING", order: "AUTOBATCHWAIT", instances: 4},
		matches: func(s appState) bool { return oneOf(s.order, ordersMoving...) },
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
		example: appState{status: "RUNNING", order: "SUCCESS"},
		matches: func(s appState) bool { return s.status == "RUNNING" && s.instances == 0 },
		verdict: Failed,
		say:     says[appState]("it is up on paper, but no instance runs: a crash loop, scaled to zero, or a failing health check"),
		next:    does[appState]("Look at the application's events and instance logs in the SAE console, and at its scaling rules."),
	},
	{
		when:    "change order ABORT",
		example: appState{status: "RUNNING", order: "ABORT", instances: 4},
		matches: func(s appState) bool { return s.order == "ABORT" },
		verdict: Failed,
		say: func(s appState) string {
			return "the last change order was stopped part-way, so versions may be mixed" + s.whatIsLeft()
		},
		next: does[appState]("Compare the versions of the instances, then deploy again or roll back."),
	},
	{
		when:    "application status UNKNOWN, absent or not recognised",
		example: appState{status: "UNKNOWN", order: "SUCCESS", instances: 4},
		matches: func(s appState) bool { return !oneOf(s.status, "RUNNING", "STOPPED") },
		verdict: Unknown,
		say: func(s appState) string {
			switch s.status {
			case "":
				return "the answer does not say in which state the application is"
			case "UNKNOWN":
				return "SAE itself does not know in which state the application is"
			default:
				return "the application has a status that alitriage does not know"
			}
		},
		next: does[appState](lookAtApp),
	},
	{
		when:    "application STOPPED",
		example: appState{status: "STOPPED", order: "SUCCESS"},
		matches: func(s appState) bool { return s.status == "STOPPED" },
		verdict: ActionNeeded,
		say:     says[appState]("it is stopped and serves nobody until someone starts it"),
		next:    does[appState]("Find out whether it was stopped on purpose; if not, start it in the SAE console."),
	},
	{
		when:    "application RUNNING, change order SUCCESS or empty, at least 1 instance, nothing that contradicts it",
		example: appState{status: "RUNNING", order: "SUCCESS", instances: 4},
		matches: func(s appState) bool {
			return oneOf(s.order, "SUCCESS", "") && s.subKnown() && s.instances >= 1 && s.orderRunning != cloudapi.True
		},
		verdict: OK,
		say:     func(s appState) string { return "it is RUNNING with " + s.instanceCount() },
	},
	{
		when:    "anything else",
		example: appState{status: "RUNNING", order: "SUCCESS", instances: -1},
		matches: always[appState],
		verdict: Unknown,
		say: func(s appState) string {
			switch {
			case s.instances < 0:
				return "it is RUNNING, but the answer does not say how many instances run"
			case oneOf(s.order, "SUCCESS", "") && s.orderRunning == cloudapi.True:
				return "the fields disagree on whether a change order is running"
			default:
				return "the answer holds a status that alitriage does not know"
			}
		},
		next: does[appState](lookAtApp),
	},
}

// whatIsLeft says after a change that failed whether anybody is served.
func (s appState) whatIsLeft() string {
	switch {
	case s.instances == 0 || s.status == "STOPPED":
		return ", and the application is down"
	case s.status != "RUNNING":
		return ", and the application is not RUNNING: take it for down until you have looked"
	case s.instances < 0:
		return "; how many instances still run is not in the answer"
	default:
		return ", but the application still serves with " + s.instanceCount()
	}
}

// orderNamed adds the id that the call needs.
func (s appState) orderNamed() string {
	if s.orderID == "" {
		return ""
	}
	return " with ChangeOrderId " + s.orderID
}

func (s appState) instanceCount() string { return count(int(s.instances), "instance") }
