package formatters

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// readInvocation reads an invocation of the simulator as a whole, and replaces
// what is random in the answer.
func readInvocation(t *testing.T, sim *cloudsim.Sim, id cloudapi.InvokeID) cloudapi.InvocationResults {
	t.Helper()
	client, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Credentials: cloudapi.StaticCredentials(sim.Key().ID, sim.Key().Secret, ""), Transport: sim.Transport(),
	})
	require.NoError(t, err)
	var all cloudapi.InvocationResults
	for request := (cloudapi.InvocationResultsRequest{InvokeID: id, MaxResults: cloudapi.MaxPageSize}); ; {
		next, err := client.DescribeInvocationResults(t.Context(), request)
		require.NoError(t, err)
		all.Results = append(all.Results, next.Results...)
		all.AsOf = next.AsOf
		if request.NextToken = next.NextToken; request.NextToken == "" {
			break
		}
	}
	asOf := all.AsOf
	all.Source = sourceOf(cloudapi.ECS, "DescribeInvocationResults", cloudsim.Region)
	all.AsOf = asOf
	return all
}
