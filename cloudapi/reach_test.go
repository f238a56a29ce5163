package cloudapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestTheSimulatorIsReachedWithoutSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, sim := simClient(t)
		for product, host := range map[cloudapi.Product]string{
			cloudapi.ECS: "ecs-cn-hangzhou.aliyuncs.com", cloudapi.SAE: "sae.cn-hangzhou.aliyuncs.com", cloudapi.STS: "sts.aliyuncs.com",
		} {
			got, err := client.Reach(t.Context(), product)
			require.NoError(t, err)
			require.Equal(t, cloudapi.Reached{Host: host, Status: http.StatusBadRequest, SkewKnown: true, Skew: got.Skew}, got)
			require.Less(t, got.Skew.Abs(), time.Second)
		}
		require.Empty(t, sim.Calls().Accepted, "it is not a call")
	})
}

func TestWhereAKeyCameFrom(t *testing.T) {
	home := bareMachine(t)
	writeFile(t, home+"/.aliyun/config.json", cliConfig)
	s := plainSTS(t)
	s.PutCredential(cloudsim.Credential{Key: acs3.Key{ID: "cli-id", Secret: "cli-secret"}})
	got, err := s.client(t, cloudapi.ChainCredentials(cloudapi.CredentialOptions{})).CredentialsSource(t.Context())
	require.NoError(t, err)
	require.Equal(t, `profile "default" of the aliyun CLI (~/.aliyun/config.json)`, got)
	for want, credentials := range map[string]*cloudapi.Credentials{
		"the given key": cloudapi.StaticCredentials("i", "s", ""),
		`profile "default" of the aliyun CLI (~/.aliyun/config.json)`:                        cloudapi.ProfileCredentials("default", cloudapi.CredentialOptions{}),
		`profile "default" of the aliyun CLI (~/.aliyun/config.json), then role ` + testRole: cloudapi.ProfileCredentials("default", cloudapi.CredentialOptions{}).Assume(s.role(t)),
		"the given key, then role " + testRole + ", then role " + testRole:                   s.base().Assume(s.role(t)).Assume(s.role(t)),
	} {
		got, err := s.client(t, credentials).CredentialsSource(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err = s.client(t, cloudapi.ProfileCredentials("other", cloudapi.CredentialOptions{})).CredentialsSource(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	s.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "NoPermission"})
	_, err = s.client(t, s.base().Assume(s.role(t))).CredentialsSource(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrForbidden)
	require.Equal(t, "AssumeRole", failure(t, err).Op)
}
