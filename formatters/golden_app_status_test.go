package formatters

import (
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

const testApp = "0099b7be-5f5b-4512-a7fc-56049ef1aaaa"

// app is a healthy application.
func app(changes ...func(*cloudapi.AppStatus)) cloudapi.AppStatus {
	a := cloudapi.AppStatus{
		Source: sourceOf(cloudapi.SAE, "DescribeApplicationStatus", "cn-hangzhou"),
		AppID:  testApp, CurrentStatus: "RUNNING", SubStatus: "NORMAL", RunningInstances: new(int64(4)),
		LastChangeOrderID: "1ccc2339-fc19-49aa-bda0-1e7b84976d02", LastChangeOrderStatus: "SUCCESS", LastChangeOrderRunning: cloudapi.False,
		AppCreatedAt: ago(412 * 24 * time.Hour), EnableAgent: cloudapi.True, ARMSAdvancedEnabled: cloudapi.True, ARMSLinked: true,
		FileSizeLimitKB: new(int64(10240)), TraceID: "ac1a0b2215622246421415014e01",
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

func withOrder(status string, running cloudapi.Flag) func(*cloudapi.AppStatus) {
	return func(a *cloudapi.AppStatus) { a.LastChangeOrderStatus, a.LastChangeOrderRunning = status, running }
}

func withStatus(status string, instances *int64) func(*cloudapi.AppStatus) {
	return func(a *cloudapi.AppStatus) { a.CurrentStatus, a.RunningInstances = status, instances }
}

func withSub(sub string) func(*cloudapi.AppStatus) {
	return func(a *cloudapi.AppStatus) { a.SubStatus = sub }
}

func withoutOrder(a *cloudapi.AppStatus) {
	a.LastChangeOrderID, a.LastChangeOrderStatus, a.LastChangeOrderRunning = "", "", cloudapi.False
}

func appStatusCases() []goldenCase {
	resume := Facts{{"app_id", testApp}}
	done := func(name string, changes ...func(*cloudapi.AppStatus)) goldenCase {
		return goldenCase{name: name, report: testLock.AppStatus(app(changes...))}
	}
	moving := func(name string, changes ...func(*cloudapi.AppStatus)) goldenCase {
		c := done(name, changes...)
		c.resume = resume
		return c
	}
	simulated := done("healthy in the simulator")
	simulated.simulated = true
	return []goldenCase{
		done("healthy"), simulated,
		done("healthy without a change order", withoutOrder),
		done("batch failed and order never ends", withOrder("RUNNING", cloudapi.True), withSub("RUNNING_BUT_HAS_ERROR")),
		done("batch failed in the other spelling", withOrder("RUNNING", cloudapi.True), withSub("runningButHasError")),
		done("batch failed although the order says success", withSub("RUNNING_BUT_HAS_ERROR")),
		done("order failed and the application still serves", withOrder("FAIL", cloudapi.False)),
		done("order failed and the application is down", withOrder("FAIL", cloudapi.False), withStatus("RUNNING", new(int64(0)))),
		done("order failed and the state is not known", withOrder("FAIL", cloudapi.False), withStatus("UNKNOWN", nil)),
		done("order failed in the platform", withOrder("SYSTEM_FAIL", cloudapi.False)),
		moving("a batch waits for confirmation", withOrder("WAIT_BATCH_CONFIRM", cloudapi.True)),
		moving("a batch waits for confirmation and nothing runs", withOrder("WAIT_BATCH_CONFIRM", cloudapi.True), withStatus("RUNNING", new(int64(0)))),
		moving("the order waits for approval", withOrder("WAIT_APPROVAL", cloudapi.True)),
		moving("the order runs", withOrder("RUNNING", cloudapi.True)),
		moving("the order runs and no instance is up yet", withOrder("RUNNING", cloudapi.True), withStatus("UNKNOWN", new(int64(0)))),
		moving("the order runs but the flag denies it", withOrder("RUNNING", cloudapi.False)),
		moving("the order pauses between batches by itself", withOrder("AUTO_BATCH_WAIT", cloudapi.True)),
		moving("the order is approved", withOrder("APPROVED", cloudapi.False)),
		moving("the order is ready", withOrder("READY", cloudapi.False)),
		moving("the order runs with a sub status nobody knows", withOrder("RUNNING", cloudapi.True), withSub("RUNNING_BUT_STUCK")),
		done("running on paper with zero instances", withStatus("RUNNING", new(int64(0)))),
		done("order aborted and the application still serves", withOrder("ABORT", cloudapi.False)),
		done("the state is UNKNOWN", withStatus("UNKNOWN", new(int64(2)))),
		done("the state is absent", withStatus("", nil), withoutOrder),
		done("the state is a word nobody knows", withStatus("HIBERNATING", new(int64(2)))),
		done("stopped", withStatus("STOPPED", new(int64(0)))),
		done("stopped but instances run", withStatus("STOPPED", new(int64(2)))),
		done("the flag says running after success", withOrder("SUCCESS", cloudapi.True)),
		done("instances not reported", withStatus("RUNNING", nil)),
		done("the order has a status nobody knows", withOrder("ROLLING_SIDEWAYS", cloudapi.False)),
		done("the sub status is one nobody knows", withSub("DEGRADED")),
		done("hostile texts", withStatus("RUNNING\x1b[2J\nOK: all is well \u202eevil", new(int64(4))), withSub("token=AbCd1234EfGh"),
			withOrder(`SUCCESS" verdict=ok`, cloudapi.False)),
	}
}
