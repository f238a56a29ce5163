package cloudapi_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestEveryAttemptIsObservedInAFewWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Options{})
		key := sim.Key()
		var seen []string
		client, err := cloudapi.New(cloudapi.Config{
			Region: cloudsim.Region, Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, ""), Transport: sim.Transport(),
			Observe: func(operation, outcome string) { seen = append(seen, operation+" "+outcome) },
		})
		require.NoError(t, err)
		for _, fault := range []cloudsim.Fault{
			{Code: "Throttling.User", Times: 1}, {Code: "Made.Up.By.A.Lying.Server", Status: 418, Times: 1}, {Kind: cloudsim.Reset, Times: 1}, {Code: "NoPermission", Times: 1},
		} {
			sim.Inject(fault)
			_, _ = client.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
		}
		const op = "DescribeApplicationStatus "
		require.Equal(t, []string{op + "Throttling*", op + "ok", op + "http_418", op + "no_answer", op + "ok", op + "NoPermission"}, seen)
	})
}
