package formatters

import "fmt"

// exitMeaning is what an exit code means by convention, and how to go on.
type exitMeaning struct {
	what string
	step string
}

// lookUpExit knows conventions only: of shells, which report the end by a signal
// as 128 and its number, and of Windows, which reports crashes as large numbers.
// No convention: "".
func lookUpExit(code int64) exitMeaning {
	if m, known := shellExits[code]; known {
		return exitMeaning{"by convention " + m.what, m.step}
	}
	if n := code - 128; n >= 1 && n <= 64 {
		m := signals[n]
		if m.what == "" {
			m = exitMeaning{"", whoSentIt}
		}
		return exitMeaning{fmt.Sprintf("by convention of shells: ended by signal %d", n) + m.what, m.step}
	}
	if status := uint32(code); code < 0 && code >= -1<<31 || code >= 1<<31 && code < 1<<32 { //nolint:gosec // both spellings of 32 bits are wanted
		if m, known := windowsExits[status]; known {
			return exitMeaning{fmt.Sprintf("on Windows 0x%08X, %s", status, m.what), m.step}
		}
		return exitMeaning{fmt.Sprintf("on Windows 0x%08X", status), "Look up that number (an NTSTATUS or HRESULT) and what the Windows event log (Application, System) says of that minute; check what the command had done."}
	}
	return exitMeaning{}
}

var shellExits = map[int64]exitMeaning{
	124:  {"of timeout(1): its time was over", "The script ended it by itself with `timeout`: raise that limit in the script; check what it had done before you run it again."},
	126:  {"of shells: found, but not executable", "Make it executable (`chmod +x <file>`), or check its interpreter: first line, line ends (`file <file>`), a mount with noexec (`findmnt -T <file>`)."},
	127:  {"of shells: command not found", "Install the missing command or give its full path: `command -v <command>` as the user that it ran as; the agent's PATH may be shorter than that of a login."},
	255:  {"exit -1, or that of ssh when the connection failed", "Read the last lines of the output: if the script uses ssh, test that connection (`ssh -v <host>`); else look for exit -1 in it. " + runAgain},
	9009: {"of cmd on Windows: command not found", "Install the missing program or give its full path: `where <command>` on the host; it may not be in the agent's PATH."},
}

const whoSentIt = "Find out what sent the signal; check what the command had done before you run it again."

var signals = map[int64]exitMeaning{
	1:  {", SIGHUP: hung up", whoSentIt},
	2:  {", SIGINT: interrupted", "Find out who interrupted it; check what the command had done before you run it again."},
	3:  {", SIGQUIT", whoSentIt},
	4:  {", SIGILL: illegal instruction", "Check that the binary is built for this processor (`uname -m; file <program>`); check what the command had done before you run it again."},
	6:  {", SIGABRT: aborted itself", "Read the program's last lines: it gave up by itself, on a failed assertion or allocation as a rule; `coredumpctl list` may have a core. " + runAgain},
	7:  {", SIGBUS: bad memory access", "Look for a full disk or a file cut under the program: `df -h; dmesg -T | tail -50`. " + runAgain},
	8:  {", SIGFPE: arithmetic error", "Read the program's last lines: it divided by zero or the like; `coredumpctl list` may have a core. " + runAgain},
	9:  {", SIGKILL: killed, often out of memory", "Look for the out-of-memory killer: `dmesg -T | grep -iE 'out of memory|oom'`, `free -m`; if it is not there, find out who killed it. " + runAgain},
	11: {", SIGSEGV: crashed", "The program crashed: `dmesg -T | grep -i segfault`, `coredumpctl list`; try another version of it. " + runAgain},
	13: {", SIGPIPE: nobody read its output", "Look for a pipe whose reader ended early (such as `head`) together with `set -o pipefail` in the script. " + runAgain},
	14: {", SIGALRM: a timer", whoSentIt},
	15: {", SIGTERM: terminated", "Find out who stopped it: a service manager, a deployment, a shutdown (`last -x | head`). " + runAgain},
	24: {", SIGXCPU: CPU limit", "Raise the CPU time limit of the user that it ran as (`ulimit -t`). " + runAgain},
	25: {", SIGXFSZ: file size limit", "Raise the file size limit of the user that it ran as (`ulimit -f`). " + runAgain},
}

// windowsExits are NTSTATUS values.
var windowsExits = map[uint32]exitMeaning{
	0xC0000005: {"access violation: the program crashed", "The program crashed: the Windows event log (Application, \"Application Error\") names the module. " + runAgain},
	0xC0000017: {"not enough memory", "Free memory or raise the page file: Task Manager, or `systeminfo`. " + runAgain},
	0xC000001D: {"illegal instruction", "Check that the program is built for this processor. " + runAgain},
	0xC00000FD: {"stack overflow: the program crashed", "The program recursed too deep: the Windows event log (Application, \"Application Error\") names it. " + runAgain},
	0xC0000135: {"a DLL was not found", "Install the runtime that the program needs (`where <program>` shows which one runs); a required DLL is missing."},
	0xC000013A: {"ended by Ctrl-C, a closed console or a logoff", "Find out who ended it: Ctrl-C, a logoff or a shutdown. " + runAgain},
	0xC0000142: {"a DLL failed to start", "Check that the program can run without a desktop: the agent has none. " + runAgain},
	0xC0000409: {"stack buffer overrun or fail fast: the program stopped itself", "The program stopped itself: the Windows event log (Application, \"Application Error\") names the module. " + runAgain},
	0xFFFFFFFF: {"which is exit -1", "Read the last lines of the output: the script ended with exit -1. " + runAgain},
}
