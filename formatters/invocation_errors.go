package formatters

import (
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// didRun says whether a command with an ErrorCode has run, and so whether it may
// be run again.
type didRun string

const (
	ranNot     didRun = "no"
	ranMaybe   didRun = "maybe"
	ranYes     didRun = "yes"
	ranUnknown didRun = "unknown"
	ranNoWord  didRun = "" // the code does not speak of the command
)

func (r didRun) rerun() Rerun {
	return map[didRun]Rerun{ranNot: RerunSafe, ranMaybe: CheckFirst, ranYes: CheckFirst, ranUnknown: RerunUnknown}[r]
}

// commandFailure is what an ErrorCode of Cloud Assistant means.
type commandFailure struct {
	code  string // a trailing asterisk matches a prefix
	cause string
	ran   didRun
	steps []string // what mends it, one step each; see fillIn
}

// lookUpFailure ignores case: the vendor spells ExitCodeNonzero in two ways.
func lookUpFailure(code string) commandFailure {
	lower := strings.ToLower(strings.TrimSpace(code))
	for _, f := range commandFailures {
		if matchesCode(strings.ToLower(f.code), lower) {
			return f
		}
	}
	return commandFailure{ran: ranUnknown, cause: "alitriage does not know this error code"}
}

// commandFailures is the table of reference/triage.md, section 3. The text of
// ErrorInfo varies and is never matched.
//
// The commands are the vendor's: for the agent from the pages "install", "start
// and stop" and "view results and fix common problems" of Cloud Assistant, for
// the rest the parameters of RunCommand, AuthorizeSecurityGroupEgress,
// InstallCloudAssistant, DescribeCloudAssistantStatus, AttachInstanceRamRole and
// StopInvocation (Ecs, 2014-05-26).
var commandFailures = []commandFailure{
	{"InstanceNotRunning", "the instance was not running", ranNot, []string{
		"Start the instance: `aliyun ecs StartInstance --region <region> --InstanceId <InstanceId>`.",
		"Run the command again when it is Running: `aliyun ecs DescribeInstanceStatus --region <region> --InstanceId.1 <InstanceId>`.",
	}},
	{"InstanceNotExists", "the instance does not exist or was released", ranMaybe, []string{
		"Check InstanceId and region: `aliyun ecs DescribeInstances --region <region> --InstanceIds '[\"<InstanceId>\"]'`; an empty list there and elsewhere means that it was released, and there is nothing to mend.",
	}},
	{"InstanceReleased", "the instance was released meanwhile", ranMaybe, []string{
		"Nothing to mend on the host: it is gone. If that was not meant, ActionTrail shows who called DeleteInstance.",
	}},
	{"InstanceDeregistered", "the managed instance was deregistered", ranMaybe, []string{
		"If it is still needed, make an activation code (CreateActivation) and register it on the host: `aliyun-service --register --RegionId <region> --ActivationCode <code> --ActivationId <id>`.",
	}},
	{"InstanceRestarted", "the instance restarted while the command ran", ranMaybe, []string{
		"Verify on the host what the command had done before the restart (`uptime -s` shows when that was), then run it again.",
	}},
	{"ClientRestarted", "the Cloud Assistant agent restarted while the command ran", ranMaybe, []string{
		"Verify on the host what the command had done before the agent restarted (`systemctl status aliyun.service` shows when that was), then run it again.",
	}},
	{"ClientNotRunning", "the Cloud Assistant agent is stopped or missing", ranNot, []string{
		"Start the agent on the host. Linux: `systemctl start aliyun.service`, without systemd `/etc/init.d/aliyun-service start`. Windows: `net start AliyunService` (service \"Aliyun Assist Service\"). Then run the command again.",
		"If it is missing: `aliyun ecs InstallCloudAssistant --region <region> --InstanceId.1 <InstanceId>`, which takes effect when the instance is rebooted.",
	}},
	{"ClientNotOnline", "the Cloud Assistant agent is not connected", ranNot, []string{
		"Restart the agent on the host. Linux: `systemctl restart aliyun.service`. Windows: `net stop AliyunService`, then `net start AliyunService`.",
		agentOnline,
	}},
	{"ClientNetworkBlocked", "the agent cannot reach Cloud Assistant", ranNot, []string{
		"Test on the host: `curl https://<region>.axt.aliyun.com/luban/api/instance/instance-id` must print the InstanceId.",
		"If it does not, allow outbound TCP 443 and 80 and UDP 53 (DNS) to <region>.axt.aliyun.com and 100.100.100.200 in the firewall of the host, the routes and the security group.",
		allowEgress,
	}},
	{"SecurityGroupRuleDenied", "a security group forbids the agent's traffic", ranNot, []string{
		"Read in the error info which security group denies which address, and allow that egress there.",
		allowEgress,
		"If a Drop rule denies it, give the new rule a smaller Priority number than that one has (1 goes first; of two equal ones Drop wins).",
	}},
	{"ClientNotResponse", "the agent did not answer", ranUnknown, []string{
		inAgentLog,
		"If it is not there, the command never arrived: run it again, and if that fails too, `systemctl restart aliyun.service`. If it is there, check what it did before you run it again.",
	}},
	{"ClientIsUpgrading", "the agent was upgrading", ranNot, []string{
		"Wait a minute and run the command again; when `aliyun-service -v` answers on the host, the upgrade is over.",
	}},
	{"ClientNeedUpgrade", "the agent is too old", ranNot, []string{
		"Upgrade the agent to the version that the error info names at least; `aliyun-service -v` on the host shows the one it has.",
		"Linux with rpm: `wget https://aliyun-client-assist.oss-accelerate.aliyuncs.com/linux/aliyun_assist_latest.rpm`, then `rpm -ivh --force aliyun_assist_latest.rpm`. Others: the packages beside it. Then run the command again.",
	}},
	{"DeliveryTimeout", "the command was not sent in time", ranNot, []string{
		"Run the command again (RunCommand or InvokeCommand): it was never sent.",
		agentOnline,
	}},
	{"ExecutionTimeout", "its Timeout was over (60 s unless the command sets another)", ranYes, []string{
		"Check on the host what it had done: it was killed part-way.",
		raiseTimeout,
	}},
	{"ExecutionException", "the agent could not start or finish it", ranMaybe, []string{
		"Read the error info and mend what it names: no space (`df -h; df -i`), a script file that exists already, a missing shell or interpreter (`ls -l /bin/sh /bin/bash`).",
		"Check what the command had done, if anything, then run it again.",
	}},
	{"ExecutionInterrupted", "the command was interrupted", ranYes, []string{
		"Verify the state of the host before running it again. " + inAgentLog,
	}},
	{"ExitCodeNonzero", "", ranYes, nil}, // the exit code says it all
	{"CommandNotApplicable", "the command's type does not fit the operating system", ranNot, []string{
		"Set Type of the command to fit the instance: RunShellScript on Linux, RunBatScript or RunPowerShellScript on Windows.",
	}},
	{"AccountNotExists", "the user to run as does not exist", ranNot, []string{
		"Set Username of RunCommand to a user of the host (`id <Username>`), or create it: Linux `useradd -m <Username>`, Windows `net user <Username> * /add`.",
	}},
	{"UserOrPasswordInvalid", "the user name or the password is wrong", ranNot, []string{
		"Correct Username, and on Windows WindowsPasswordName: it names the encrypted parameter in the parameter store of OOS that holds the user's present password.",
	}},
	{"QueryParameterStoreFailed", "a parameter could not be read from the parameter store", ranNot, []string{
		"Check the parameter's name and region: `aliyun oos GetParameter --region <region> --Name <name>`, an encrypted one with GetSecretParameter.",
		"Let the RAM role of the instance read it: oos:GetParameter and oos:GetParameters, for an encrypted one oos:GetSecretParameter, oos:GetSecretParameters and kms:GetSecretValue too.",
	}},
	{"InstanceRoleInvalid", "the RAM role of the instance is missing or not enough", ranNot, []string{
		"Attach a RAM role that trusts ecs.aliyuncs.com: `aliyun ecs AttachInstanceRamRole --region <region> --InstanceIds '[\"<InstanceId>\"]' --RamRoleName <role>`.",
		"Let it read the parameters: oos:GetParameter and oos:GetParameters, for encrypted ones oos:GetSecretParameter, oos:GetSecretParameters and kms:GetSecretValue too.",
	}},
	{"DirectoryNotExists", "the working directory does not exist", ranNot, []string{
		"Create the directory on the host (`mkdir -p <directory>`), or set WorkingDir of RunCommand or CreateCommand to one that exists.",
	}},
	{"DefaultWorkingDirectoryNotAvailable", "the default working directory cannot be used", ranNot, []string{
		"Set WorkingDir of RunCommand or CreateCommand, or mend the home directory of the user that it runs as: `ls -ld ~<Username>`; for root that is /root.",
	}},
	{"InvalidCommandText", "the command text is not valid", ranNot, []string{
		"Correct CommandContent: it is empty, or not what ContentEncoding (PlainText or Base64) says that it is.",
	}},
	{"CommandContentDecodeError", "the command text could not be decoded", ranNot, []string{
		"Send CommandContent as `base64 -w0 <script>` prints it with ContentEncoding Base64, or as it is with ContentEncoding PlainText.",
	}},
	{"InvalidSystemBuiltInParameter", "an ACS:: parameter is not valid", ranNot, []string{
		"Correct the name of the built-in parameter: {{ACS::RegionId}}, {{ACS::AccountId}}, {{ACS::InstanceId}}, {{ACS::InstanceName}}, {{ACS::InvokeId}} and {{ACS::CommandId}} exist.",
	}},
	{"BadCronExpression", "the schedule is not valid", ranNot, []string{
		"Correct Frequency: six fields for second, minute, hour, day, month and weekday, such as `0 */20 * * * *`; then run the command again.",
	}},
	{"CronExpressionExpired", "the schedule is over", ranNot, []string{
		"Set Frequency to a schedule that still has a time to come: the year in this one has passed.",
	}},
	{"InvalidRateExpression", "the schedule is not valid", ranNot, []string{
		"Correct Frequency: a number and a unit (s, m, h or d), such as `rate(5m)`; then run the command again.",
	}},
	{"InvalidAtExpression", "the schedule is not valid", ranNot, []string{
		"Correct Frequency: one date, time and zone, such as `at(2026-12-31 23:30:00 Asia/Shanghai)`; then run the command again.",
	}},
	{"AtExpressionExpired", "the schedule is over", ranNot, []string{
		"Set Frequency to a time to come, such as `at(2026-12-31 23:30:00 Asia/Shanghai)`, with the time zone that you mean.",
	}},
	{"InvalidGMTOffset*", "the schedule's time zone is not valid", ranNot, []string{
		"Correct the time zone in Frequency: `GMT+8:00`, without a zero before the hour, or better a name such as `Asia/Shanghai`.",
	}},
	{"TimezoneInformationCorrupt", "the host's data on time zones cannot be read", ranNot, []string{
		"Mend the time zone of the host (`ls -l /etc/localtime /usr/share/zoneinfo`; the package is tzdata), or name another one in Frequency, such as `GMT+8:00`.",
	}},
	{"RateFrequencyTooLarge", "the schedule's interval is too large", ranNot, []string{
		"Set Frequency to an interval between 60 seconds and 7 days, such as `rate(1d)`; for longer ones use a cron expression.",
	}},
	{"ContainerNotFound", "the container does not exist", ranNot, []string{listContainers + "; correct ContainerId or ContainerName, or start the container on this host."}},
	{"ContainerStateAbnormal", "the container is not running", ranNot, []string{listContainers + "; start the container, or name one that runs."}},
	{"ContainerConnectFailed", "the container could not be connected to", ranNot, []string{listContainers + "; check its runtime (`systemctl status containerd docker`) and run the command again."}},
	{"ContainerNameDuplicated", "several containers have this name", ranNot, []string{listContainers + "; name the one that you mean by ContainerId."}},
	{"ContainerNameAndIdNotMatch", "the container's name and id are of two containers", ranNot, []string{listContainers + "; give ContainerId and ContainerName of the same one, or ContainerId alone."}},
	{"InvalidContainer*", "the container parameters are not valid", ranNot, []string{listContainers + "; copy ContainerId and ContainerName from there."}},
	{"UnsupportedContainerRuntime", "the container runtime is not supported", ranNot, []string{listContainers + "; what is not listed there runs in a runtime that Cloud Assistant does not reach: run the command on the host itself."}},
	{terminationException, "the stop itself failed", ranNoWord, []string{
		"Stop the invocation again: `aliyun ecs StopInvocation --region <region> --InvokeId <InvokeId> --InstanceId.1 <InstanceId>`.",
	}},
}

const (
	terminationException = "TerminationException"

	agentOnline = "See that the agent is online before you run the command again: `aliyun ecs DescribeCloudAssistantStatus --region <region> --InstanceId.1 <InstanceId>` (CloudAssistantStatus must be true)."
	allowEgress = "`aliyun ecs AuthorizeSecurityGroupEgress --region <region> --SecurityGroupId <SecurityGroupId> --Permissions.1.IpProtocol TCP --Permissions.1.PortRange 443/443 --Permissions.1.DestCidrIp <address>/32 --Permissions.1.Policy accept` allows one address and port."
	inAgentLog  = "Look for the InvokeId on the host: `grep <InvokeId> /usr/local/share/aliyun-assist/*/log/aliyun_assist_main.log` (Windows: log\\aliyun_assist_main.log of the agent's version under C:\\ProgramData\\aliyun\\assist)."

	raiseTimeout   = "Then raise Timeout of RunCommand or InvokeCommand (seconds; 60 unless set), and run it again."
	listContainers = "See on the host which containers there are: `aliyun-service list-containers --source cri --all`"
	runAgain       = "Check what it had done before you run it again."
)

// statusSteps are for a status without a code that says more.
var statusSteps = map[string][]string{
	"INVALID": {"Correct Type, CommandContent and the parameters of the command (RunCommand or CreateCommand), then run it again."},
	"ABORTED": {
		"The instance must run, and the command reach it within 1 minute: `aliyun ecs DescribeInstanceStatus --region <region> --InstanceId.1 <InstanceId>` must say Running.",
		agentOnline,
	},
	"CANCELLED": {"Run the command again (InvokeCommand) if it is still needed: it was cancelled before it started."},
	"ERROR":     {"Read the error info and check the host (`df -h; df -i`).", inAgentLog, runAgain},
	"TIMEOUT":   {"Check on the host what it had done: it was killed part-way.", raiseTimeout},
	"TERMINATED": {
		"Someone stopped it while it ran (ActionTrail shows who called StopInvocation). " + runAgain,
	},
	"FAILED": {"Read the last lines of the output, mend what the script complains of, and check what it had done before you run it again."},
}

// fillIn puts what is known into the placeholders of a step. What comes from the
// cloud is put there only when it cannot be anything but an id: the step may be
// pasted into a shell.
func fillIn(step, region string, invoke cloudapi.InvokeID, instance cloudapi.InstanceID) string {
	for _, p := range []struct {
		name, value string
		fits        bool
	}{
		{"<region>", region, cloudapi.ValidRegion(region)},
		{"<InvokeId>", string(invoke), isID(string(invoke))},
		{"<InstanceId>", string(instance), isID(string(instance))},
	} {
		if p.fits {
			step = strings.ReplaceAll(step, p.name, p.value)
		}
	}
	return step
}

// isID is true of ids alone: letters, digits and dashes, a letter or digit first
// so that it is no option of a command, and no secret.
func isID(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && (s[i] != '-' || i == 0) {
			return false
		}
	}
	return passes(s, maxWord)
}
