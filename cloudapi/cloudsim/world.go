package cloudsim

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// The demo world: the evening release of a shop meets a full disk.
//
// The release began 50 minutes ago. web is through. checkout has its first batch
// out and waits for somebody to confirm the second, because payments failed in
// the middle: its hosts cannot write receipts. Six minutes ago on-call ran the
// clean-up script on all 50 shop hosts. It brought nothing on the one that
// matters, FullDiskInstance, which is also one of the three in checkout-env,
// and whose disk is being enlarged now.
const (
	Region = "cn-hangzhou" // of everything in the demo world

	CheckoutApp     = "5c0e8a4f-93d1-4b7a-a2f6-1d84c7e0b935" // waits for a batch to be confirmed
	PaymentsApp     = "b7a16d2e-4f08-4c95-8e31-90f2d5a7c64b" // released half-way, with an error
	WebApp          = "e29d07b3-1c5a-47f8-b640-3ae8f91d20c7" // healthy
	CheckoutEnv     = "we-6a1f03d94c7be85260f1a3d7"          // to gather from
	DiskCleanup     = "t-hz04k7m2q9xw1c"                     // an invocation on 50 instances
	DiskCleanupCode = "c-hz03f8v6n1d5zk"                     // its command
	Resize          = "op_4k2m9x7q1c8v5b3n6t0p2r"            // an operation

	FullDiskInstance    = "i-bp1f4s7k2w9q3m6x8z1c" // the clean-up failed, and so does its part of a gather
	UnreachableInstance = "i-bp1u8n3r5t2y7p4d9h6j" // the clean-up never got there
	OddInstance         = "i-bp1g6b1k8d4c7n2w5x9q" // an old host with a GBK locale
)

// The secrets in the clean-up's log, for tests of what becomes of them. They are
// in two parts so that no scanner takes them for real ones.
const (
	DemoPassword   = "demo-" + "Wint3r-Sale!"
	DemoKeyID      = "LTAI" + "5tDemoNotARealKey000"
	DemoLicenseKey = "demolicense@" + "0000notreal0000" // in the ArmsApmInfo of all demo apps
)

// Alias is a name for a thing of the demo world.
type Alias struct {
	Name     string
	Argument string // of the tool that takes it, such as app_id
	ID       string
	Region   string
}

// Aliases are the names of the demo world, in the order of the story.
func (s *Sim) Aliases() []Alias {
	return []Alias{
		{"checkout", "app_id", CheckoutApp, Region},
		{"payments", "app_id", PaymentsApp, Region},
		{"web", "app_id", WebApp, Region},
		{"checkout-env", "env_id", CheckoutEnv, Region},
		{"disk-cleanup", "invoke_id", DiskCleanup, Region},
		{"resize", "operation_id", Resize, Region},
	}
}

func (s *Sim) putDemoWorld() {
	start := s.now()
	s.putDemoApps(start)
	s.PutEnvironment(Environment{ID: CheckoutEnv, Instances: checkoutEnvInstances()})
	s.PutInvocation(Invocation{ID: DiskCleanup, CommandID: DiskCleanupCode, Results: diskCleanupResults(start)})
	s.PutOperation(Operation{
		ID: Resize, RunsFor: 8 * time.Second,
		Status: "SUCCESS", Message: blank, Arguments: resizeArguments(),
	})
}

func (s *Sim) putDemoApps(start time.Time) {
	const day = 24 * time.Hour
	s.PutApp(App{
		ID: CheckoutApp, CurrentStatus: "RUNNING", SubStatus: "NORMAL", RunningInstances: 3,
		LastChangeOrderID: "1ccc2339-fc19-49aa-bda0-1e7b84976d02", LastChangeOrderStatus: "WAIT_BATCH_CONFIRM",
		LastChangeOrderRunning: true, CreatedAt: start.Add(-412 * day), EnableAgent: true, ARMSLicenseKey: DemoLicenseKey,
	})
	s.PutApp(App{
		ID: PaymentsApp, CurrentStatus: "RUNNING", SubStatus: "RUNNING_BUT_HAS_ERROR", RunningInstances: 4,
		LastChangeOrderID: "8f4d2b61-07ae-4e93-9c55-d3b06a1f7e28", LastChangeOrderStatus: "RUNNING",
		LastChangeOrderRunning: true, CreatedAt: start.Add(-655 * day), EnableAgent: true, ARMSLicenseKey: DemoLicenseKey,
	})
	s.PutApp(App{
		ID: WebApp, CurrentStatus: "RUNNING", SubStatus: "NORMAL", RunningInstances: 6,
		LastChangeOrderID: "d06b9c17-52e4-4aa8-8f1d-7be3405c92fa", LastChangeOrderStatus: "SUCCESS",
		CreatedAt: start.Add(-698 * day), EnableAgent: true, ARMSLicenseKey: DemoLicenseKey,
	})
}

// checkoutEnvInstances report 2, 4 and 6 seconds after a gather has begun.
func checkoutEnvInstances() []EnvInstance {
	return []EnvInstance{
		{
			ID: shopInstance(1), Reports: 2 * time.Second, Succeeded: true,
			Message:    "collected 14 files (8.2 MB): logs, jstack, df, netstat",
			StorageKey: "gather-stats/checkout-env/" + shopInstance(1) + ".tgz",
		},
		{
			ID: FullDiskInstance, Reports: 4 * time.Second, Succeeded: false,
			Message: "tar: /tmp/gather-stats.tgz: Wrote only 4096 of 10240 bytes: No space left on device; " +
				"/data is 100% full (197G of 197G)",
		},
		{
			ID: shopInstance(2), Reports: 6 * time.Second, Succeeded: true,
			Message:    "collected 13 files (7.9 MB): logs, jstack, df, netstat",
			StorageKey: "gather-stats/checkout-env/" + shopInstance(2) + ".tgz",
		},
	}
}

// shopInstance is the id of the n-th of the shop's ordinary hosts.
func shopInstance(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256(fmt.Appendf(nil, "shop host %d", n))
	id := []byte("i-bp1")
	for _, b := range sum[:17] {
		id = append(id, alphabet[int(b)%len(alphabet)])
	}
	return string(id)
}

// diskCleanupResults has the three that differ in the midst of the others, so
// that they are on different pages.
func diskCleanupResults(start time.Time) []Result {
	began := start.Add(-6 * time.Minute)
	odd := map[int]Result{
		11: oddHost(began), 23: fullDisk(began), 37: unreachable(),
	}
	results := make([]Result, 0, 50)
	for i := range 50 {
		result, found := odd[i]
		if !found {
			result = cleaned(began, shopInstance(i))
		}
		results = append(results, result)
	}
	return results
}

func cleaned(began time.Time, instance string) Result {
	return Result{
		InstanceID: instance, InvocationStatus: "Success", ExitCode: new(int64), Repeats: 1, Username: "root",
		StartedAt: began, FinishedAt: began.Add(4 * time.Second),
		Output: []byte("disk-cleanup 2.4.1\nremoved rotated logs older than 7 days\n/data is below the 80% mark, done\n"),
	}
}

func fullDisk(began time.Time) Result {
	one := int64(1)
	return Result{
		InstanceID: FullDiskInstance, InvocationStatus: "Failed", ExitCode: &one, Repeats: 1, Username: "root",
		ErrorCode: "ExitCodeNonzero", ErrorInfo: "the command execution exit code is not zero.",
		StartedAt: began, FinishedAt: began.Add(73 * time.Second), Output: fullDiskLog(began),
	}
}

func unreachable() Result {
	return Result{
		InstanceID: UnreachableInstance, InvocationStatus: "Aborted", InvokeRecordStatus: "Failed",
		ErrorCode: "ClientNetworkBlocked", ErrorInfo: "the network of the aliyun service on the instance is blocked.",
	}
}

// oddHost still has the locale it was set up with: what it prints is GBK, with
// the line ends of a script that was edited on Windows.
func oddHost(began time.Time) Result {
	result := cleaned(began, OddInstance)
	text := "disk-cleanup 2.4.1\r\n旧版收银主机，跳过清理：/data 使用率 34%\r\n"
	output, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err) // a constant text
	}
	result.Output = output
	return result
}

const (
	green, yellow, red, bold, plain = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[1m", "\x1b[0m"
)

// fullDiskLog is what the clean-up printed on the host that matters: some 260
// lines of colours, with two secrets that the script should not have printed.
func fullDiskLog(began time.Time) []byte {
	var b strings.Builder
	at := began
	line := func(format string, args ...any) {
		at = at.Add(280 * time.Millisecond)
		fmt.Fprintf(&b, "[%s] %s\n", at.UTC().Format(time.TimeOnly), fmt.Sprintf(format, args...))
	}
	line("%sdisk-cleanup 2.4.1%s on shop-db-03", bold, plain)
	line("/dev/vdb1  197G  197G   20K 100%% /data")
	line("reading /etc/shop/disk-cleanup.conf")
	line("  archive.endpoint=oss-cn-hangzhou-internal.aliyuncs.com")
	line("  archive.access_key_id=%s", DemoKeyID)
	line("  receipts.db.user=receipts")
	line("  receipts.db.password=%s", DemoPassword)
	for i := range 120 {
		line("%sok%s    removed /data/log/checkout/access.%03d.log.gz (%d kB)", green, plain, 240-i, 180+i*7%90)
	}
	line("%swarn%s  receipts-writer holds /data/log/payments/receipts.log open (pid 2114): deleting it frees nothing", yellow, plain)
	line("archiving /data/receipts to oss://shop-archive before removal")
	for i := range 90 {
		line("%sok%s    packed /data/receipts/batch-%04d.json", green, plain, 7100+i)
	}
	line("%serror%s gzip: /data/receipts/batch-7190.json.gz: No space left on device", red, plain)
	line("%serror%s cannot stage the archive: write /data/tmp/stage-7190: No space left on device (errno 28)", red, plain)
	for i := range 36 {
		line("%sskip%s  /data/receipts/batch-%04d.json: not archived, so not removed", yellow, plain, 7190+i)
	}
	line("/dev/vdb1  197G  197G     0 100%% /data")
	line("%sfailed%s: 120 logs removed, 90 receipts packed, 36 left; the space was taken again by receipts.log", red, plain)
	line("exit 1")
	return []byte(b.String())
}

// resizeArguments is the text with JSON that BPStudio answers with.
func resizeArguments() string {
	return string(mustJSON(map[string]any{
		"success": true,
		"message": "1 of 1 instances done",
		"attributes": map[string]any{"instances": map[string]any{FullDiskInstance: map[string]any{
			"status":  "Success",
			"message": "data disk /dev/vdb enlarged from 200 GiB to 400 GiB",
			"output":  "resize2fs 1.46.5\nThe filesystem on /dev/vdb1 is now 104857339 (4k) blocks long.\n",
		}}},
	}))
}
