package cloudapi_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

var update = flag.Bool("update", false, "write the golden files under testdata anew")

// The requests as the server reads them are checked in under
// testdata/requests. What differs each time, or between machines, is masked.
func TestRequestsOnTheWire(t *testing.T) {
	for name, call := range map[string]func(context.Context, *cloudapi.Client) error{
		"gather_some_instances": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{
				EnvID: "we-5d3eaaea2977ca5251e00000", TargetInstances: []cloudapi.InstanceID{"i-wz94zz7mx8kt5kz00000", "i-wz94zz7mx8kt5kz00001"},
			})
			return err
		},
		"gather_whole_environment": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: "we-5d3eaaea2977ca5251e00000"})
			return err
		},
		"gather_result": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.DescribeGatherStatsResult(ctx, "wc-5d4134b956fd7c14ac900000")
			return err
		},
		"invocation_results_all_parameters": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.DescribeInvocationResults(ctx, cloudapi.InvocationResultsRequest{
				InvokeID: "t-hz0jdfwd9f0000", InstanceID: "i-bp1i7gg30r52z2em0000", CommandID: "c-hz0jdfwcsr0000",
				Status: "Finished", IncludeHistory: true, MaxResults: 50, NextToken: "AAAAAdDWBF2+/w==",
			})
			return err
		},
		"invocation_results_defaults": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.DescribeInvocationResults(ctx, cloudapi.InvocationResultsRequest{InvokeID: "t-hz0jdfwd9f0000"})
			return err
		},
		"app_status": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.DescribeApplicationStatus(ctx, "0099b7be-5f5b-4512-a7fc-56049ef10000")
			return err
		},
		"app_status_hostile_id": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.DescribeApplicationStatus(ctx, "a b+c&AppId=ü/../?#%2F\r\nX-Evil: 1")
			return err
		},
		"operation_result": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: "op_abcdefgh"})
			return err
		},
		"operation_result_resource_group": func(ctx context.Context, c *cloudapi.Client) error {
			_, err := c.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{
				OperationID: "op_abcdefgh", ResourceGroupID: "rg a&b=c",
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = dump(r)
				w.WriteHeader(http.StatusBadRequest) // ends the call at once
			})
			require.Error(t, call(t.Context(), client))

			golden := filepath.Join("testdata", "requests", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

var volatile = regexp.MustCompile(`^(X-Acs-(Date|Signature-Nonce): |Authorization: .*Signature=).*$`)

func dump(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", r.Method, r.RequestURI, r.Proto)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, "%s\n", volatile.ReplaceAllString(name+": "+value, "$1…"))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", body)
	return b.String()
}

func TestWhatIsSignedIsWhatArrives(t *testing.T) {
	for name, call := range operations {
		t.Run(name, func(t *testing.T) {
			var sent, computed string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.URL.RawQuery = acs3.CanonicalQuery(r.URL.Query())
				_, sent, _ = strings.Cut(r.Header.Get("Authorization"), "Signature=")
				computed = acs3.Signature(acs3.StringToSign(r, acs3.MustSign(r.Header), acs3.HexSHA256(body)), "testsecret")
				w.WriteHeader(http.StatusBadRequest)
			})
			_, err := call(t.Context(), client)
			require.Error(t, err)
			require.Equal(t, computed, sent)
		})
	}
}

func TestTheTokenOfATemporaryKeyIsSentAndSigned(t *testing.T) {
	var token, authorization string
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("STS.id", "secret", "the-token"),
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			token, authorization = r.Header.Get(acs3.HeaderSecurityToken), r.Header.Get("Authorization")
			return response(http.StatusBadRequest, ""), nil
		}),
	})
	require.NoError(t, err)
	_, err = client.DescribeApplicationStatus(t.Context(), "a")
	require.Error(t, err)
	require.Equal(t, "the-token", token)
	require.Contains(t, authorization, "Credential=STS.id,")
	require.Contains(t, authorization, ";x-acs-security-token;")
}

func TestAnEndpointMayHaveAPath(t *testing.T) {
	base, err := cloudapi.ParseEndpoint("https://proxy.example.internal/alibaba/sae/")
	require.NoError(t, err)
	var got string
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("id", "secret", ""),
		Endpoints: map[cloudapi.Product]*url.URL{cloudapi.SAE: base},
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			got = r.URL.String()
			return response(http.StatusBadRequest, ""), nil
		}),
	})
	require.NoError(t, err)
	_, err = client.DescribeApplicationStatus(t.Context(), "a")
	require.Error(t, err)
	require.Equal(t, "https://proxy.example.internal/alibaba/sae/pop/v1/sam/app/describeApplicationStatus?AppId=a", got)
}
