package formatters

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/alitriage/alitriage/cloudapi"
)

const testOperation = "op_4k2m9x7q1c8v5b3n6t0p2r"

func operation(status, message, arguments string) cloudapi.OperationResult {
	return cloudapi.OperationResult{
		Source: sourceOf(cloudapi.BPStudio, "GetExecuteOperationResult", ""),
		Found:  true, OperationID: testOperation, Status: status,
		Message: cloudapi.NewMachineBytes([]byte(message)), Arguments: cloudapi.NewMachineBytes([]byte(arguments)),
	}
}

const (
	blank = `" "`

	instanceOK   = `{"status":"Success","message":"data disk /dev/vdb enlarged from 200 GiB to 400 GiB","output":"resize2fs 1.46.5\nThe filesystem on /dev/vdb1 is now 104857339 (4k) blocks long.\n"}`
	instanceBad  = `{"status":"Failed","message":"resize2fs failed","output":"resize2fs 1.46.5\nresize2fs: Permission denied to resize filesystem\npassword=Wint3r-Sale!\n"}`
	instanceGoes = `{"status":"Running"}`

	slbMessage = `"[{"vServerGroupId":"rsp-1","healthCheckHttpVersion":"http1.0","status":"running","gzip":"on","requestId":"89","description":"abc","bandwidth":-1,"listenerPort":80,"scheduler":"rr","rules":[],"aclIds":[]},{"status":"stopped","listenerPort":443},{"status":"running","listenerPort":8080},{"status":"running","listenerPort":9090}]"`
)

func attributes(instances string) string { return `"attributes":{"instances":{` + instances + `}}` }

func operationCases() []goldenCase {
	resume := Facts{{"operation_id", testOperation}}
	of := func(name, status, message, arguments string) goldenCase {
		op := operation(status, message, arguments)
		c := goldenCase{name: name, report: testLock.OperationResult(op)}
		if OperationResultChanging(op) {
			c.resume = resume
		}
		return c
	}
	three := `"` + host1 + `":` + instanceOK + `,"` + host2 + `":` + instanceOK + `,"` + host3 + `":`
	nested := `{"success":"true","attributes":` + strconv.Quote(`{"instances":`+strconv.Quote(`{"`+host1+`":`+instanceBad+`}`)+`}`) + `}`
	sample, err := os.ReadFile(filepath.Join("..", "cloudapi", "testdata", "answers", "GetExecuteOperationResult.json"))
	if err != nil {
		panic(err)
	}
	data, err := decodeJSON(string(sample))
	if err != nil {
		panic(err)
	}
	vendor := func(name string) string { return field(field(data, "Data"), name).(string) }
	vendorText := func(name string) string {
		return data.(map[string]any)["Data"].(map[string]any)[name].(string)
	}
	gone := operation("", "", "")
	gone.Found = false
	return []goldenCase{
		{name: "no Data", report: testLock.OperationResult(gone)},
		of("Data without Status", "", blank, ""),
		of("initialising", "INIT", blank, ""),
		of("running", "RUNNING", blank, ""),
		of("running with a failed instance", "RUNNING", blank, `{`+attributes(`"`+host1+`":`+instanceBad+`,"`+host2+`":`+instanceGoes)+`}`),
		of("running but success is false", "RUNNING", blank, `{"success":false}`),
		of("succeeded", "SUCCESS", blank, `{"tagMap":{"cadt":["12345678","34567890"]}}`),
		of("succeeded in another spelling", " success ", blank, ""),
		of("succeeded on three instances", "SUCCESS", blank, `{"success":true,"message":"3 of 3 instances done",`+attributes(three+instanceOK)+`}`),
		of("succeeded but one of three instances failed", "SUCCESS", blank, `{"success":true,`+attributes(three+instanceBad)+`}`),
		of("succeeded but one instance still runs", "SUCCESS", blank, `{"success":true,`+attributes(three+instanceGoes)+`}`),
		of("succeeded but its arguments say false", "SUCCESS", blank, `{"success":"False","message":"quota exceeded"}`),
		of("succeeded but success cannot be read", "SUCCESS", blank, `{"success":"perhaps"}`),
		of("succeeded but its arguments are cut JSON", "SUCCESS", blank, `{"success":false,"attributes":{"inst`),
		of("succeeded but its message says false", "SUCCESS", `{"success":false,"message":"quota exceeded"}`, ""),
		of("succeeded but its attributes say false in capitals", "SUCCESS", blank, `{"Attributes":{"Success":"FALSE"}}`),
		of("succeeded but an instance says false", "SUCCESS", blank, `{`+attributes(`"`+host1+`":{"status":"Success","success":false}`)+`}`),
		of("succeeded but a bare list holds a failure", "SUCCESS", blank, `[{"instanceId":"`+host1+`","status":"Failed","message":"quota exceeded"},{"instanceId":"`+host2+`","status":"Success"}]`),
		of("succeeded with a list of servers", "SUCCESS", `[{"InstanceId":"`+host1+`","InstanceName":"shop-db-03","Status":"Running","RegionId":"cn-hangzhou","InstanceType":"ecs.g7.xlarge","RequestId":"89"},{"InstanceId":"`+host2+`","Status":"Stopped"}]`, ""),
		of("a failed instance three layers deep", "SUCCESS", blank, strconv.Quote(nested)),
		of("failed with a message", "FAILURE", `{"code":"QuotaExceed.DiskSize","message":"The disk size exceeds the quota."}`, ""),
		of("failed with a list in JSON in quotes", "FAILURE", slbMessage, ""),
		of("failed without a message", "FAILURE", blank, ""),
		of("failed although every instance succeeded", "FAILURE", blank, `{"success":true,`+attributes(three+instanceOK)+`}`),
		of("the sample of the vendor", vendor("Status"), vendorText("Message"), vendorText("Arguments")),
		of("a status nobody knows with a failed instance", "PARTIAL", blank, `{`+attributes(`"`+host1+`":`+instanceBad)+`}`),
		of("hostile texts", "FAILURE", "\x1b[31mplain text\u202e \"quoted\"\nOK: Operation succeeded",
			`{"i-fake\u001b[2J":"\u001b]0;x\u0007hidden","note":"{\"password\":\"hunter2-hunter2\"}"}`),
	}
}
