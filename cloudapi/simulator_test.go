package cloudapi_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func inDemoWorld(t testing.TB, options cloudsim.Options) (*cloudsim.Sim, *cloudapi.Client) {
	t.Helper()
	sim := cloudsim.New(options)
	return sim, clientWith(t, sim, sim.Key())
}

func clientWith(t testing.TB, sim *cloudsim.Sim, key acs3.Key) *cloudapi.Client {
	t.Helper()
	client, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Transport: sim.Transport(),
		Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
	})
	require.NoError(t, err)
	return client
}

// The simulator was written from the other side of the same pages.
func TestTheDemoWorldCanBeRead(t *testing.T) {
	for name, token := range map[string]string{"with an AccessKey": "", "with a temporary key": "STS.demo+/="} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				_, client := inDemoWorld(t, cloudsim.Options{SecurityToken: token})

				app, err := client.DescribeApplicationStatus(ctx, cloudsim.CheckoutApp)
				require.NoError(t, err)
				require.Equal(t, "WAIT_BATCH_CONFIRM", app.LastChangeOrderStatus)
				require.True(t, app.ARMSLinked)
				requireHidden(t, cloudsim.DemoLicenseKey, app)

				seen := map[cloudapi.InstanceID]bool{}
				for page := (cloudapi.InvocationResults{NextToken: "first"}); page.NextToken != ""; {
					request := cloudapi.InvocationResultsRequest{InvokeID: cloudsim.DiskCleanup, MaxResults: 20, NextToken: page.NextToken}
					if page.NextToken == "first" {
						request.NextToken = ""
					}
					page, err = client.DescribeInvocationResults(ctx, request)
					require.NoError(t, err)
					for _, result := range page.Results {
						seen[result.InstanceID] = true
						require.False(t, result.Output.Undecoded)
						requireHidden(t, cloudsim.DemoPassword, result)
					}
				}
				require.Len(t, seen, 50)

				change, err := client.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
				require.NoError(t, err)
				gather, err := client.DescribeGatherStatsResult(ctx, change.ChangeID)
				require.NoError(t, err)
				require.Equal(t, cloudapi.False, gather.Change.Finished)
				wait(t, time.Minute)
				gather, err = client.DescribeGatherStatsResult(ctx, change.ChangeID)
				require.NoError(t, err)
				require.Equal(t, cloudapi.True, gather.Change.Finished)
				require.Len(t, gather.Instances, 3)

				operation, err := client.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
				require.NoError(t, err)
				require.True(t, operation.Found)
				require.Equal(t, "RUNNING", operation.Status)
				wait(t, time.Minute)
				operation, err = client.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
				require.NoError(t, err)
				require.Equal(t, "SUCCESS", operation.Status)
				operation, err = client.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: "op_unknown"})
				require.NoError(t, err)
				require.False(t, operation.Found)
			})
		})
	}
}

func TestTheGatewayRefusesKeysForTheRightReason(t *testing.T) {
	for name, row := range map[string]struct {
		change      func(*acs3.Key)
		code        string
		secretWrong bool
	}{
		"a wrong secret":    {func(k *acs3.Key) { k.Secret += "x" }, "SignatureDoesNotMatch", true},
		"an unknown key":    {func(k *acs3.Key) { k.ID += "x" }, "InvalidAccessKeyId.NotFound", false},
		"no token":          {func(k *acs3.Key) { k.SecurityToken = "" }, "MissingSecurityToken", false},
		"no such token":     {func(k *acs3.Key) { k.SecurityToken = "other" }, "InvalidSecurityToken.Malformed", false},
		"everything right":  {func(*acs3.Key) {}, "", false},
		"blanks around all": {func(k *acs3.Key) { k.ID, k.Secret, k.SecurityToken = k.ID+"\n", " "+k.Secret, k.SecurityToken+"\r\n" }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := cloudsim.New(cloudsim.Options{SecurityToken: "STS.demo"})
				key := sim.Key()
				row.change(&key)
				for operation, call := range map[string]func(context.Context, *cloudapi.Client) (any, error){
					"read": func(ctx context.Context, c *cloudapi.Client) (any, error) {
						return c.DescribeApplicationStatus(ctx, cloudsim.WebApp)
					},
					"start": func(ctx context.Context, c *cloudapi.Client) (any, error) {
						return c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
					},
				} {
					_, err := call(t.Context(), clientWith(t, sim, key))
					if row.code == "" {
						require.NoError(t, err, operation)
						continue
					}
					e := failure(t, err)
					require.ErrorIs(t, err, cloudapi.ErrUnauthenticated)
					require.Equal(t, row.code, e.Code)
					require.Equal(t, row.secretWrong, e.SecretWrong)
					require.False(t, e.MayHaveStarted)
					requireHidden(t, "STS.demo", err)
				}
			})
		})
	}
}

// Each of the simulator's faults, with the gather carried out behind it and
// without: what the caller is told is what has happened.
func TestAGatherThatBeganBehindAFaultIsNotDenied(t *testing.T) {
	for _, kind := range []cloudsim.FaultKind{
		cloudsim.Refuse, cloudsim.FailureInside, cloudsim.HTML, cloudsim.Delay, cloudsim.SlowBody,
		cloudsim.CutBody, cloudsim.Reset, cloudsim.BadJSON, cloudsim.Oversized,
	} {
		for _, performed := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				sim, client := inDemoWorld(t, cloudsim.Options{})
				sim.Inject(cloudsim.Fault{Kind: kind, Code: "InternalError", Status: 502, Performed: performed, Delay: 90 * time.Second})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := client.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
				e := failure(t, err)
				require.True(t, e.MayHaveStarted, kind)
				require.LessOrEqual(t, len(sim.Calls().Changes), 1, kind)
				require.Equal(t, 1, sim.Calls().Accepted[start], kind)
			})
		}
	}
}
