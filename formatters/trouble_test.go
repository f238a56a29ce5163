package formatters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What real programs print when something went wrong, and when nothing did.
func TestOutputsThatSpeakOfTrouble(t *testing.T) {
	for _, text := range []string{
		"服务 W3SVC 已经停止，重新启动失败：拒绝访问",
		"Start-Service : Service 'W3SVC' cannot be started due to the following error",
		"Get-Item : Access is denied.",
		"无法将“foo”项识别为 cmdlet、函数、脚本文件或可运行程序的名称。",
		"找不到驱动器。名为“Z”的驱动器不存在。",
		"The term 'foo' is not recognized as the name of a cmdlet",
		"bash: line 3: foo: command not found",
		"cp: cannot stat '/etc/x': No such file or directory",
		"-bash: /opt/x.sh: /bin/zsh: bad interpreter: No such file or directory",
		"E: Unable to locate package htop",
		"No package htop available.",
		"Error: Unable to find a match: htop",
		"Job for nginx.service failed because the control process exited with error code.",
		"Unit foo.service could not be found.",
		"docker: Error response from daemon: manifest unknown",
		`Error from server (NotFound): pods "x" not found`,
		"checkout-7d9  0/1  CrashLoopBackOff  12  40m",
		"Last State: Terminated, Reason: OOMKilled",
		"Traceback (most recent call last):",
		"ValueError: invalid literal for int()",
		"requests.exceptions.ConnectionError: HTTPConnectionPool",
		`Exception in thread "main" java.lang.NullPointerException`,
		"java.lang.OutOfMemoryError: Java heap space",
		"Caused by: com.example.shop.PaymentException: card",
		"npm ERR! code ELIFECYCLE",
		"ERROR 1045 (28000): Access denied for user 'root'@'localhost'",
		"net::ERR_CONNECTION_REFUSED",
		"rpc error: code = DEADLINE_EXCEEDED",
		"thread 'main' panicked at src/main.rs:2:5",
		"Segmentation fault (core dumped)",
		"dial tcp 10.0.0.1:3306: i/o timeout",
		"curl: (28) Connection timed out after 5001 milliseconds",
		`{"items":[],"error":"no space on /dev/vdb1"}`,
		`{"code":500,"error_message":"disk is gone"}`,
		`{"errmsg": "quota"}`,
		"error: null pointer", "java.lang.IllegalStateException: no pool", "error: none of the nodes answered", "HRESULT error 0x80070005",
		"2 errors, 0 warnings",
		"failed: 3", "Failures: 12", "10 failed", "errors=1", "FAILED (failures=2)",
		"警告：磁盘空间不足", "連線逾時", "重新啟動失敗：拒絕存取", "数据库连接异常", "共 3 个失败", "失败 2 个", "错误数：10",
		"write /data/x: no space left on device", "touch: /x: Read-only file system", "x509: certificate has expired",
		"level=error msg=\"cannot reach etcd\"", "[error] 12#12: *1 connect() failed", "error.", "Error…",
		"…error", "time=… level=ERROR", "[ERROR] no", "errors: 10", "error rate 12%",
	} {
		_, found := firstTrouble(text)
		assert.True(t, found, text)
	}
	for _, text := range []string{
		"0 errors", "no error", "No errors found", "without any error", "errors: 0", "error=0", "errors=0", "0 failed", "failed=0    unreachable=0", "Failures: 0",
		"ErrorCode: 0", "error code: 0", `"errors": []`, `"error": null`, `"error":""`, `error=false`, "error: none", "failed: 0, passed: 12",
		"writing /var/log/nginx/error.log", "error_log /dev/stderr;", "error.log rotated", "curl --fail -sS", "run with --fail-fast", "on-failure", "restart=on-failure",
		"max_errors=5", "MAX_ERRORS=5", "ERROR_LOG=/tmp/x", "failed over to node 2", "error handling enabled", "error log is empty", "exception handler installed",
		"error rate 0%", "error rate: 0.0%", "timeout: 30s", "timeout=30", "connect timeout 5", "timeout set to 60", "--timeout 5", "errors 0", "total errors: 0",
		"terrorise errorless", "if error exit", "ignoring errors", "not failed", "never failed", "zero failures", "onError callback set", "handleException()",
		"未发现错误", "没有错误", "无异常", "一切正常，未发现异常", "0 个失败", "0个错误", "错误：0", "错误数：0", "失败数量为 0", "错误码：0", "失败率 0%", "错误日志已清理", "超时时间：30", "异常处理已启用",
		"不存在错误", "無異常", "沒有錯誤", "失敗：0", "错误：无", "成功 10，失败 0", "是否失败", "如果失败",
		"12 packets transmitted, 12 received, 0 errors", "RX errors 0  dropped 0", "0 upgraded, 0 newly installed", "Failed units: 0", "all checks passed",
	} {
		at, found := firstTrouble(text)
		assert.False(t, found, "%s: %s", text, text[at:])
	}
}

func TestTroubleIsFoundAsFastInALongText(t *testing.T) {
	at, found := firstTrouble(strings.Repeat("0 errors, no failure, error.log\n", 1<<14) + "ERROR 2002")
	require.True(t, found)
	require.Equal(t, 32<<14, at)
}
