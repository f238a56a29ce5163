package formatters

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// supply makes answers of arbitrary bytes, and plants secrets in them.
type supply struct {
	data    []byte
	shorter uint // a text is repeated less often by so many powers of two
	planted int
}

func (s *supply) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

// carriers are what betrays a secret. Each stands on a line of its own, for what
// is next to it may make another word of it.
var carriers = []string{
	"password=%s", "DB_PASSWORD: %s", `{"secret": "%s"}`, `{\"token\":\"%s\"}`, "mysql://app:%s@db/", "Authorization: Bearer %s", "LTAI%s", "STS.%s",
	"AccessKeySecret=%s", "tool --password %s", "密码：%s", "xoxb-%s", "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9.%s.x",
	"licenseKey: '%s'", "curl -u admin:%s https://h/",
}

// plantedSecret is in no seed, so that no input can hold it by itself.
const plantedSecret = "Q7wE9" + "rTyU1" + "iOpA3" + "sDfG5"

// text takes some bytes, and sometimes repeats them or plants a secret.
func (s *supply) text() string {
	shape := s.byte()
	n := min(int(s.byte())%64, len(s.data))
	text := string(s.data[:n])
	s.data = s.data[n:]
	if shape&0x30 == 0x10 {
		text = strings.Repeat(text, 1+int(s.byte())*8>>s.shorter)
	}
	if shape&0xc0 == 0x40 {
		s.planted++
		text += "\n" + fmt.Sprintf(carriers[int(shape)%len(carriers)], plantedSecret) + "\n" + text
	}
	return text
}

func (s *supply) machine() cloudapi.MachineBytes { return cloudapi.NewMachineBytes([]byte(s.text())) }

func (s *supply) flag() cloudapi.Flag { return cloudapi.Flag(s.byte() % 3) }

func (s *supply) number() *int64 {
	if b := s.byte(); b > 3 {
		return new(int64(b) - 8)
	}
	return nil
}

func (s *supply) time() time.Time {
	if b := s.byte(); b > 40 {
		return ago(time.Duration(b) * 700 * time.Millisecond)
	}
	return time.Time{}
}

// status is often one that means something.
func (s *supply) status(known ...string) string {
	if b := int(s.byte()); b%4 > 0 {
		return known[b/4%len(known)]
	}
	return s.text()
}

func (s *supply) appStatus() cloudapi.AppStatus {
	return cloudapi.AppStatus{
		Source: sourceOf(cloudapi.SAE, "DescribeApplicationStatus", "cn-hangzhou"), AppID: cloudapi.AppID(s.text()),
		CurrentStatus: s.status("RUNNING", "STOPPED"), SubStatus: s.status("NORMAL", "RUNNING_BUT_HAS_ERROR"), RunningInstances: s.number(),
		LastChangeOrderID: s.text(), LastChangeOrderStatus: s.status("SUCCESS", "RUNNING", "FAIL"), LastChangeOrderRunning: s.flag(),
		AppCreatedAt: s.time(), EnableAgent: s.flag(), ARMSAdvancedEnabled: s.flag(), FileSizeLimitKB: s.number(), TraceID: s.text(),
	}
}

func (s *supply) gather() cloudapi.GatherStatsResult {
	g := cloudapi.GatherStatsResult{Source: sourceOf(cloudapi.WebPlus, "DescribeGatherStatsResult", "cn-beijing")}
	if s.byte() > 20 {
		g.Change = &cloudapi.Change{
			EnvID: cloudapi.EnvID(s.text()), ChangeID: cloudapi.ChangeID(s.text()), Name: s.text(), Action: s.text(), Message: s.text(), Description: s.text(), CreatedBy: s.text(),
			Finished: s.flag(), Succeeded: s.flag(), Aborted: s.flag(), Paused: s.flag(), TimedOut: s.flag(),
			CreatedAt: s.time(), UpdatedAt: s.time(), FinishedAt: s.time(), TargetInstances: []cloudapi.InstanceID{cloudapi.InstanceID(s.text())},
		}
	}
	for range s.byte() % 5 {
		g.Instances = append(g.Instances, cloudapi.GatherInstance{InstanceID: cloudapi.InstanceID(s.text()), StorageKey: s.text(), Message: s.machine(), Succeeded: s.flag()})
	}
	return g
}

func (s *supply) invocation() cloudapi.InvocationResults {
	in := page()
	if s.byte()%3 == 0 {
		in.NextToken = s.text()
	}
	for range s.byte() % 6 {
		in.Results = append(in.Results, cloudapi.InvocationResult{
			InvokeID: cloudapi.InvokeID(s.status("t-1", "t-2")), CommandID: cloudapi.CommandID(s.text()), InstanceID: cloudapi.InstanceID(s.text()),
			InvocationStatus: s.status("Success", "Failed", "Running", "Aborted", "Timeout"), InvokeRecordStatus: s.status("Finished", "Running"),
			ErrorCode: s.status("", "ExitCodeNonzero", "ClientNetworkBlocked"), ErrorInfo: s.text(), ExitCode: s.number(),
			Output:  cloudapi.Output{MachineBytes: s.machine(), DroppedBytes: int64(s.byte() % 3), Undecoded: s.byte()%5 == 0},
			Repeats: int64(s.byte()), Username: s.text(), ContainerName: s.text(), OSSOutputURI: s.text(), StartedAt: s.time(), FinishedAt: s.time(),
		})
		for range s.byte() % 4 { // others are compared with a majority
			in.Results = append(in.Results, in.Results[len(in.Results)-1])
		}
	}
	return in
}

// json makes a value of what a string of BPStudio may hold.
func (s *supply) json(depth int) any {
	switch b := s.byte(); {
	case depth == 0 || b%6 == 0:
		return strings.ToValidUTF8(s.text(), "?")
	case b%6 == 1:
		return []any{s.json(depth - 1), s.json(depth - 1)}
	case b%6 == 2:
		text, _ := json.Marshal(s.json(depth - 1))
		return string(text)
	case b%6 == 3:
		return b > 99
	default:
		name := []string{"success", "message", "attributes", "instances", "status", "output", "instanceId"}[int(b)%7]
		return map[string]any{name: s.json(depth - 1), strings.ToValidUTF8(s.text(), "?"): s.json(depth - 1)}
	}
}

func (s *supply) operation() cloudapi.OperationResult {
	op := operation(s.status("SUCCESS", "RUNNING", "FAILURE"), s.text(), s.text())
	op.Found, op.OperationID = s.byte()%9 > 0, cloudapi.OperationID(s.text())
	if s.byte()%3 > 0 {
		text, _ := json.Marshal(s.json(3))
		arguments := string(text)
		if s.byte()%2 == 0 {
			arguments = `{"attributes":{"instances":{"i-1":` + arguments + `}}}`
		}
		op.Arguments = cloudapi.NewMachineBytes([]byte(arguments))
	}
	return op
}

func (s *supply) error() error {
	kinds := []error{cloudapi.ErrInvalid, cloudapi.ErrNotFound, cloudapi.ErrUnauthenticated, cloudapi.ErrForbidden, cloudapi.ErrThrottled, cloudapi.ErrUnavailable, cloudapi.ErrBadResponse}
	e := refusal(s.text(), s.text(), int(s.byte()), kinds[int(s.byte())%len(kinds)])
	e.RequestID, e.Recommend, e.Sent, e.MayHaveStarted = s.text(), s.text(), s.byte()%2 == 0, s.byte()%4 == 0
	if s.byte()%2 == 0 {
		e.Cause = errors.New(s.text())
	}
	if s.byte()%2 == 0 {
		e.Denied = &cloudapi.Denial{Action: s.text(), Principal: s.text(), PrincipalType: s.text(), OwnerID: s.text(), Explicit: s.byte()%2 == 0, Implicit: s.byte()%2 == 0, PolicyType: s.text()}
	}
	return e
}

// fuzzReport holds what is true of every report of one kind of answer.
func fuzzReport(f *testing.F, report func(Airlock, *supply) Report) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkAnyReport(t, supply{data: data}, report) })
}

func checkAnyReport(t *testing.T, from supply, report func(Airlock, *supply) Report) {
	t.Helper()
	for _, a := range []Airlock{testLock, {Key: testLock.Key, FullOutput: true}} {
		fitted := func() Report {
			s := from
			return Fit(report(a, &s), a.FullOutput)
		}
		r := fitted()
		checkReport(t, r, a.FullOutput)
		text := Text(r, testFence)
		require.NotContains(t, text, plantedSecret)
		require.NotContains(t, jsonText(r), plantedSecret)
		require.Equal(t, text, Text(fitted(), testFence), "the same input gives the same report")
	}
}

var seeds = []string{
	"", "\x40\x10hello\x1b[31m\u202e", "\x11\x20\xff\xfeabc磁盘\x00\x1b]0;", strings.Repeat("\x45\x08<<<<\x0b\r\x7f ", 20), strings.Repeat("\x50\x05a\"b\\\n", 40),
	strings.Repeat("\xff\x40\x13abcdefgh\u200b\u200d磁", 12), strings.Repeat("\x5a\x0f{\"a\":\"\\u001b[31m\"}", 20), strings.Repeat("\x4c\x30>>>> "+testFence+" data\n", 9),
}

func FuzzText(f *testing.F) { fuzzReport(f, anyReport) }

func anyReport(a Airlock, s *supply) Report {
	switch s.byte() % 5 {
	case 0:
		return a.AppStatus(s.appStatus())
	case 1:
		return a.GatherStats(s.gather())
	case 2:
		return a.InvocationResults(s.invocation())
	case 3:
		return a.OperationResult(s.operation())
	default:
		return a.Error(s.error())
	}
}

// TestReportsOfArbitraryAnswers is a little of the fuzzing in each run of the
// tests, the same in all of them. Long texts take most of the time and show little
// more: few answers have 100 KB of one, some 10 KB, the others 2 KB.
func TestReportsOfArbitraryAnswers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7)) // the same each time
		data := make([]byte, random.IntN(3000))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		from := supply{data: data, shorter: 6}
		switch {
		case seed%64 == 0:
			from.shorter = 0
		case seed%16 == 0:
			from.shorter = 3
		}
		checkAnyReport(t, from, anyReport)
	}
}

func FuzzAppStatus(f *testing.F) {
	fuzzReport(f, func(a Airlock, s *supply) Report { return a.AppStatus(s.appStatus()) })
}

func FuzzGatherStats(f *testing.F) {
	fuzzReport(f, func(a Airlock, s *supply) Report {
		if s.byte()%8 == 0 {
			return a.GatherStarted(cloudapi.EnvChange{Source: sourceOf(cloudapi.WebPlus, "GatherAppEnvStats", "cn-beijing"), EnvID: cloudapi.EnvID(s.text()), ChangeID: cloudapi.ChangeID(s.text()), StartedAt: s.time()})
		}
		return a.GatherStats(s.gather())
	})
}

func FuzzInvocationResults(f *testing.F) {
	fuzzReport(f, func(a Airlock, s *supply) Report { return a.InvocationResults(s.invocation()) })
}

func FuzzOperationResult(f *testing.F) {
	fuzzReport(f, func(a Airlock, s *supply) Report { return a.OperationResult(s.operation()) })
}

func FuzzError(f *testing.F) {
	fuzzReport(f, func(a Airlock, s *supply) Report {
		r := a.Error(s.error())
		if n := len(Text(r, "error")); n > MaxError {
			panic(fmt.Sprintf("an error of %d bytes", n))
		}
		return r
	})
}

// FuzzUnwrap: JSON in strings comes out the same however often it was wrapped,
// and what it hid does not get through.
func FuzzUnwrap(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}`, `"[{"x":1}]"`, `"{\"a\":\"\\u001b[31m\"}"`, `" "`, `{"success":"true","attributes":"{\"instances\":{}}"}`, "[[[[1]]]]", `{"a":1}}`, "plain", `"\u202e"`,
		`{"password":"abc123","pem":"-----BEGIN PRIVATE KEY-----\nMII"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\uFFFD")
		v := unwrapText(text, maxLayers)
		short := testLock.chamber().digest(v, 0)
		line := testLock.chamber().line(short)
		checkClean(t, line)
		require.NotContains(t, line, "\n")
		require.LessOrEqual(t, len([]rune(line)), maxLine+len("… [+1234567 characters]"))
		instances, _ := operationInstances(v)
		for _, i := range instances {
			testLock.chamber().operationItem(i)
		}
		if _, isText := v.(string); !isText && v != nil {
			wrapped, err := json.Marshal(v)
			require.NoError(t, err)
			for range maxLayers - 1 {
				wrapped, err = json.Marshal(string(wrapped))
				require.NoError(t, err)
				if len(wrapped) > maxUnwrapped {
					return
				}
			}
			require.Equal(t, short, testLock.chamber().digest(unwrapText(string(wrapped), maxLayers), 0))
		}
	})
}

func FuzzRedact(f *testing.F) {
	for _, seed := range []string{"password=abc", "token bucket", "-----BEGIN PRIVATE KEY-----", "LTAI0123456789abcdef", `\"secret\":\"x`, "mysql -pabc", "密码：x"} {
		f.Add(seed, byte(0))
	}
	f.Fuzz(func(t *testing.T, text string, which byte) {
		clean, n := testLock.redact(text)
		require.Equal(t, n > 0, clean != text)
		require.LessOrEqual(t, len(clean), len(text)+n*len("[redacted  #000000]")+n*maxName, "a mark for each secret")
		again, more := testLock.redact(clean)
		if n == 0 {
			require.Zero(t, more)
			require.Equal(t, clean, again)
		}
		carrier := fmt.Sprintf(carriers[int(which)%len(carriers)], plantedSecret)
		clean, _ = testLock.redact(text + "\n" + carrier + "\n" + text)
		require.NotContains(t, clean, plantedSecret)
	})
}

// FuzzValues: whatever stands around a labelled value on other lines, and whatever
// sign it holds, no piece of it is shown.
func FuzzValues(f *testing.F) {
	f.Add("x", byte(0), byte(0))
	f.Add(`{"a":"`, byte(9), byte(5))
	f.Add("it's", byte(20), byte(22))
	f.Fuzz(func(t *testing.T, around string, which, sign byte) {
		secret := "Qw3rTy7x" + hostSigns[int(sign)%len(hostSigns):][:1] + "Zx9Vb7n2"
		line := fmt.Sprintf(bareLabels[int(which)%len(bareLabels)].text, secret)
		clean, _ := testLock.redact(around + "\n" + line + "\n" + around)
		for _, piece := range []string{secret[:8], secret[9:]} {
			if !strings.Contains(around, piece) {
				require.NotContains(t, clean, piece)
			}
		}
	})
}

// TestEveryCarrierBetraysItsSecret: without it the fuzzing would prove nothing.
func TestEveryCarrierBetraysItsSecret(t *testing.T) {
	for _, carrier := range carriers {
		text := fmt.Sprintf(carrier, plantedSecret)
		require.NotContains(t, testLock.chamber().line(text), plantedSecret)
		out := testLock.chamber().outputOf([]byte("x\n"+text+"\ny\n"), 0)
		require.NotContains(t, out.text, plantedSecret)
		require.Equal(t, 1, out.redacted, carrier)
	}
	s := &supply{data: []byte(strings.Repeat("\x40\x02ab", 9))}
	s.appStatus()
	require.Positive(t, s.planted, "answers hold secrets")
}
