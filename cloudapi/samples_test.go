package cloudapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// decode gives body to an operation as an answer with HTTP 200. In a synctest
// bubble all answers come at the same time, unless one was asked for again.
func decode(t testing.TB, operation string, body []byte) (any, error) {
	t.Helper()
	return operations[operation](t.Context(), newClient(t, answerWith(http.StatusOK, string(body))))
}

// withoutTime lets answers be compared that did not come at the same time.
func withoutTime(result any) any {
	v := reflect.New(reflect.TypeOf(result)).Elem()
	v.Set(reflect.ValueOf(result))
	v.FieldByName("AsOf").SetZero()
	return v.Interface()
}

func sourceOf(result any) cloudapi.Source {
	return reflect.ValueOf(result).FieldByName("Source").Interface().(cloudapi.Source)
}

func source(product cloudapi.Product, operation, region, requestID string) cloudapi.Source {
	return cloudapi.Source{
		Product: product, Operation: operation, Region: region, RequestIDs: []string{requestID}, AsOf: time.Now(),
	}
}

func machine(text string) cloudapi.MachineBytes { return cloudapi.NewMachineBytes([]byte(text)) }

func TestTheVendorsSampleAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for operation, want := range map[string]any{
			"GatherAppEnvStats": cloudapi.EnvChange{
				Source:    source(cloudapi.WebPlus, "GatherAppEnvStats", "cn-hangzhou", "BDA78DBA-7D10-4DDB-B73F-8357EB8*****"),
				EnvID:     "we-5d3eaaea2977ca5251e*****",
				ChangeID:  "wc-5d4103a856fd7c14ac9*****",
				StartedAt: time.Date(2019, 7, 31, 2, 57, 44, 384e6, time.UTC),
			},
			"DescribeGatherStatsResult": cloudapi.GatherStatsResult{
				Source: source(cloudapi.WebPlus, "DescribeGatherStatsResult", "cn-hangzhou", "D208107C-B729-4C92-80EE-7257131*****"),
				Change: &cloudapi.Change{
					EnvID: "we-5d3eaaea2977ca5251e*****", ChangeID: "wc-5d4134b956fd7c14ac9*****",
					Name: "gather.stats", Action: "GatherStats", CreatedBy: "user1",
					Description: `gather stats of env we-5d3eaaea2977ca5251e***** on ["{\"targetInstances\":\"i-wz94zz7mx8kt5kz*****\"}"]`,
					Finished:    cloudapi.True, Succeeded: cloudapi.True,
					Aborted: cloudapi.False, Paused: cloudapi.False, TimedOut: cloudapi.False,
					CreatedAt:       time.Date(2019, 7, 31, 6, 27, 5, 575e6, time.UTC),
					UpdatedAt:       time.Date(2019, 7, 31, 6, 27, 6, 111e6, time.UTC),
					FinishedAt:      time.Date(2019, 7, 31, 6, 27, 6, 63e6, time.UTC),
					TargetInstances: []cloudapi.InstanceID{"i-wz94zz7mx8kt5kz"},
				},
			},
			"DescribeInvocationResults": cloudapi.InvocationResults{
				Source: source(cloudapi.ECS, "DescribeInvocationResults", "cn-hangzhou", "F416C43A-6581-4138-9503-4FBBC4EA1BB7"),
				Results: []cloudapi.InvocationResult{{
					InvokeID: "t-hz0jdfwd9f****", CommandID: "c-hz0jdfwcsr****", InstanceID: "i-bp1i7gg30r52z2em****",
					InvocationStatus: "Failed", InvokeRecordStatus: "Finished",
					ErrorCode: "ExitCodeNonzero", ErrorInfo: "the command execution exit code is not zero.",
					ExitCode: new(int64(1)), Repeats: 1,
					StartedAt:  time.Date(2020, 5, 11, 9, 1, 40, 0, time.UTC),
					FinishedAt: time.Date(2020, 5, 11, 9, 1, 41, 0, time.UTC),
				}},
			},
			"DescribeApplicationStatus": cloudapi.AppStatus{
				Source: source(cloudapi.SAE, "DescribeApplicationStatus", "cn-hangzhou", "91F93257-7A4A-4BD3-9A7E-2F6EAE6D****"),
				AppID:  "0099b7be-5f5b-4512-a7fc-56049ef1****", CurrentStatus: "RUNNING", SubStatus: "NORMAL",
				RunningInstances:  new(int64(1)),
				LastChangeOrderID: "1ccc2339-fc19-49aa-bda0-1e7b8497****", LastChangeOrderStatus: "SUCCESS",
				LastChangeOrderRunning: cloudapi.False,
				AppCreatedAt:           time.Date(2019, 7, 17, 14, 22, 52, 746e6, time.UTC),
				EnableAgent:            cloudapi.False, ARMSAdvancedEnabled: cloudapi.False, ARMSLinked: true,
				FileSizeLimitKB: new(int64(10240)), TraceID: "0a98a02315955564772843261e****",
			},
			"GetExecuteOperationResult": cloudapi.OperationResult{
				Source: source(cloudapi.BPStudio, "GetExecuteOperationResult", "", "A3488F1D-xxxx-xxxx-xxxx-5374BA0F3562"),
				Found:  true, OperationID: "op_xxxxxxxx",
				Status:    "初始化:INIT;运行中:RUNNING; 成功:SUCCESS;失败:FAILURE;",
				Message:   machine(inSample(t, "GetExecuteOperationResult", "Data", "Message")),
				Arguments: machine(inSample(t, "GetExecuteOperationResult", "Data", "Arguments")),
			},
		} {
			got, err := decode(t, operation, sample(t, operation))
			require.NoError(t, err, operation)
			require.Equal(t, want, got)
		}
	})
}

func inSample(t testing.TB, operation string, path ...string) string {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal(sample(t, operation), &value))
	for _, key := range path {
		value = value.(map[string]any)[key]
	}
	return value.(string)
}

// notKept are the fields of the samples that leave no trace in a result.
var notKept = map[string]string{
	"Message":               "says success where Code says it already",
	"Code":                  "decides whether there is a result",
	"Success":               "decides whether there is a result",
	"Invocation.TotalCount": "not valid when pages are read by token",
	"Invocation.PageSize":   "not used when pages are read by token",
	"Invocation.PageNumber": "not used when pages are read by token",
	"Data.ArmsApmInfo":      "holds a licence key; only that it is there is kept",
}

// A field is kept if another value of it makes another result.
func TestNoFieldOfTheSamplesIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := map[string]bool{}
		for operation := range operations {
			original, err := decode(t, operation, sample(t, operation))
			require.NoError(t, err)
			for path, variants := range variations(t, sample(t, operation)) {
				kept := slices.ContainsFunc(variants, func(body []byte) bool {
					got, err := decode(t, operation, body)
					return err == nil && !reflect.DeepEqual(withoutTime(original), withoutTime(got))
				})
				if !kept {
					lost[path] = true
				}
			}
		}
		require.Equal(t, slices.Sorted(maps.Keys(notKept)), slices.Sorted(maps.Keys(lost)))
	})
}

// variations maps the path of each scalar in body to copies of body in which
// that one value is another.
func variations(t testing.TB, body []byte) map[string][][]byte {
	t.Helper()
	var document any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&document))
	all := map[string][][]byte{}
	var visit func(path []string, value any, set func(any))
	visit = func(path []string, value any, set func(any)) {
		var others []any
		switch value := value.(type) {
		case map[string]any:
			for key, child := range value {
				visit(append(slices.Clone(path), key), child, func(other any) { value[key] = other })
			}
		case []any:
			for i, child := range value {
				visit(path, child, func(other any) { value[i] = other })
			}
		case bool:
			others = []any{!value}
		case json.Number:
			others = []any{1564554425999}
		case string:
			others = []any{value + "x", "true", "1564554425999", "2020-05-11T09:01:59Z"}
		}
		for _, other := range others {
			set(other)
			variant, err := json.Marshal(document)
			require.NoError(t, err)
			set(value)
			name := strings.Join(path, ".")
			all[name] = append(all[name], variant)
		}
	}
	visit(nil, document, nil)
	require.NotEmpty(t, all)
	return all
}
