package formatters

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

var (
	operationSpellings = []spelling{
		{"INIT", "INIT"}, {"RUNNING", "RUNNING"}, {"SUCCESS", "SUCCESS"}, {"FAILURE", "FAILURE"}, {"success", "SUCCESS"}, {" Failure\n", "FAILURE"},
		{"init", "INIT"}, {"", ""}, {"  ", ""}, {"SUC_CESS", odd}, {"SUCCESSFUL", odd}, {"FAILED", odd}, {"ſUCCESS", odd},
		{"初始化:INIT;运行中:RUNNING; 成功:SUCCESS;失败:FAILURE;", odd},
	}
	// successFlags is what success in Arguments may be, and what it means.
	successFlags = map[string]string{
		"": "", "null": "", `""`: "", "true": "true", `"true"`: "true", `" True "`: "true", "false": "false", `"false"`: "false", `"FALSE"`: "false",
		`"perhaps"`: odd, "1": odd, "{}": odd,
	}
	instanceStatuses = map[string]Verdict{
		`"Success"`: OK, `"SUCCEEDED"`: OK, `"Failed"`: Failed, `"FAILURE"`: Failed, `"Timeout"`: Failed, `"Running"`: InProgress, `"INIT"`: InProgress,
		`"Finished"`: Unknown, // not a success: it only says that it has ended
		`"odd"`:      Unknown, `null`: Unknown, `7`: Unknown,
	}
)

// operationVerdict is triage.md, section 6 with rules 1.5 and 1.6.
func operationVerdict(found bool, status, success string, instances []Verdict) Verdict {
	failed, unproved := success == "false", success == odd
	for _, v := range instances {
		failed = failed || v == Failed
		unproved = unproved || v != OK
	}
	switch {
	case !found, status == "":
		return Unknown
	case status == "FAILURE", failed:
		return Failed
	case status == "INIT", status == "RUNNING":
		return InProgress
	case status == odd, unproved:
		return Unknown
	default:
		return OK
	}
}

func operationContradicts(found bool, status, success string, instances []Verdict) bool {
	if !found {
		return false
	}
	anyFailed, anyElse, allOK := false, false, len(instances) > 0
	for _, v := range instances {
		anyFailed = anyFailed || v == Failed
		anyElse = anyElse || v != OK && v != Failed
		allOK = allOK && v == OK
	}
	switch status {
	case "SUCCESS":
		return success == "false" || success == odd || anyFailed || anyElse
	case "INIT", "RUNNING":
		return success == "false"
	case "FAILURE":
		return success == "true" || allOK
	}
	return false
}

// flagPlaces is where BPStudio may say success, in which spelling.
var flagPlaces = map[string]string{"arguments": "success", "attributes": "Success", "message": "SUCCESS"}

// answerOf writes what BPStudio would, and returns the verdicts of the instances.
func answerOf(place, success string, statuses []string) (message, arguments string, verdicts []Verdict) {
	fields := map[string][]string{}
	if success != "" {
		fields[place] = append(fields[place], strconv.Quote(flagPlaces[place])+":"+success)
	}
	var instances []string
	for i, s := range statuses {
		instances = append(instances, `"i-`+strconv.Itoa(i)+`":{"status":`+s+`,"message":"m","output":"o"}`)
		verdicts = append(verdicts, instanceStatuses[s])
	}
	if len(instances) > 0 {
		fields["attributes"] = append(fields["attributes"], `"instances":{`+strings.Join(instances, ",")+`}`)
	}
	object := func(name string) string { return "{" + strings.Join(fields[name], ",") + "}" }
	if len(fields["attributes"]) > 0 {
		fields["arguments"] = append(fields["arguments"], `"attributes":`+object("attributes"))
	}
	if message = blank; len(fields["message"]) > 0 {
		message = object("message")
	}
	return message, object("arguments"), verdicts
}

func TestOperationVerdictForEveryCombination(t *testing.T) {
	t.Parallel()
	sets := [][]string{nil, {`"Success"`, `"Failed"`}, {`"Success"`, `"Running"`}, {`"Failed"`, `"odd"`}, {`"Success"`, `"Success"`}}
	for s := range instanceStatuses {
		sets = append(sets, []string{s})
	}
	check := func(status spelling, place, success, meant string, set []string, found bool) {
		message, arguments, verdicts := answerOf(place, success, set)
		in := operation(status.came, message, arguments)
		in.Found = found
		r := testLock.OperationResult(in)
		about := []any{"%v %q %s %s: %q", found, status.came, message, arguments, r.Reasons}
		want := operationVerdict(found, status.meant, meant, verdicts)
		require.Equal(t, want, r.Verdict, about...)
		checkJudgement(t, r)
		require.NotEmpty(t, r.Reasons)
		require.Equal(t, operationContradicts(found, status.meant, meant, verdicts), namesContradiction(r), about...)
		rerun := Rerun("")
		if want == Failed {
			rerun = "check_first" // a write that failed
		}
		require.Equal(t, rerun, r.Rerun, about...)
		if status.meant == odd && found {
			require.Contains(t, r.Reasons[0], status.came, "the raw value is a reason")
		}
		require.Equal(t, found && (status.meant == "INIT" || status.meant == "RUNNING"), OperationResultChanging(in))
	}
	for _, status := range operationSpellings {
		for place := range flagPlaces {
			for success, meant := range successFlags {
				for _, set := range sets {
					check(status, place, success, meant, set, true)
					check(status, place, success, meant, set, false)
				}
			}
		}
	}
}

// TestAnInstanceIsJudgedByTheWorseOfStatusAndFlag, in an object and in a list.
func TestAnInstanceIsJudgedByTheWorseOfStatusAndFlag(t *testing.T) {
	for fields, want := range map[string]Verdict{
		`"status":"Success"`: OK, `"status":"Success","success":true`: OK, `"status":"Success","success":"FALSE"`: Failed,
		`"status":"Running","Success":false`: Failed, `"status":"Success","success":"perhaps"`: Unknown, `"status":"Failed","success":true`: Failed, `"success":true`: Unknown,
	} {
		r := testLock.OperationResult(operation("SUCCESS", blank, `{"attributes":{"instances":{"i-1":{`+fields+`}}}}`))
		require.Equal(t, want, r.Items[0].Verdict, fields)
		require.Equal(t, want == OK, r.Verdict == OK, fields)
		r = testLock.OperationResult(operation("SUCCESS", blank, `{"Instances":[{"InstanceId":"i-1",`+fields+`}]}`))
		require.Equal(t, want, r.Items[0].Verdict, fields)
		r = testLock.OperationResult(operation("SUCCESS", `[{"InstanceId":"i-1",`+fields+`}]`, ""))
		require.Equal(t, want == Failed, len(r.Items) == 1, "a bare list may describe resources, unless it speaks of failure: %s", fields)
		require.Equal(t, want == Failed, r.Verdict == Failed, fields)
	}
}

// TestArgumentsAreFoundInEveryWrapping: attributes and instances may be encoded
// once more, and the whole up to three times.
func TestArgumentsAreFoundInEveryWrapping(t *testing.T) {
	one := map[string]any{"status": "Failed", "message": "no space", "output": `{"not":"to be decoded"}`}
	encode := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return string(b)
	}
	for mask := range 8 {
		var instance any = one
		if mask&1 != 0 {
			instance = encode(instance)
		}
		var instances any = map[string]any{host1: instance}
		if mask&2 != 0 {
			instances = encode(instances)
		}
		var attributes any = map[string]any{"instances": instances}
		if mask&4 != 0 {
			attributes = encode(attributes)
		}
		text := encode(map[string]any{"success": "true", "attributes": attributes})
		for layers := range 3 {
			r := testLock.OperationResult(operation("SUCCESS", blank, text))
			require.Equal(t, Failed, r.Verdict, "%d layers: %s", layers, text)
			require.Equal(t, host1, r.Items[0].Name)
			require.Equal(t, `status Failed: "no space"`, r.Items[0].Text)
			require.Equal(t, `{"not":"to be decoded"}`, r.Items[0].Output.Text, "output is shown as it came")
			text = encode(text)
		}
	}
}

func TestUnwrapIsBounded(t *testing.T) {
	text := "[1]"
	for range 10 {
		text = strconv.Quote(text)
	}
	_, stillText := unwrapText(text, maxLayers).(string)
	require.True(t, stillText)
	huge := "[" + strings.Repeat("0,", maxUnwrapped/2) + "0]"
	require.Equal(t, huge, unwrapText(huge, maxLayers))
	for _, broken := range []string{`{"a":1}}`, `{"a":1} {"b":2}`, `{"a":`, `[1,]`, `"abc`, `{'a':1}`, "plain"} {
		require.Equal(t, broken, unwrapText(broken, maxLayers), "what is no JSON stays text")
	}
	for _, nothing := range []string{"", " ", `""`, `" "`, `"\" \""`} {
		require.Nil(t, unwrapText(nothing, maxLayers), "%q", nothing)
	}
	require.Equal(t, json.Number("12345678901234567890"), unwrapText("12345678901234567890", maxLayers), "numbers stay as they were written")
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	require.Equal(t, "[[[[1]]]]", testLock.chamber().digest(unwrapText(deep, maxLayers), 0))
}

func TestDigestShowsKeyFieldsAndCountsTheRest(t *testing.T) {
	for in, want := range map[string]string{
		`[{"b":1,"status":"running","listenerPort":80,"x":[1],"a":2,"instanceId":"i-1","c":3,"d":4}]`: `[{instanceId=i-1, status=running, listenerPort=80, a=2, b=1, and 3 fields more}]`,
		`[1,2,3,4,5]`:               `[1, 2, 3, and 2 more]`,
		`{"message":"two words"}`:   `{message="two words"}`,
		`{"a":{"b":{"c":{"d":1}}}}`: `{a={b={c={1 field}}}}`,
		`true`:                      `true`,
		`"text"`:                    `text`,
	} {
		require.Equal(t, want, testLock.chamber().digest(unwrapText(in, maxLayers), 0))
	}
}

// TestWhatSpeaksOfFailureIsNeverOK, wherever BPStudio puts it.
func TestWhatSpeaksOfFailureIsNeverOK(t *testing.T) {
	for _, arguments := range []string{
		`{"attributes":{"instances":{"i-1":{"status":"Success","exitCode":1}}}}`, `{"attributes":{"instances":{"i-1":{"status":"Success","errorCode":"X"}}}}`,
		`{"success":true,"instances":{"i-1":{"status":"Failed"}}}`, `{"attributes":{"instances":["{\"instanceId\":\"i-1\",\"status\":\"Failed\"}"]}}`,
		`{"attributes":[{"instanceId":"i-1","status":"Failed"}]}`, `{"data":{"success":false}}`, `{"data":"{\"result\":{\"Success\":\"false\"}}"}`,
		"\ufeff" + `{"success":false}`, `{"steps":[{"name":"a","status":"success"},{"name":"b","status":"FAILED"}]}`, `note: {"success":false,`, `{"error":"QuotaExceeded","code":"Q"}`,
		`[{"Status":"Failed",` + strings.Repeat(" ", maxUnwrapped),
	} {
		for _, in := range []cloudapi.OperationResult{operation("SUCCESS", blank, arguments), operation("SUCCESS", arguments, "")} {
			r := testLock.OperationResult(in)
			if strings.HasPrefix(arguments, "note") && in.Message.Len() > len(blank) {
				continue // a message is free text
			}
			if len(arguments) > maxUnwrapped && in.Message.Len() > len(blank) {
				continue
			}
			require.NotEqual(t, OK, r.Verdict, "%.200s", arguments)
			checkJudgement(t, r)
		}
	}
	for _, arguments := range []string{`{"output":{"success":false}}`, `{"exitCode":0,"errorCode":"","error":null}`, `{"steps":[{"status":"Running"}]}`} {
		require.Equal(t, OK, testLock.OperationResult(operation("SUCCESS", blank, arguments)).Verdict, arguments)
	}
}
