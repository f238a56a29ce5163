package tools_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

// simulated are the tools over the demo world.
func simulated() []tools.Tool {
	sim := cloudsim.New(cloudsim.Options{})
	client, err := cloudapi.New(cloudapi.Config{
		Region:      cloudsim.Region,
		Credentials: cloudapi.StaticCredentials(sim.Key().ID, sim.Key().Secret, ""),
		Transport:   sim.Transport(),
	})
	if err != nil {
		panic(err)
	}
	return tools.All(tools.Config{
		Profiles:  []tools.Profile{{Name: "prod", Client: client}},
		Aliases:   []tools.Alias{{Name: "checkout", Arg: "app_id", ID: cloudsim.CheckoutApp}},
		Simulated: true,
	})
}

func ExampleTool_Call() {
	status, err := tools.Find(simulated(), "get_app_status")
	if err != nil {
		panic(err)
	}
	report, err := status.Call(context.Background(), json.RawMessage(`{"app_id":"checkout"}`), nil)
	fmt.Println(report.Verdict, err)
	fmt.Println(report.Resume.Get("app_id"))

	_, err = status.Call(context.Background(), json.RawMessage(`{"app_id":"checkuot"}`), nil)
	fmt.Println(status.ErrorText(err))
	// Output:
	// action_needed <nil>
	// 5c0e8a4f-93d1-4b7a-a2f6-1d84c7e0b935
	// get_app_status: refused, nothing was asked of Alibaba Cloud
	// - app_id: "checkuot" is refused: it does not have the shape of an AppId, such as 0099b7be-5f5b-4512-a7fc-56049ef10000; did you mean the alias checkout?
}

func ExampleTool_ParseArgs() {
	gather := simulated()[0]
	args, err := gather.ParseArgs(`“we-5d3eaaea2977ca5251e00000” i-bp1i7gg30r52z2em0000 —wait-seconds 10`)
	fmt.Println(string(args), err)
	// Output:
	// {"env_id":"we-5d3eaaea2977ca5251e00000","target_instances":["i-bp1i7gg30r52z2em0000"],"wait_seconds":"10"} <nil>
}
