package cloudsim_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestResizeRunsFromTheFirstReadAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		c := newClient(t, s)
		read := func() cloudapi.OperationResult {
			got, err := c.GetExecuteOperationResult(t.Context(), cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
			require.NoError(t, err)
			require.True(t, got.Found)
			require.Equal(t, cloudapi.OperationID(cloudsim.Resize), got.OperationID)
			return got
		}
		time.Sleep(time.Hour) // a demonstration may begin late
		require.Equal(t, "RUNNING", read().Status)
		time.Sleep(8*time.Second - time.Nanosecond)
		require.Equal(t, "RUNNING", read().Status)
		time.Sleep(time.Nanosecond)
		got := read()
		require.Equal(t, "SUCCESS", got.Status)

		var arguments struct {
			Success    bool
			Attributes struct {
				Instances map[string]struct{ Status, Message, Output string }
			}
		}
		require.NoError(t, json.Unmarshal(got.Arguments.Open(), &arguments))
		require.True(t, arguments.Success)
		require.Equal(t, "Success", arguments.Attributes.Instances[cloudsim.FullDiskInstance].Status)
		require.NotEmpty(t, arguments.Attributes.Instances[cloudsim.FullDiskInstance].Output)
	})
}

func TestAnOperationHasTheTypesOfTheWire(t *testing.T) {
	got := ask(t, cloudsim.New(cloudsim.Options{}), askOperation)
	require.Equal(t, 200.0, got.code(), "a number here, a string elsewhere")
	require.Equal(t, `" "`, got.json["Message"], "two quotes and a blank, which mean nothing")
	require.Equal(t, map[string]any{
		"OperationId": cloudsim.Resize, "Status": "RUNNING", "Message": `" "`, "Arguments": "",
	}, got.json["Data"])
}

func TestAnOperationThatIsNotKnownIsASuccessWithoutData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		s.PutOperation(cloudsim.Operation{ID: "op_short", Status: "FAILURE", ExpiresAt: time.Now().Add(time.Hour)})
		require.Equal(t, "FAILURE", ask(t, s, askOperation.withForm("OperationId", "op_short")).at("Data", "Status"))
		time.Sleep(time.Hour)
		for name, id := range map[string]string{
			"expired": "op_short", "unknown": "op_never", "masked": "op_4k2m9x7q1c8v5b3n6t****",
		} {
			got := ask(t, s, askOperation.withForm("OperationId", id))
			require.Equal(t, 200, got.status, name)
			require.Equal(t, 200.0, got.code(), name)
			require.NotContains(t, got.json, "Data", name)
		}
	})
}

func TestAnOperationNeedsAnID(t *testing.T) {
	got := ask(t, cloudsim.New(cloudsim.Options{}), askOperation.withForm("ResourceGroupId", "rg-1"))
	require.Equal(t, 400, got.status)
	require.Equal(t, "MissingOperationId", got.code())
}
