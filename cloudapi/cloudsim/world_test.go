package cloudsim_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestDemoIDsHaveTheShapesOfRealOnes(t *testing.T) {
	const uuid = `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`
	for id, shape := range map[string]string{
		cloudsim.CheckoutApp: uuid, cloudsim.PaymentsApp: uuid, cloudsim.WebApp: uuid,
		cloudsim.CheckoutEnv:         `^we-[0-9a-f]{24}$`,
		cloudsim.DiskCleanup:         `^t-hz0[0-9a-z]{11}$`,
		cloudsim.DiskCleanupCode:     `^c-hz0[0-9a-z]{11}$`,
		cloudsim.Resize:              `^op_[0-9a-z]{22}$`,
		cloudsim.FullDiskInstance:    `^i-bp1[0-9a-z]{17}$`,
		cloudsim.UnreachableInstance: `^i-bp1[0-9a-z]{17}$`,
		cloudsim.OddInstance:         `^i-bp1[0-9a-z]{17}$`,
	} {
		require.Regexp(t, regexp.MustCompile(shape), id)
	}
}

func TestEveryAliasLeadsToSomething(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	questions := map[string]func(id string) question{
		"app_id":       func(id string) question { return askApp.with("AppId", id) },
		"env_id":       func(id string) question { return startGather.withForm("EnvId", id) },
		"invoke_id":    func(id string) question { return askInvocation.with("InvokeId", id) },
		"operation_id": func(id string) question { return askOperation.withForm("OperationId", id) },
	}
	var names []string
	for _, alias := range s.Aliases() {
		names = append(names, alias.Name)
		require.Equal(t, cloudsim.Region, alias.Region)
		got := ask(t, s, questions[alias.Argument](alias.ID))
		require.Equal(t, 200, got.status, alias.Name)
		require.Contains(t, got.body, alias.ID)
	}
	require.Equal(t, []string{"checkout", "payments", "web", "checkout-env", "disk-cleanup", "resize"}, names)
}
