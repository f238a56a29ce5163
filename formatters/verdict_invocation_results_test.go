package formatters

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

var (
	invocationSpellings = []spelling{
		{"Success", "Success"}, {"SUCCESS ", "Success"}, {"Failed", "Failed"}, {"failed", "Failed"}, {"Invalid", "Invalid"}, {"Aborted", "Aborted"},
		{"Error", "Error"}, {"Timeout", "Timeout"}, {"TIME_OUT", "Timeout"}, {"Cancelled", "Cancelled"}, {"Terminated", "Terminated"},
		{"Pending", "Pending"}, {"Running", "Running"}, {"Stopping", "Stopping"}, {"Scheduled", "Scheduled"},
		{"", ""}, {"Hibernating", odd}, {"Successful", odd}, {"Success Failed", odd},
	}
	recordSpellings = []spelling{
		{"", ""}, {"Running", "Running"}, {"Finished", "Finished"}, {"finished", "Finished"}, {"Failed", "Failed"}, {"Stopped", "Stopped"},
		{"Success", "Success"}, {"PartialFailed", "PartialFailed"}, {"partial_failed", "PartialFailed"}, {"Stopping", "Stopping"}, {"Exploded", odd},
	}
	exitCodes = []*int64{nil, new(int64(0)), new(int64(1)), new(int64(127)), new(int64(137))}
)

// errorCodes is the table of triage.md, section 3: whether the command ran, and
// a part of the remedy. "maybe" also stands for "no, or maybe" where the row
// cannot tell.
var errorCodes = map[string]struct{ ran, remedy string }{
	"": {"", ""},

	"InstanceNotRunning":   {"no", "Start the instance"},
	"InstanceNotExists":    {"unknown", "region"},
	"InstanceReleased":     {"unknown", "Nothing to mend on the host"},
	"InstanceDeregistered": {"unknown", "Register"},
	"InstanceRestarted":    {"maybe", "Verify"},
	"ClientRestarted":      {"maybe", "Verify"},
	"ClientNotRunning":     {"no", "systemctl start aliyun.service"},
	"ClientNotOnline":      {"no", "Restart the agent"},
	"ClientNetworkBlocked": {
		"no", "curl https://cn-hangzhou.axt.aliyun.com/luban/api/instance/instance-id",
	},
	"SecurityGroupRuleDenied": {"no", "egress"},
	"ClientNotResponse":       {"unknown", "aliyun_assist_main.log"},
	"ClientIsUpgrading":       {"no", "Wait"},
	"ClientNeedUpgrade":       {"no", "Upgrade the agent to the version"},
	"DeliveryTimeout":         {"no", "Run the command again"},
	"ExecutionTimeout":        {"yes", "raise Timeout"},
	"ExecutionException":      {"maybe", "Read the error info"},
	"ExecutionInterrupted":    {"yes", "Verify the state"},
	"ExitCodeNonzero":         {"yes", ""},
	"ExitCodeNonZero":         {"yes", ""},
	"exitcodenonzero":         {"yes", ""},
	"CommandNotApplicable":    {"no", "Shell commands on Linux"},

	"AccountNotExists":                    {"no", "Create the user or choose another"},
	"UserOrPasswordInvalid":               {"no", "Windows password parameter"},
	"QueryParameterStoreFailed":           {"no", "RAM role"},
	"InstanceRoleInvalid":                 {"no", "RAM role"},
	"DirectoryNotExists":                  {"no", "WorkingDir"},
	"DefaultWorkingDirectoryNotAvailable": {"no", "WorkingDir"},
	"InvalidCommandText":                  {"no", "content"},
	"CommandContentDecodeError":           {"no", "encoding"},
	"InvalidSystemBuiltInParameter":       {"no", "ACS::"},
	"BadCronExpression":                   {"no", "schedule"},
	"CronExpressionExpired":               {"no", "schedule"},
	"InvalidRateExpression":               {"no", "schedule"},
	"InvalidAtExpression":                 {"no", "schedule"},
	"AtExpressionExpired":                 {"no", "schedule"},
	"InvalidGMTOffset":                    {"no", "schedule"},
	"InvalidGMTOffsetMinute":              {"no", "schedule"},
	"TimezoneInformationCorrupt":          {"no", "schedule"},
	"RateFrequencyTooLarge":               {"no", "schedule"},
	"ContainerNotFound":                   {"no", "list-containers --source cri --all"},
	"ContainerStateAbnormal":              {"no", "list-containers --source cri --all"},
	"ContainerConnectFailed":              {"no", "list-containers --source cri --all"},
	"ContainerNameDuplicated":             {"no", "list-containers --source cri --all"},
	"ContainerNameAndIdNotMatch":          {"no", "list-containers --source cri --all"},
	"InvalidContainerId":                  {"no", "list-containers --source cri --all"},
	"InvalidContainerName":                {"no", "list-containers --source cri --all"},
	"UnsupportedContainerRuntime":         {"no", "list-containers --source cri --all"},
	"TerminationException":                {"-", "Stop the invocation again"},
	"MoonPhaseWrong":                      {"unknown", ""},
	"ContainerOnTheMoon":                  {"unknown", ""},
}

var (
	endedBadly = []string{"Failed", "Invalid", "Aborted", "Error", "Timeout", "Cancelled", "Terminated"}
	goesOnYet  = []string{"Pending", "Running", "Stopping", "Scheduled"}
)

// resultVerdict is triage.md, section 3 with rules 1.5 and 1.6 and the settled
// row on Success.
func resultVerdict(status, record, errorCode string, exitCode *int64) Verdict {
	bad := exitCode != nil && *exitCode != 0 || errorCode != "" || record == "Failed"
	switch {
	case status == "Success" && (bad || record == "Running" || record == odd):
		return Unknown
	case status == "Success":
		return OK
	case oneOf(status, endedBadly...), bad:
		return Failed
	case oneOf(status, goesOnYet...) && record != odd:
		return InProgress
	default:
		return Unknown
	}
}

// resultRerun is triage.md, section 9; where a status is not known, or a field
// shows that the command ran, the more careful reading.
func resultRerun(status, errorCode string, exitCode *int64) Rerun {
	careful := map[Rerun]int{"safe": 1, "check_first": 2, "unknown": 3}
	worst := Rerun("safe")
	take := func(r Rerun) {
		if careful[r] > careful[worst] {
			worst = r
		}
	}
	switch status {
	case "Pending", "Invalid", "Aborted", "Cancelled":
	case "Failed", "Timeout", "Error", "Terminated", "Running", "Stopping", "Scheduled":
		take("check_first")
	default:
		take("unknown")
	}
	switch errorCodes[errorCode].ran {
	case "yes", "maybe":
		take("check_first")
	case "unknown":
		take("unknown")
	}
	if exitCode != nil {
		take("check_first")
	}
	return worst
}

func resultContradicts(status, record, errorCode string, exitCode *int64) bool {
	zero := exitCode != nil && *exitCode == 0
	bad := exitCode != nil && *exitCode != 0
	ran := errorCodes[errorCode].ran
	switch {
	case status == "Success":
		return bad || errorCode != "" || record == "Running" || record == "Failed"
	case oneOf(status, goesOnYet...):
		stopFailed := errorCode == "TerminationException" && !bad && record != "Failed"
		return bad || errorCode != "" && !stopFailed || oneOf(record, "Finished", "Failed", "Stopped", "Success", "PartialFailed")
	case oneOf(status, endedBadly...):
		never := oneOf(status, "Invalid", "Aborted", "Cancelled")
		return zero || never && (bad || ran == "yes") || oneOf(status, "Failed", "Timeout", "Terminated") && ran == "no" || oneOf(record, "Running", "Success")
	default:
		return false
	}
}

func TestInvocationVerdictForEveryCombination(t *testing.T) {
	t.Parallel()
	n := 0
	for _, s := range invocationSpellings {
		for _, record := range recordSpellings {
			for errorCode := range errorCodes {
				for _, exitCode := range exitCodes {
					n++
					in := ran(status(s.came, record.came), exit(exitCode), code(errorCode, ""), output(""))
					r := testLock.InvocationResults(page(in))
					about := []any{"%q %q %q %v: %q", s.came, record.came, errorCode, exitCode, r.Reasons}
					want := resultVerdict(s.meant, record.meant, errorCode, exitCode)
					require.Equal(t, want, r.Verdict, about...)
					require.Equal(t, want, r.Items[0].Verdict, about...)
					checkJudgement(t, r)
					require.NotEmpty(t, r.Reasons)
					rerun := Rerun("")
					if want == Failed {
						rerun = resultRerun(s.meant, errorCode, exitCode)
					}
					require.Equal(t, rerun, r.Rerun, about...)
					require.Equal(t, resultContradicts(s.meant, record.meant, errorCode, exitCode), namesContradiction(r), about...)
					reasons := strings.Join(r.Reasons, "\n")
					for _, f := range []spelling{s, record} {
						if f.meant == odd {
							require.Contains(t, reasons, f.came, "the raw value is a reason")
						}
					}
					if errorCode != "" {
						require.Contains(t, reasons, errorCode)
					}
					if want == Failed {
						require.Contains(t, strings.Join(r.NextSteps, "\n"), errorCodes[errorCode].remedy, about...)
					}
				}
			}
		}
	}
	require.Equal(t, len(invocationSpellings)*len(recordSpellings)*len(errorCodes)*len(exitCodes), n)
}

func TestEveryErrorCodeOfTheTableIsKnown(t *testing.T) {
	for errorCode, row := range errorCodes {
		if errorCode == "" {
			continue
		}
		known := lookUpFailure(errorCode)
		want := map[string]Rerun{"no": "safe", "maybe": "check_first", "yes": "check_first", "unknown": "unknown", "-": ""}[row.ran]
		require.Equal(t, want, known.ran.rerun(), errorCode)
	}
	for _, f := range commandFailures {
		prefix := strings.TrimSuffix(f.code, "*")
		require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(errorCodes)), func(c string) bool { return strings.HasPrefix(c, prefix) }),
			"%s was added: add it to the test's table too", f.code)
	}
}

func TestExitCodesHaveTheirShellMeaning(t *testing.T) {
	for exitCode, part := range map[int64]string{126: "not executable", 127: "not found", 130: "SIGINT", 137: "out of memory", 143: "SIGTERM"} {
		r := testLock.InvocationResults(page(ran(failedWith(exitCode, "")...)))
		require.Contains(t, strings.Join(r.Reasons, "\n"), part)
	}
}

// TestInvocationAsAWhole: any failed item makes it failed, else unknown, else
// in progress, else ok; what was not read is never called ok.
func TestInvocationAsAWhole(t *testing.T) {
	of := map[string]cloudapi.InvocationResult{
		"failed":      ran(failedWith(1, "")...),
		"unknown":     ran(status("Hibernating", "")),
		"in_progress": ran(status("Running", "Running"), unended),
		"ok":          ran(),
	}
	order := []string{"failed", "unknown", "in_progress", "ok"}
	for mask := 1; mask < 16; mask++ {
		for _, token := range []string{"", "AAAAAdDWBF2"} {
			in := page()
			in.NextToken = token
			want := ""
			for i := range order {
				which := order[len(order)-1-i] // the worst comes last
				if mask&(1<<i) != 0 {
					x := of[which]
					x.InstanceID = cloudapi.InstanceID("i-" + which)
					in.Results = append(in.Results, x)
					want = which
				}
			}
			if want == "ok" && token != "" {
				want = "unknown"
			}
			r := testLock.InvocationResults(in)
			checkReport(t, r, false)
			require.Equal(t, Verdict(want), r.Verdict)
			require.Equal(t, want == "failed", r.Rerun != "")
			require.Len(t, r.Items, len(in.Results))
			last := 5
			for _, item := range r.Items {
				require.LessOrEqual(t, item.Verdict.severity(), last, "failures first, then unknown, running, ok")
				last = item.Verdict.severity()
			}
			require.Equal(t, token != "", strings.Contains(strings.Join(r.NextSteps, "\n"), "next_token"))
			if token != "" {
				require.Contains(t, r.Headline, "the first ")
				require.Nil(t, r.Facts.Get("total"))
			} else {
				require.Equal(t, int64(len(in.Results)), r.Facts.Get("total"))
			}
		}
	}
}

func TestRerunOfSeveralIsTheMostCareful(t *testing.T) {
	of := func(changes ...resultChange) cloudapi.InvocationResult {
		return ran(append([]resultChange{neverBegan}, changes...)...)
	}
	safe := of(status("Aborted", "Failed"), code("ClientNotOnline", ""))
	check := ran(failedWith(1, "")...)
	unknown := of(status("Aborted", "Failed"), code("ClientNotResponse", ""))
	for _, c := range []struct {
		list []cloudapi.InvocationResult
		want Rerun
	}{
		{[]cloudapi.InvocationResult{safe}, "safe"},
		{[]cloudapi.InvocationResult{safe, check}, "check_first"},
		{[]cloudapi.InvocationResult{unknown, safe, check}, "unknown"},
		{[]cloudapi.InvocationResult{safe, ran(), ran(status("Running", ""), unended)}, "safe"}, // it speaks of what failed alone
	} {
		require.Equal(t, c.want, testLock.InvocationResults(page(c.list...)).Rerun)
	}
}

func TestEqualResultsAreOneGroup(t *testing.T) {
	same := fleet(47, func(i int, x *cloudapi.InvocationResult) {
		x.Output = printed("host " + string(x.InstanceID) + " pid 12" + strings.Repeat("3", i%5) + "\r\n  done\t\n")
	})
	blocked := fleet(2, func(i int, x *cloudapi.InvocationResult) {
		neverBegan(x)
		x.InstanceID += "b"
		status("Aborted", []string{"Failed", "Finished"}[i])(x) // the record's status is coarse and tells no group apart
		code([]string{"ClientNetworkBlocked", "clientnetworkblocked"}[i], "")(x)
	})
	other := ran(on("i-other"), output("another text"))
	r := testLock.InvocationResults(page(append(append(same, blocked...), other)...))
	require.Equal(t, Failed, r.Verdict)
	require.Equal(t, []string{"2 instances", "i-other", "47 instances"}, []string{r.Items[0].Name, r.Items[1].Name, r.Items[2].Name})
	require.Contains(t, r.Items[1].Text, `its output differs from that of 47 others first in line 1: "another text"`)
	require.Contains(t, strings.Join(r.Reasons, "\n"), "i-other Success: ended with exit code 0; the output differs from that of 47 others")
	require.Contains(t, r.Notes[0], "counted: 2 failed + 48 ok = 50 results, in 3 groups")
	require.Len(t, r.Items[2].Facts.Get("instance_ids"), 40)
	require.Nil(t, r.Items[0].Facts.Get("invoke_record_status"), "what differs within a group is not told of it")
	require.Equal(t, Facts{{"Success", int64(48)}, {"Aborted", int64(2)}}, r.Facts.Get("status_counts"))
}

func TestStatusCountsAddUp(t *testing.T) {
	in := fleet(200, func(i int, x *cloudapi.InvocationResult) { x.InvocationStatus = strings.Repeat("x", 1+i%40) })
	r := testLock.InvocationResults(page(in...))
	var sum int64
	for _, f := range r.Facts.Get("status_counts").(Facts) {
		sum += f.Value.(int64)
	}
	require.Equal(t, int64(200), sum)
}

func TestInvocationTimes(t *testing.T) {
	for _, c := range []struct {
		fact  string
		in    []resultChange
		text  string
		facts any
	}{
		{"equal times mean under a second", []resultChange{took(0)}, "took less than 1s", nil},
		{"a time that is not set gives no duration", []resultChange{neverBegan, exit(new(int64(0)))}, "", nil},
		{"running counts to the time of the answer", []resultChange{status("Running", ""), unended}, "so far 6m0s", nil},
		{"a clock that went back gives no duration", []resultChange{took(-60e9)}, "", nil},
		{"ended", nil, "took 4s", int64(4000)},
	} {
		t.Run(c.fact, func(t *testing.T) {
			item := testLock.InvocationResults(page(ran(c.in...))).Items[0]
			if c.text == "" {
				require.NotContains(t, item.Text, "took")
			}
			require.Contains(t, item.Text, c.text)
			require.Equal(t, c.facts, item.Facts.Get("duration_ms"))
		})
	}
}

func TestAnEmptyListNamesItsFiveReasonsInOrder(t *testing.T) {
	r := testLock.InvocationResults(page())
	require.Equal(t, Unknown, r.Verdict)
	text := strings.Join(r.Reasons, "\n")
	last := -1
	for _, part := range []string{"region is wrong", "id is wrong", "2 weeks to 30 days", "filter", "permission"} {
		at := strings.Index(text, part)
		require.Greater(t, at, last, part)
		last = at
	}
}

func TestALongNextTokenIsGivenBackWhole(t *testing.T) {
	in := page(ran())
	in.NextToken = strings.Repeat("Ab1-_+/=", 120)
	require.Equal(t, in.NextToken, testLock.InvocationResults(in).Facts.Get("next_token"))
}

func TestInvocationResultsChangingIsTrueWhileSomethingMoves(t *testing.T) {
	for _, s := range invocationSpellings {
		want := oneOf(s.meant, "Pending", "Running", "Stopping") // a periodic command that waits is not waited for
		require.Equal(t, want, InvocationResultsChanging(page(ran(), ran(status(s.came, "")))), s.came)
	}
}
