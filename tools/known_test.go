package tools_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

func TestKnownListsNamesInOrderAndNoCredential(t *testing.T) {
	client := func(region string) *cloudapi.Client {
		c, err := cloudapi.New(cloudapi.Config{Region: region, Credentials: cloudapi.StaticCredentials("LTAIsecret", "secret", "secret")})
		require.NoError(t, err)
		return c
	}
	cfg := tools.Config{
		Profiles: []tools.Profile{{Name: "prod", Client: client("cn-hangzhou")}, {Name: "any", Client: client("")}},
		Aliases: []tools.Alias{
			{Name: "web", Arg: "app_id", ID: cloudsim.WebApp, Region: "cn-beijing", Profile: "any"},
			{Name: "Checkout", Arg: "app_id", ID: cloudsim.CheckoutApp},
		},
	}
	known := cfg.Known()
	require.Equal(t, []tools.KnownProfile{{"prod", "cn-hangzhou"}, {"any", ""}}, known.Profiles)
	require.Equal(t, []string{"cn-beijing", "cn-hangzhou"}, known.Regions)
	require.Equal(t, "Checkout", known.Aliases[0].Name)
	require.Equal(t, tools.KnownAlias{"web", "get_app_status", "app_id", cloudsim.WebApp, "any", "cn-beijing"}, known.Aliases[1])
	text, err := json.Marshal(known)
	require.NoError(t, err)
	require.NotContains(t, string(text), "secret")

	for prefix, want := range map[string][]string{"": {"Checkout", "web"}, "c": {"Checkout"}, "WE": {"web"}, "x": {}, "webb": {}} {
		require.Equal(t, want, cfg.CompleteAlias(prefix), prefix)
	}
	require.Equal(t, []string{"prod"}, cfg.CompleteProfile("P"))
	require.Equal(t, []string{"cn-beijing", "cn-hangzhou"}, cfg.CompleteRegion("cn-"))
	require.Empty(t, cfg.CompleteRegion("us-"))
}
