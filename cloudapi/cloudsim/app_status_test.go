package cloudsim_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestTheDemoAppsAsTheClientReadsThem(t *testing.T) {
	for name, tc := range map[string]struct {
		id               cloudapi.AppID
		sub, orderStatus string
		running          cloudapi.Flag
		instances        int64
	}{
		"checkout waits for a human":       {cloudsim.CheckoutApp, "NORMAL", "WAIT_BATCH_CONFIRM", cloudapi.True, 3},
		"payments was released half-way":   {cloudsim.PaymentsApp, "RUNNING_BUT_HAS_ERROR", "RUNNING", cloudapi.True, 4},
		"web is healthy after its release": {cloudsim.WebApp, "NORMAL", "SUCCESS", cloudapi.False, 6},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newClient(t, cloudsim.New(cloudsim.Options{})).DescribeApplicationStatus(t.Context(), tc.id)
			require.NoError(t, err)
			require.Equal(t, tc.id, got.AppID)
			require.Equal(t, "RUNNING", got.CurrentStatus)
			require.Equal(t, tc.sub, got.SubStatus)
			require.Equal(t, tc.orderStatus, got.LastChangeOrderStatus)
			require.Equal(t, tc.running, got.LastChangeOrderRunning)
			require.Equal(t, tc.instances, *got.RunningInstances)
			require.NotEmpty(t, got.LastChangeOrderID)
			require.True(t, got.ARMSLinked)
			require.Equal(t, cloudapi.True, got.ARMSAdvancedEnabled)
			require.Equal(t, int64(10240), *got.FileSizeLimitKB)
			require.Regexp(t, "^[0-9a-f]{30}$", got.TraceID)
			require.Greater(t, time.Since(got.AppCreatedAt), 365*24*time.Hour)
		})
	}
}

func TestAnAppHasTheTypesOfTheWire(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	got := ask(t, s, askApp)
	require.Equal(t, "200", got.code(), "a string here, a number elsewhere")
	require.Equal(t, true, got.json["Success"])
	require.Equal(t, "true", got.at("Data", "ArmsAdvancedEnabled"))
	require.IsType(t, "", got.at("Data", "CreateTime"))
	require.IsType(t, 0.0, got.at("Data", "RunningInstances"))
	require.IsType(t, true, got.at("Data", "LastChangeOrderRunning"))
	var arms map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.at("Data", "ArmsApmInfo").(string)), &arms))
	require.Equal(t, map[string]string{"appId": cloudsim.CheckoutApp, "licenseKey": cloudsim.DemoLicenseKey}, arms)
}

func TestAnAppWithoutARMSSaysSo(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutApp(cloudsim.App{ID: "a", CurrentStatus: "STOPPED"})
	got, err := newClient(t, s).DescribeApplicationStatus(t.Context(), "a")
	require.NoError(t, err)
	require.False(t, got.ARMSLinked)
	require.Equal(t, cloudapi.False, got.ARMSAdvancedEnabled)
}

func TestAppsThatCannotBeRead(t *testing.T) {
	elsewhere := askApp
	elsewhere.host = "sae.cn-beijing.aliyuncs.com"
	anywhere := askApp
	anywhere.host = "127.0.0.1:1"
	for name, tc := range map[string]struct {
		q      question
		status int
		code   any
	}{
		"no AppId":                        {askApp.with("AppId", ""), http.StatusBadRequest, "InvalidParameter.NotEmpty"},
		"an unknown AppId":                {askApp.with("AppId", "0099b7be-5f5b-4512-a7fc-56049ef1aaaa"), http.StatusNotFound, "InvalidAppId.NotFound"},
		"a masked AppId":                  {askApp.with("AppId", "0099b7be-5f5b-4512-a7fc-56049ef1****"), http.StatusNotFound, "InvalidAppId.NotFound"},
		"another region's host":           {elsewhere, http.StatusNotFound, "InvalidAppId.NotFound"},
		"but a host of no region has all": {anywhere, http.StatusOK, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, cloudsim.New(cloudsim.Options{}), tc.q)
			require.Equal(t, tc.status, got.status)
			require.Equal(t, tc.code, got.code())
		})
	}
}

func TestAnAppChangesWithTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		now := time.Now()
		s.PutApp(cloudsim.App{
			ID: "a", LastChangeOrderStatus: "RUNNING", ThenAt: now.Add(5 * time.Second), Then: &cloudsim.App{
				LastChangeOrderStatus: "AUTO_BATCH_WAIT", ThenAt: now.Add(9 * time.Second), Then: &cloudsim.App{
					LastChangeOrderStatus: "SUCCESS",
				},
			},
		})
		for _, want := range []string{"RUNNING", "AUTO_BATCH_WAIT", "SUCCESS"} {
			got := ask(t, s, askApp.with("AppId", "a"))
			require.Equal(t, want, got.at("Data", "LastChangeOrderStatus"))
			require.Equal(t, "a", got.at("Data", "AppId"))
			time.Sleep(5 * time.Second)
		}
	})
}

func TestRawAnswersAreSentAsTheyAre(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	raw := []byte(`{"odd":true}`)
	s.PutApp(cloudsim.App{ID: "raw", Raw: raw})
	s.PutInvocation(cloudsim.Invocation{ID: "t-raw", Raw: raw})
	s.PutChange(cloudsim.Change{ID: "wc-raw", Raw: raw})
	s.PutOperation(cloudsim.Operation{ID: "op_raw", Raw: raw})
	for name, q := range map[string]question{
		"an app":        askApp.with("AppId", "raw"),
		"an invocation": askInvocation.with("InvokeId", "t-raw"),
		"a change":      readGather.with("ChangeId", "wc-raw"),
		"an operation":  askOperation.withForm("OperationId", "op_raw"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, string(raw), ask(t, s, q).body)
		})
	}
}
