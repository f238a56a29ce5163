package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

func TestLinksLeadToTheSiteOfTheProfile(t *testing.T) {
	for profile, host := range map[string]string{"": "aliyun.com", "prod": "aliyun.com", "staging": "alibabacloud.com"} {
		t.Run("profile "+profile, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				args := func(arg, id string) string {
					return toJSON(t, map[string]string{arg: id, "profile": profile, "region": cloudsim.Region})
				}
				for _, c := range []struct{ tool, arg, id string }{
					{"get_app_status", "app_id", cloudsim.CheckoutApp},
					{"get_invocation_results", "invoke_id", cloudsim.DiskCleanup},
					{"get_operation_result", "operation_id", "op_7c1f0a3b52d94e0f"},
				} {
					steps := w.ok(t, c.tool, args(c.arg, c.id)).NextSteps
					require.Contains(t, steps[len(steps)-1], ".console."+host, c.tool)
				}
				w.Inject(cloudsim.Fault{Operation: readApp, Status: 503, Code: "ServiceUnavailable", Times: 20})
				require.Contains(t, w.call(t, "get_app_status", args("app_id", cloudsim.CheckoutApp)).text, "https://status."+host)
			}, func(cfg *tools.Config) { cfg.Profiles[1].Site, cfg.Aliases = formatters.International, nil })
		})
	}
}
