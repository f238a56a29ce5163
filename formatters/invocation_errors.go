package formatters

import "strings"

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
	code   string // a trailing asterisk matches a prefix
	cause  string
	ran    didRun
	remedy string
}

// lookUpFailure ignores case: the vendor spells ExitCodeNonzero in two ways.
func lookUpFailure(code string) commandFailure {
	lower := strings.ToLower(strings.TrimSpace(code))
	for _, f := range commandFailures {
		known := strings.ToLower(f.code)
		if prefix, ok := strings.CutSuffix(known, "*"); ok && strings.HasPrefix(lower, prefix) || known == lower {
			return f
		}
	}
	return commandFailure{ran: ranUnknown, cause: "alitriage does not know this error code"}
}

// commandFailures is the table of reference/triage.md, section 3. The text of
// ErrorInfo varies and is never matched.
var commandFailures = []commandFailure{
	{"InstanceNotRunning", "the instance was not running", ranNot, "Start the instance, then run the command again."},
	{"InstanceNotExists", "the instance does not exist or was released", ranUnknown, "Check the InstanceId and the region; a released instance needs nothing."},
	{"InstanceReleased", "the instance was released meanwhile", ranUnknown, "Nothing to mend on the host; check whether the release was meant."},
	{"InstanceDeregistered", "the managed instance was deregistered", ranUnknown, "Register the instance again if it is still needed."},
	{"InstanceRestarted", "the instance restarted while the command ran", ranMaybe, "Verify what the command had done, then run it again."},
	{"ClientRestarted", "the Cloud Assistant agent restarted while the command ran", ranMaybe, "Verify what the command had done, then run it again."},
	{"ClientNotRunning", "the Cloud Assistant agent is stopped or missing", ranNot, "Start the agent: on Linux `systemctl start aliyun.service`, on Windows the service \"Aliyun Assist Service\"; install it if it is missing."},
	{"ClientNotOnline", "the Cloud Assistant agent is not connected", ranNot, "Restart the agent: on Linux `systemctl restart aliyun.service`, on Windows the service \"Aliyun Assist Service\"."},
	{"ClientNetworkBlocked", "the agent cannot reach Cloud Assistant", ranNot, "Allow outbound TCP 443 and 80 and UDP 53 to <region>.axt.aliyun.com and 100.100.100.200; test on the host with `curl https://<region>.axt.aliyun.com/luban/api/instance/instance-id`."},
	{"SecurityGroupRuleDenied", "a security group forbids the agent's traffic", ranNot, "Allow the egress that the error info names in that security group."},
	{"ClientNotResponse", "the agent did not answer", ranUnknown, "Look for the InvokeId in aliyun_assist_main.log on the host; if it is not there, the command never arrived."},
	{"ClientIsUpgrading", "the agent was upgrading", ranNot, "Wait a minute and run the command again."},
	{"ClientNeedUpgrade", "the agent is too old", ranNot, "Upgrade the agent to the version that the error info names, then run the command again."},
	{"DeliveryTimeout", "the command was not sent in time", ranNot, "Run the command again."},
	{"ExecutionTimeout", "Timeout is 60 s unless the command sets another", ranYes, "Check what it had done, raise Timeout, and run it again."},
	{"ExecutionException", "the agent could not start or finish it", ranMaybe, "Read the error info: no disk space, a script file that exists already, or a missing shell are usual."},
	{"ExecutionInterrupted", "the command was interrupted", ranYes, "Verify the state of the instance before running it again."},
	{"ExitCodeNonzero", "", ranYes, ""}, // the exit code says it all
	{"CommandNotApplicable", "the command's type does not fit the operating system", ranNot, "Use Bat or PowerShell commands on Windows and Shell commands on Linux."},
	{"AccountNotExists", "the user to run as does not exist", ranNot, "Create the user or choose another Username."},
	{"UserOrPasswordInvalid", "user name or password are wrong", ranNot, "Correct Username and the Windows password parameter."},
	{"QueryParameterStoreFailed", "a parameter could not be read from the parameter store", ranNot, "Check the name of the parameter and the RAM role of the instance."},
	{"InstanceRoleInvalid", "the RAM role of the instance is missing or not enough", ranNot, "Attach a RAM role that may read the parameter to the instance."},
	{"DirectoryNotExists", "the working directory does not exist", ranNot, "Create the directory or set WorkingDir."},
	{"DefaultWorkingDirectoryNotAvailable", "the default working directory cannot be used", ranNot, "Create the directory or set WorkingDir."},
	{"InvalidCommandText", "the command text is not valid", ranNot, "Correct the content of the command."},
	{"CommandContentDecodeError", "the command text could not be decoded", ranNot, "Correct the encoding: the content must be Base64 where ContentEncoding says so."},
	{"InvalidSystemBuiltInParameter", "an ACS:: parameter is not valid", ranNot, "Correct the name of the ACS:: parameter."},
	{"BadCronExpression", "the schedule is not valid", ranNot, fixSchedule},
	{"CronExpressionExpired", "the schedule is over", ranNot, fixSchedule},
	{"InvalidRateExpression", "the schedule is not valid", ranNot, fixSchedule},
	{"InvalidAtExpression", "the schedule is not valid", ranNot, fixSchedule},
	{"AtExpressionExpired", "the schedule is over", ranNot, fixSchedule},
	{"InvalidGMTOffset*", "the schedule's time zone is not valid", ranNot, fixSchedule},
	{"TimezoneInformationCorrupt", "the schedule's time zone is not valid", ranNot, fixSchedule},
	{"RateFrequencyTooLarge", "the schedule's rate is too high", ranNot, fixSchedule},
	{"ContainerNotFound", "the container does not exist", ranNot, listContainers},
	{"ContainerStateAbnormal", "the container is not running", ranNot, listContainers},
	{"ContainerConnectFailed", "the container could not be connected to", ranNot, listContainers},
	{"ContainerNameDuplicated", "several containers have this name", ranNot, listContainers},
	{"ContainerNameAndIdNotMatch", "the container's name and id are of two containers", ranNot, listContainers},
	{"InvalidContainer*", "the container parameters are not valid", ranNot, listContainers},
	{"UnsupportedContainerRuntime", "the container runtime is not supported", ranNot, listContainers},
	{terminationException, "the stop itself failed", ranNoWord, "Stop the invocation again."},
}

const (
	terminationException = "TerminationException"

	fixSchedule    = "Correct the schedule (Frequency) of the command and run it again."
	listContainers = "Check the container on the host with `aliyun-service list-containers --source cri --all`."
)

// exitMeanings are conventions of shells.
var exitMeanings = map[int64]string{
	126: " (not executable)", 127: " (command not found)", 130: " (interrupted, SIGINT)",
	137: " (killed, SIGKILL: often out of memory)", 143: " (terminated, SIGTERM)",
}

var exitRemedies = map[int64]string{
	126: "Make the script executable, or check its interpreter.",
	127: "Install the missing command, or give its full path.",
	130: "Find out who interrupted it; check what it had done before running it again.",
	137: "Look for the out-of-memory killer in the kernel log (`dmesg -T | grep -i oom`); check what the command had done.",
	143: "Find out who stopped it; check what it had done before running it again.",
}

var statusRemedies = map[string]string{
	"INVALID":    "Correct the command's type and parameters, then run it again.",
	"ABORTED":    "Make sure that the instance runs and the Cloud Assistant agent is online, then run the command again.",
	"CANCELLED":  "Run the command again if it is still needed.",
	"TIMEOUT":    "Check what it had done, raise Timeout (default 60 s), and run it again.",
	"TERMINATED": "Check what it had done before running it again.",
	"FAILED":     "Read the output, mend what the script complains of, and check what it had done before running it again.",
}
