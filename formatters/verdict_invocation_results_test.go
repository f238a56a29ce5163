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
// the exact things that mend it, a command or a setting by its name. "unknown"
// also stands for "no, or maybe" where the row cannot tell.
var errorCodes = map[string]struct {
	ran   string
	exact []string
}{
	"": {"", nil},

	"InstanceNotRunning":   {"no", []string{"`aliyun ecs StartInstance --region cn-hangzhou --InstanceId " + string(host1) + "`", "DescribeInstanceStatus"}},
	"InstanceNotExists":    {"maybe", []string{"region", `DescribeInstances --region cn-hangzhou --InstanceIds '["` + string(host1) + `"]'`}},
	"InstanceReleased":     {"maybe", []string{"Nothing to mend on the host", "DeleteInstance"}},
	"InstanceDeregistered": {"maybe", []string{"CreateActivation", "`aliyun-service --register --RegionId cn-hangzhou"}},
	"InstanceRestarted":    {"maybe", []string{"Verify", "`uptime -s`"}},
	"ClientRestarted":      {"maybe", []string{"Verify", "`systemctl status aliyun.service`"}},
	"ClientNotRunning":     {"no", []string{"`systemctl start aliyun.service`", "`net start AliyunService`", "Aliyun Assist Service", "InstallCloudAssistant"}},
	"ClientNotOnline":      {"no", []string{"`systemctl restart aliyun.service`", "`net stop AliyunService`", "DescribeCloudAssistantStatus"}},
	"ClientNetworkBlocked": {"no", []string{
		"`curl https://cn-hangzhou.axt.aliyun.com/luban/api/instance/instance-id`", "TCP 443 and 80 and UDP 53", "100.100.100.200", "AuthorizeSecurityGroupEgress",
	}},
	"SecurityGroupRuleDenied": {"no", []string{"error info", "egress", "`aliyun ecs AuthorizeSecurityGroupEgress --region cn-hangzhou", "DestCidrIp", "Priority"}},
	"ClientNotResponse":       {"unknown", []string{"`grep " + testInvoke + " ", "aliyun_assist_main.log", "never arrived"}},
	"ClientIsUpgrading":       {"no", []string{"Wait", "`aliyun-service -v`"}},
	"ClientNeedUpgrade":       {"no", []string{"the version that the error info names", "`rpm -ivh --force aliyun_assist_latest.rpm`"}},
	"DeliveryTimeout":         {"no", []string{"Run the command again", "RunCommand", "never sent"}},
	"ExecutionTimeout":        {"yes", []string{"raise Timeout of RunCommand or InvokeCommand"}},
	"ExecutionException":      {"maybe", []string{"Read the error info", "`df -h; df -i`", "`ls -l /bin/sh /bin/bash`"}},
	"ExecutionInterrupted":    {"yes", []string{"Verify the state", "`grep " + testInvoke + " "}},
	"ExitCodeNonzero":         {"yes", nil},
	"ExitCodeNonZero":         {"yes", nil},
	"exitcodenonzero":         {"yes", nil},
	"CommandNotApplicable":    {"no", []string{"RunShellScript on Linux", "RunBatScript or RunPowerShellScript on Windows"}},

	"AccountNotExists":                    {"no", []string{"Username", "`id <Username>`", "`useradd -m <Username>`"}},
	"UserOrPasswordInvalid":               {"no", []string{"Username", "WindowsPasswordName"}},
	"QueryParameterStoreFailed":           {"no", []string{"`aliyun oos GetParameter --region cn-hangzhou --Name <name>`", "RAM role", "kms:GetSecretValue"}},
	"InstanceRoleInvalid":                 {"no", []string{"RAM role", "`aliyun ecs AttachInstanceRamRole --region cn-hangzhou"}},
	"DirectoryNotExists":                  {"no", []string{"WorkingDir", "`mkdir -p <directory>`"}},
	"DefaultWorkingDirectoryNotAvailable": {"no", []string{"WorkingDir", "`ls -ld ~<Username>`"}},
	"InvalidCommandText":                  {"no", []string{"CommandContent", "ContentEncoding"}},
	"CommandContentDecodeError":           {"no", []string{"`base64 -w0 <script>`", "ContentEncoding"}},
	"InvalidSystemBuiltInParameter":       {"no", []string{"{{ACS::InstanceId}}"}},
	"BadCronExpression":                   {"no", []string{"Frequency", "`0 */20 * * * *`"}},
	"CronExpressionExpired":               {"no", []string{"Frequency", "year"}},
	"InvalidRateExpression":               {"no", []string{"Frequency", "`rate(5m)`"}},
	"InvalidAtExpression":                 {"no", []string{"Frequency", "`at("}},
	"AtExpressionExpired":                 {"no", []string{"Frequency", "`at("}},
	"InvalidGMTOffset":                    {"no", []string{"Frequency", "`GMT+8:00`"}},
	"InvalidGMTOffsetMinute":              {"no", []string{"Frequency", "`GMT+8:00`"}},
	"TimezoneInformationCorrupt":          {"no", []string{"Frequency", "/etc/localtime"}},
	"RateFrequencyTooLarge":               {"no", []string{"Frequency", "60 seconds and 7 days"}},
	"ContainerNotFound":                   {"no", []string{theContainers, "ContainerId or ContainerName"}},
	"ContainerStateAbnormal":              {"no", []string{theContainers, "start the container"}},
	"ContainerConnectFailed":              {"no", []string{theContainers, "`systemctl status containerd docker`"}},
	"ContainerNameDuplicated":             {"no", []string{theContainers, "by ContainerId"}},
	"ContainerNameAndIdNotMatch":          {"no", []string{theContainers, "of the same one"}},
	"InvalidContainerId":                  {"no", []string{theContainers, "ContainerId and ContainerName"}},
	"InvalidContainerName":                {"no", []string{theContainers, "ContainerId and ContainerName"}},
	"UnsupportedContainerRuntime":         {"no", []string{theContainers, "on the host itself"}},
	"TerminationException":                {"-", []string{"`aliyun ecs StopInvocation --region cn-hangzhou --InvokeId " + testInvoke + " --InstanceId.1 " + string(host1) + "`"}},
	"MoonPhaseWrong":                      {"unknown", nil},
	"ContainerOnTheMoon":                  {"unknown", nil},
}

const theContainers = "`aliyun-service list-containers --source cri --all`"

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

// resultRerun is triage.md, section 9; where a status is not known, fields
// contradict each other, or one shows that the command ran, the more careful
// reading.
func resultRerun(status, record, errorCode string, exitCode *int64) Rerun {
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
	stopFailed := errorCode == "TerminationException" && oneOf(status, goesOnYet...) // it may still run
	if exitCode != nil || stopFailed || resultContradicts(status, record, errorCode, exitCode) {
		take("check_first")
	}
	return worst
}

func TestWhatPrintedHasRun(t *testing.T) {
	for _, s := range []string{"Aborted", "Cancelled", "Invalid"} {
		in := ran(neverBegan, status(s, "Failed"))
		require.Equal(t, RerunSafe, testLock.InvocationResults(page(in)).Rerun, s)
		in.Output = printed("step 1 done\n")
		require.Equal(t, CheckFirst, testLock.InvocationResults(page(in)).Rerun, s)
	}
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
						rerun = resultRerun(s.meant, record.meant, errorCode, exitCode)
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
						steps := strings.Join(r.NextSteps, "\n")
						for _, part := range errorCodes[errorCode].exact {
							require.Contains(t, steps, part, about...)
						}
					}
				}
			}
		}
	}
	require.Equal(t, len(invocationSpellings)*len(recordSpellings)*len(errorCodes)*len(exitCodes), n)
}

// TestARunOfAPeriodicCommand: its record goes on while each of its runs ends.
func TestARunOfAPeriodicCommand(t *testing.T) {
	third := func(x *cloudapi.InvocationResult) { x.Repeats = 3 }
	for _, c := range []struct {
		fact string
		in   cloudapi.InvocationResults
		want Verdict
		says string
	}{
		{"the third run has ended well, the record goes on", page(ran(third, status("Success", "Running"))), OK, "the command is periodic and will run again"},
		{"so says another spelling of it", page(ran(third, status("Success", "Scheduled"))), OK, "will run again"},
		{"the schedule has ended", page(ran(third, status("Success", "Finished"))), OK, "ended with exit code 0"},
		{"the first run of a history", cloudapi.InvocationResults{History: true, Results: []cloudapi.InvocationResult{ran(status("Success", "Running"))}}, OK, "will run again"},
		{"the third run has failed", page(ran(append(failedWith(1, "no space"), third, status("Failed", "Running"))...)), Failed, "exit code 1"},
		{"an exit code contradicts it still", page(ran(third, status("Success", "Running"), exit(new(int64(2))))), Unknown, "fields disagree"},
		{"a failed record does, too", page(ran(third, status("Success", "Failed"))), Unknown, "fields disagree"},
		{"a command that runs once has ended, or goes on", page(ran(status("Success", "Running"))), Unknown, "fields disagree"},
	} {
		r := testLock.InvocationResults(c.in)
		reasons := strings.Join(r.Reasons, "\n")
		require.Equal(t, c.want, r.Verdict, c.fact)
		require.Contains(t, reasons, c.says, c.fact)
		if c.want != Unknown {
			require.False(t, namesContradiction(r), "%s: %s", c.fact, reasons)
		}
	}
}

// TestSuccessWhoseOutputSpeaksOfTrouble: the exit code of a script is that of its
// last command.
func TestSuccessWhoseOutputSpeaksOfTrouble(t *testing.T) {
	troubled := output("Get-Service\n服务 W3SVC 已经停止，重新启动失败：拒绝访问\n")
	for _, c := range []struct {
		fact            string
		in              cloudapi.InvocationResults
		headline, holds string
	}{
		{"alone", page(ran(troubled)), "succeeded on " + string(host1) + ", but its output speaks of trouble first in line 2", "ended with exit code 0; but its output speaks of trouble first in line 2"},
		{"one of two", page(ran(), ran(on(host2), troubled)), "all 2 instances succeeded, but the output of 1 speaks of trouble", "the output of 1 of them speaks of trouble"},
		{"all of them", page(ran(troubled), ran(on(host2), troubled)), "all 2 instances succeeded, but the output of 2 speaks of trouble", "but its output speaks of trouble first in line 2"},
		{"beside one that failed", page(ran(troubled), ran(append(failedWith(1, "no"), on(host2))...)), "1 of 2 instances failed", "but its output speaks of trouble first in line 2"},
		{"one of a hundred different outputs", page(fleet(100, func(i int, x *cloudapi.InvocationResult) {
			x.Output = printed(strings.Repeat(string(rune('a'+i%26)), 200+i))
			if i == 99 {
				x.Output = printed(strings.Repeat("z", 900) + "\nfatal: gone")
			}
		})...), "all 100 instances succeeded, but the output of 1 speaks of trouble", "the output of 1 of them speaks of trouble"},
	} {
		r := testLock.InvocationResults(c.in)
		require.Contains(t, r.Headline, c.headline, c.fact)
		require.Contains(t, strings.Join(r.Reasons, "\n"), c.holds, c.fact)
		require.Contains(t, r.NextSteps, readTrouble, c.fact)
		if c.fact != "beside one that failed" {
			require.Equal(t, OK, r.Verdict, c.fact)
		}
	}
	quiet := testLock.InvocationResults(page(ran(output("0 errors\nno error\n未发现错误\n"))))
	require.Equal(t, "Invocation "+testInvoke+": succeeded on "+string(host1), quiet.Headline)
	require.Empty(t, quiet.NextSteps)
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

// TestEveryFailureSaysWhatMendsIt walks the code's own table: no row may be vague.
func TestEveryFailureSaysWhatMendsIt(t *testing.T) {
	ranWords := []didRun{ranNot, ranMaybe, ranYes, ranUnknown, ranNoWord}
	for _, f := range commandFailures {
		require.Contains(t, ranWords, f.ran, f.code)
		if f.code == "ExitCodeNonzero" { // the exit code is the cause, and has its own step
			require.Empty(t, f.steps)
			continue
		}
		require.NotEmpty(t, f.cause, f.code)
		require.NotEmpty(t, f.steps, f.code)
		require.NotEmpty(t, errorCodes[strings.TrimSuffix(strings.ReplaceAll(f.code, "Container*", "ContainerId"), "*")].exact, "%s: name the exact things in the test's table", f.code)
		checkSteps(t, f.code, f.steps)
	}
	for status, steps := range statusSteps {
		checkSteps(t, status, steps)
	}
	for exitCode := int64(-10); exitCode < 300; exitCode++ {
		checkSteps(t, "exit", []string{lookUpExit(exitCode).step})
	}
}

// checkSteps: short enough for a tired person, and a placeholder for nothing that
// is not explained by its name.
func checkSteps(t *testing.T, about string, steps []string) {
	t.Helper()
	for _, step := range steps {
		require.LessOrEqual(t, len(step), 300, "%s: %s", about, step)
		require.Zero(t, strings.Count(step, "`")%2, "%s: a command that does not end: %s", about, step)
		require.NotContains(t, step, "\n", about)
	}
}

func TestPlaceholdersAreFilledWithIDsAlone(t *testing.T) {
	const step = "`do --region <region> --id <InstanceId> --invoke <InvokeId>`"
	for _, c := range []struct{ fact, region, invoke, instance, want string }{
		{"all known", "cn-hangzhou", "t-1", "i-1", "`do --region cn-hangzhou --id i-1 --invoke t-1`"},
		{"nothing known", "", "", "", step},
		{"what a shell would obey stays out", "cn-hangzhou; rm", "t-1`id`", "i-1 $(reboot)", step},
		{"an option is no id", "--x", "--force", "-i", step},
		{"a path or a link is no id", "a/b", "https://evil.example", "../i-1", step},
		{"a secret is no id", "cn-hangzhou", "LTAI5tDemoNotARealKey000", "i-1", "`do --region cn-hangzhou --id i-1 --invoke <InvokeId>`"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			require.Equal(t, c.want, fillIn(step, c.region, cloudapi.InvokeID(c.invoke), cloudapi.InstanceID(c.instance)))
		})
	}
}

func TestOfSeveralInstancesNoneIsNamedInACommand(t *testing.T) {
	stopped := fleet(3, func(_ int, x *cloudapi.InvocationResult) {
		neverBegan(x)
		status("Aborted", "Failed")(x)
		code("InstanceNotRunning", "")(x)
	})
	steps := strings.Join(testLock.InvocationResults(page(stopped...)).NextSteps, "\n")
	require.Contains(t, steps, "StartInstance --region cn-hangzhou --InstanceId <InstanceId>")
}

func TestExitCodesHaveTheirMeaningByConvention(t *testing.T) {
	for exitCode, want := range map[int64]struct{ why, step string }{
		1:           {"", "last lines of the output"},
		124:         {"timeout(1)", "raise that limit"},
		126:         {"by convention of shells: found, but not executable", "`chmod +x <file>`"},
		127:         {"by convention of shells: command not found", "`command -v <command>`"},
		128:         {"", "last lines of the output"},
		129:         {"signal 1, SIGHUP", "what sent the signal"},
		130:         {"signal 2, SIGINT", "interrupted it"},
		134:         {"signal 6, SIGABRT", "`coredumpctl list`"},
		135:         {"signal 7, SIGBUS", "`df -h; dmesg"},
		136:         {"signal 8, SIGFPE", "divided by zero"},
		137:         {"by convention of shells: ended by signal 9, SIGKILL: killed, often out of memory", "`dmesg -T | grep -iE 'out of memory|oom'`"},
		139:         {"signal 11, SIGSEGV", "segfault"},
		141:         {"signal 13, SIGPIPE", "`set -o pipefail`"},
		143:         {"signal 15, SIGTERM", "who stopped it"},
		152:         {"signal 24, SIGXCPU", "`ulimit -t`"},
		153:         {"signal 25, SIGXFSZ", "`ulimit -f`"},
		162:         {"by convention of shells: ended by signal 34", "what sent the signal"},
		255:         {"exit -1, or that of ssh", "`ssh -v <host>`"},
		9009:        {"cmd on Windows: command not found", "`where <command>`"},
		-1:          {"0xFFFFFFFF, which is exit -1", "exit -1"},
		3221225786:  {"on Windows 0xC000013A, ended by Ctrl-C", "Ctrl-C"},
		-1073741510: {"on Windows 0xC000013A, ended by Ctrl-C", "Ctrl-C"},
		3221225477:  {"on Windows 0xC0000005, access violation", "event log"},
		-1073741819: {"on Windows 0xC0000005, access violation", "event log"},
		-1073741515: {"on Windows 0xC0000135, a DLL was not found", "runtime"},
		-2147024891: {"on Windows 0x80070005", "HRESULT"},
		1 << 40:     {"", "last lines of the output"},
	} {
		r := testLock.InvocationResults(page(ran(failedWith(exitCode, "")...)))
		require.Contains(t, r.Reasons[0], want.why, exitCode)
		if want.why == "" {
			require.NotContains(t, r.Reasons[0], "(", "%d has no conventional meaning", exitCode)
		}
		require.Contains(t, r.NextSteps[0], want.step, exitCode)
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
	require.Contains(t, r.Items[1].Text, "its output differs from that of 47 others first in line 1")
	require.Contains(t, strings.Join(r.Reasons, "\n"), "48 instances Success: ended with exit code 0; the output of 1 differs from that of the other 47")
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
		{"running counts to the time of the answer", []resultChange{status("Running", ""), unended}, "for 6m0s so far", nil},
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
