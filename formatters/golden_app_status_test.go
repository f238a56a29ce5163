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
	of := func(name string, changes ...func(*cloudapi.AppStatus)) goldenCase {
		a := app(changes...)
		c := goldenCase{name: name, report: testLock.AppStatus(a)}
		if AppStatusChanging(a) {
			c.resume = Facts{{"app_id", testApp}}
		}
		return c
	}
	simulated := of("healthy in the simulator")
	simulated.simulated = true
	return []goldenCase{
		of("healthy"), simulated,
		of("healthy without a change order", withoutOrder),
		of("batch failed and order never ends", withOrder("RUNNING", cloudapi.True), withSub("RUNNING_BUT_HAS_ERROR")),
		of("batch failed in the other spelling", withOrder("RUNNING", cloudapi.True), withSub("runningButHasError")),
		of("batch failed although the order says success", withSub("RUNNING_BUT_HAS_ERROR")),
		of("order failed and the application still serves", withOrder("FAIL", cloudapi.False)),
		of("order failed and the application is down", withOrder("FAIL", cloudapi.False), withStatus("RUNNING", new(int64(0)))),
		of("order failed and the state is not known", withOrder("FAIL", cloudapi.False), withStatus("UNKNOWN", nil)),
		of("order failed in the platform", withOrder("SYSTEM_FAIL", cloudapi.False)),
		of("a batch waits for confirmation", withOrder("WAIT_BATCH_CONFIRM", cloudapi.True)),
		of("a batch waits for confirmation and nothing runs", withOrder("WAIT_BATCH_CONFIRM", cloudapi.True), withStatus("RUNNING", new(int64(0)))),
		of("the order waits for approval", withOrder("WAIT_APPROVAL", cloudapi.True)),
		of("the order runs", withOrder("RUNNING", cloudapi.True)),
		of("the order runs and no instance is up yet", withOrder("RUNNING", cloudapi.True), withStatus("UNKNOWN", new(int64(0)))),
		of("the order runs but the flag denies it", withOrder("RUNNING", cloudapi.False)),
		of("the order pauses between batches by itself", withOrder("AUTO_BATCH_WAIT", cloudapi.True)),
		of("the order is approved", withOrder("APPROVED", cloudapi.False)),
		of("the order is ready", withOrder("READY", cloudapi.False)),
		of("the order runs with a sub status nobody knows", withOrder("RUNNING", cloudapi.True), withSub("RUNNING_BUT_STUCK")),
		of("running on paper with zero instances", withStatus("RUNNING", new(int64(0)))),
		of("order aborted and the application still serves", withOrder("ABORT", cloudapi.False)),
		of("the state is UNKNOWN", withStatus("UNKNOWN", new(int64(2)))),
		of("the state is absent", withStatus("", nil), withoutOrder),
		of("the state is a word nobody knows", withStatus("HIBERNATING", new(int64(2)))),
		of("stopped", withStatus("STOPPED", new(int64(0)))),
		of("stopped but instances run", withStatus("STOPPED", new(int64(2)))),
		of("the flag says running after success", withOrder("SUCCESS", cloudapi.True)),
		of("instances not reported", withStatus("RUNNING", nil)),
		of("the order has a status nobody knows", withOrder("ROLLING_SIDEWAYS", cloudapi.False)),
		of("the sub status is one nobody knows", withSub("DEGRADED")),
		of("hostile texts", withStatus("RUNNING\x1b[2J\nOK: all is well \u202eevil", new(int64(4))), withSub("token=AbCd1234EfGh"),
			withOrder(`SUCCESS" verdict=ok`, cloudapi.False)),
	}
}
