package formatters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// spelling is a status as it may come, and as the reference spells it; meant is
// "" for one that the reference does not know.
type spelling struct{ came, meant string }

const odd = "?" // a spelling of nothing that the reference knows

var (
	appStatusSpellings = []spelling{
		{"RUNNING", "RUNNING"}, {"running", "RUNNING"}, {" Run_ning\t", "RUNNING"}, {"STOPPED", "STOPPED"}, {"Stopped", "STOPPED"},
		{"UNKNOWN", "UNKNOWN"}, {"", ""}, {"HIBERNATING", odd}, {"NOT RUNNING", odd}, {"RUNNING,STOPPED", odd}, {"ſtopped", odd},
	}
	appOrderSpellings = []spelling{
		{"READY", "READY"}, {"RUNNING", "RUNNING"}, {"Running", "RUNNING"}, {"SUCCESS", "SUCCESS"}, {"success", "SUCCESS"}, {"FAIL", "FAIL"},
		{"ABORT", "ABORT"}, {"WAIT_BATCH_CONFIRM", "WAIT_BATCH_CONFIRM"}, {"waitBatchConfirm", "WAIT_BATCH_CONFIRM"},
		{"AUTO_BATCH_WAIT", "AUTO_BATCH_WAIT"}, {"SYSTEM_FAIL", "SYSTEM_FAIL"}, {"WAIT_APPROVAL", "WAIT_APPROVAL"},
		{"APPROVED", "APPROVED"}, {"", ""}, {"FAILED", odd}, {"SUCCESSFUL", odd}, {"2", odd},
	}
	appSubSpellings = []spelling{
		{"", ""}, {"NORMAL", "NORMAL"}, {"normal", "NORMAL"}, {"RUNNING_BUT_HAS_ERROR", "RUNNING_BUT_HAS_ERROR"},
		{"runningButHasError", "RUNNING_BUT_HAS_ERROR"}, {"RunningButHasError ", "RUNNING_BUT_HAS_ERROR"}, {"DEGRADED", odd}, {"ABNORMAL", odd},
	}
	allFlags = []cloudapi.Flag{cloudapi.Absent, cloudapi.False, cloudapi.True}
)

// appVerdict is triage.md, section 4 with the settled rows of section 1.9 and
// rule 1.5 for a sub status that nobody knows.
func appVerdict(status, order, sub string, flag cloudapi.Flag, instances *int64) Verdict {
	reported := instances != nil && *instances >= 0
	none := reported && *instances == 0
	switch order {
	case "FAIL", "SYSTEM_FAIL", "WAIT_BATCH_CONFIRM", "WAIT_APPROVAL", "RUNNING", "AUTO_BATCH_WAIT", "APPROVED", "READY":
		byOrder := map[string]Verdict{"FAIL": Failed, "SYSTEM_FAIL": Failed, "WAIT_BATCH_CONFIRM": ActionNeeded, "WAIT_APPROVAL": ActionNeeded}
		verdict, listed := byOrder[order] // rows 2 to 4
		switch {
		case sub == "RUNNING_BUT_HAS_ERROR": // row 1
			return Failed
		case listed:
			return verdict
		case sub == odd:
			return Unknown
		default: // row 5
			return InProgress
		}
	}
	switch {
	case sub == "RUNNING_BUT_HAS_ERROR":
		return Failed
	case status == "RUNNING" && none: // row 6
		return Failed
	case order == "ABORT": // row 7
		return Failed
	case status == "UNKNOWN" || status == "" || status == odd: // row 8
		return Unknown
	case status == "STOPPED": // row 9
		return ActionNeeded
	}
	if (order == "SUCCESS" || order == "") && reported && !none && flag != cloudapi.True && sub != odd { // row 10
		return OK
	}
	return Unknown // row 11
}

func appContradicts(status, order, sub string, flag cloudapi.Flag, instances *int64) bool {
	final := map[string]bool{"SUCCESS": true, "FAIL": true, "SYSTEM_FAIL": true, "ABORT": true}
	return flag == cloudapi.True && (final[order] || order == "") ||
		flag == cloudapi.False && order == "RUNNING" ||
		status == "STOPPED" && instances != nil && *instances > 0 ||
		sub == "RUNNING_BUT_HAS_ERROR" && order == "SUCCESS"
}

func TestAppStatusVerdictForEveryCombination(t *testing.T) {
	t.Parallel()
	n := 0
	for _, status := range appStatusSpellings {
		for _, order := range appOrderSpellings {
			for _, sub := range appSubSpellings {
				for _, flag := range allFlags {
					for _, instances := range []*int64{nil, new(int64(-1)), new(int64(0)), new(int64(1)), new(int64(3))} {
						in := app(withStatus(status.came, instances), withOrder(order.came, flag), withSub(sub.came))
						r := testLock.AppStatus(in)
						n++
						require.Equal(t, appVerdict(status.meant, order.meant, sub.meant, flag, instances), r.Verdict, "%+v", in)
						checkJudgement(t, r)
						require.NotEmpty(t, r.Reasons)
						require.Empty(t, r.Rerun, "nothing here is run again")
						require.Equal(t, appContradicts(status.meant, order.meant, sub.meant, flag, instances), namesContradiction(r), "%+v: %q", in, r.Reasons)
						for _, s := range []spelling{status, order, sub} {
							if s.meant == odd {
								require.Contains(t, strings.Join(r.Reasons, "\n"), s.came, "the raw value is a reason")
							}
						}
						require.Contains(t, strings.Join(r.Notes, "\n"), "partial outage cannot be seen")
					}
				}
			}
		}
	}
	require.Equal(t, 11*17*8*3*5, n)
}

func TestAppStatusSaysWhatTheReferenceAsksFor(t *testing.T) {
	for _, c := range []struct {
		fact  string
		in    cloudapi.AppStatus
		holds []string // each in headline, reasons, next steps or notes
		never []string
	}{
		{"a failed batch never finishes by itself", app(withSub("RUNNING_BUT_HAS_ERROR")), []string{"never finish by itself", "both live", "AbortAndRollbackChangeOrder"}, nil},
		{"a failed change over a serving application", app(withOrder("FAIL", no)), []string{"still serves with 4 instances"}, []string{"down"}},
		{"a failed change over nothing", app(withOrder("FAIL", no), withStatus("RUNNING", new(int64(0)))), []string{"down"}, []string{"still serves"}},
		{"a failed change over a stopped application", app(withOrder("FAIL", no), withStatus("STOPPED", new(int64(0)))), []string{"down"}, []string{"still serves"}},
		{"a failed change and no count", app(withOrder("FAIL", no), withStatus("RUNNING", nil)), []string{"not in the answer"}, []string{" -1", "down"}},
		{"a failed platform", app(withOrder("SYSTEM_FAIL", no)), []string{"platform", "Retry", "ticket"}, nil},
		{"a batch to confirm", app(withOrder("WAIT_BATCH_CONFIRM", yes)), []string{"ConfirmPipelineBatch", "although it is a GET"}, nil},
		{"an approver", app(withOrder("WAIT_APPROVAL", yes)), []string{"approver"}, nil},
		{"a pause is no failure", app(withOrder("AUTO_BATCH_WAIT", yes)), []string{"by itself"}, []string{"fail"}},
		{"no instance yet", app(withOrder("RUNNING", yes), withStatus("UNKNOWN", new(int64(0)))), []string{"no instance is up yet"}, nil},
		{"up on paper", app(withStatus("RUNNING", new(int64(0)))), []string{"on paper", "crash loop", "scaled to zero", "health check", "events"}, nil},
		{"aborted", app(withOrder("ABORT", no)), []string{"part-way", "mixed", "still serves with 4 instances"}, nil},
		{"stopped on purpose", app(withStatus("STOPPED", new(int64(0)))), []string{"serves nobody until someone starts it", "on purpose"}, nil},
		{"stopped with instances", app(withStatus("STOPPED", new(int64(2)))), []string{"fields disagree", "stopping"}, nil},
		{"no change order", app(withoutOrder), []string{"no change order", "about 3 months"}, nil},
		{"a missing count is named", app(withStatus("RUNNING", nil)), []string{"does not say how many instances", "RunningInstances not reported"}, nil},
		{"a count is not compared with what should be", app(withStatus("RUNNING", new(int64(1)))), []string{"1 instance"}, []string{"1 of 1", "uptime"}},
	} {
		t.Run(c.fact, func(t *testing.T) {
			r := testLock.AppStatus(c.in)
			text := strings.Join(append(append(append([]string{r.Headline}, r.Reasons...), r.NextSteps...), r.Notes...), "\n")
			for _, part := range c.holds {
				require.Contains(t, text, part)
			}
			for _, part := range c.never {
				require.NotContains(t, text, part)
			}
		})
	}
}

func TestAppStatusChangingIsTrueWhileAnOrderIsOpen(t *testing.T) {
	open := map[string]bool{"RUNNING": true, "AUTO_BATCH_WAIT": true, "APPROVED": true, "READY": true, "WAIT_BATCH_CONFIRM": true, "WAIT_APPROVAL": true}
	for _, order := range appOrderSpellings {
		for _, sub := range appSubSpellings {
			want := open[order.meant] && sub.meant != "RUNNING_BUT_HAS_ERROR"
			require.Equal(t, want, AppStatusChanging(app(withOrder(order.came, yes), withSub(sub.came))), "%q %q", order.came, sub.came)
		}
	}
}
