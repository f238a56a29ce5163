package cloudapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// fullEnvironment has a value for all that credentials-go fills profiles with.
func fullEnvironment(t *testing.T) (home string) {
	t.Helper()
	home = bareMachine(t)
	setKeys(t, "env-id", "env-secret", "env-token")
	for _, name := range []string{"ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE", "OIDC_TOKEN", "ECS_METADATA", "PROFILE"} {
		t.Setenv("ALIBABA_CLOUD_"+name, "env-value")
	}
	return home
}

func TestAProfileIsCompleteOrRefused(t *testing.T) {
	const key = `"access_key_id":"file-id","access_key_secret":"file-secret"`
	const role = `"ram_role_arn":"acs:ram::123:role/file-role"`
	var many []string // a chain that ends, only later than the limit
	for i := range 9 {
		many = append(many, fmt.Sprintf(`{"name":"s%d","mode":"ChainableRamRoleArn","source_profile":"s%d",%s}`, i, i+1, role))
	}
	for name, row := range map[string]struct{ profile, says string }{
		"no id":                   {`"mode":"AK","access_key_secret":"file-secret"`, "its access_key_id is empty"},
		"no secret":               {`"mode":"AK","access_key_id":"file-id","access_key_secret":" "`, "its access_key_secret is empty"},
		"no key at all":           {`"mode":"AK"`, "its access_key_id and access_key_secret are empty"},
		"no token":                {`"mode":"StsToken",` + key, "its sts_token is empty"},
		"nothing of a session":    {`"mode":"StsToken"`, "its access_key_id, access_key_secret and sts_token are empty"},
		"no role":                 {`"mode":"RamRoleArn",` + key, "its ram_role_arn is empty"},
		"no key for a role":       {`"mode":"RamRoleArn",` + role, "its access_key_id and access_key_secret are empty"},
		"no OIDC token":           {`"mode":"OIDC","oidc_provider_arn":"file-provider",` + role, "its oidc_token_file is empty"},
		"no OIDC provider":        {`"mode":"OIDC","oidc_token":"file-token",` + role, "its oidc_provider_arn is empty"},
		"an OIDC token elsewhere": {`"mode":"OIDC","oidc_token_file":"file-path","oidc_provider_arn":"file-provider",` + role, "the file with the OIDC token: no such file"},
		"a role that is none":     {`"mode":"RamRoleArn","ram_role_arn":"file-role",` + key, "its ram_role_arn is none: the ARN of a role is written like acs:ram::<account id>:role/<name>"},
		"no source":               {`"mode":"ChainableRamRoleArn",` + role, "its source_profile is empty"},
		"an unknown source":       {`"mode":"ChainableRamRoleArn","source_profile":"file-source",` + role, "its source_profile is not in the file; it has p, half, whole, s0, s1, s2, s3, s4, s5, s6 and 2 more"},
		"half a source":           {`"mode":"ChainableRamRoleArn","source_profile":"half",` + role, `in its source_profile "half", access_key_secret is empty`},
		"many sources":            {`"mode":"ChainableRamRoleArn","source_profile":"s0",` + role, "its source_profile leads in a circle, or over more than 8 profiles"},
		"no sign-in":              {`"mode":"CloudSSO","access_token":"file-token"`, "its cloud_sso_sign_in_url, cloud_sso_account_id and cloud_sso_access_config are empty"},
		"no refresh token":        {`"mode":"OAuth","oauth_site_type":"CN"`, "its oauth_refresh_token is empty"},
		"no command":              {`"mode":"External"`, "its process_command is empty"},
		"no mode and half a key":  {`"access_key_id":"file-id"`, "its access_key_secret is empty"},
		"nothing at all":          {`"region_id":"cn-hangzhou"`, "its mode is empty, and so is all that a mode could be recognised by"},
		"another case":            {`"mode":"ak",` + key, "its mode has to be written AK"},
		"a key pair":              {`"mode":"RsaKeyPair","private_key":"file-key","key_pair_name":"n"`, "its mode RsaKeyPair, which the aliyun CLI calls deprecated, is not supported"},
		"a bearer token":          {`"mode":"BearerToken","bearer_token":"file-token"`, "its mode BearerToken cannot be used"},
		"nobody":                  {`"mode":"Anonymous"`, "its mode Anonymous has no credentials"},
		"an unknown mode":         {`"mode":"file-secret",` + key, "its mode is not one that is known"},
		"the wrong type":          {`"mode":"AK","access_key_id":7`, "line 1 of the file: access_key_id has to be a text in quotation marks"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, fullEnvironment(t)+"/.aliyun/config.json", `{"current":"whole","profiles":[null,{"name":"p",`+row.profile+`},`+
				`{"name":"half","mode":"AK","access_key_id":"file-id"},{"name":"whole","mode":"AK",`+key+`},`+
				strings.Join(many, ",")+`]}`)
			_, err := cloudapi.ProfileCredentials("p", cloudapi.CredentialOptions{}).Key(t.Context())
			require.ErrorIs(t, err, cloudapi.ErrNoProfileCredentials)
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, `profile "p" of the aliyun CLI (~/.aliyun/config.json): `)
			require.ErrorContains(t, err, row.says)
			requireHidden(t, "file-", err)
			requireHidden(t, "env-", err)
		})
	}
}

func TestAWholeProfileIsUsedWhateverTheEnvironmentSays(t *testing.T) {
	writeFile(t, fullEnvironment(t)+"/.aliyun/config.json", `{"current":"other","profiles":[`+
		`{"name":"key","mode":"AK","access_key_id":"i","access_key_secret":"s"},`+
		`{"name":"session","mode":"StsToken","access_key_id":"i","access_key_secret":"s","sts_token":"t"}]}`)
	key, err := cloudapi.ProfileCredentials("key", cloudapi.CredentialOptions{}).Key(t.Context())
	require.NoError(t, err)
	require.Equal(t, acs3.Key{ID: "i", Secret: "s"}, key)
	key, err = cloudapi.ProfileCredentials("session", cloudapi.CredentialOptions{}).Key(t.Context())
	require.NoError(t, err)
	require.Equal(t, acs3.Key{ID: "i", Secret: "s", SecurityToken: "t"}, key)
}

func TestAProfileThatIsNotThere(t *testing.T) {
	profiles := func(names ...string) string {
		var list []map[string]string
		for _, name := range names {
			list = append(list, map[string]string{"name": name, "mode": "AK", "access_key_secret": "file-secret"})
		}
		text, err := json.Marshal(map[string]any{"profiles": list})
		require.NoError(t, err)
		return string(text)
	}
	var many []string
	for i := range 13 {
		many = append(many, fmt.Sprint("p", i))
	}
	for name, row := range map[string]struct{ file, says string }{
		"among others":  {profiles("default", "prod"), `the file has no profile "prdo"; it has default, prod`},
		"among many":    {profiles(many...), `has no profile "prdo"; it has p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 3 more`},
		"odd names":     {profiles("a\nb\x1b[2J", strings.Repeat("n", 50)), "it has a b?[2J, " + strings.Repeat("n", 37) + "…"},
		"an empty file": {`{}`, `has no profile "prdo"; it has none`},
		"no JSON":       {`{"profiles":[{"access_key_secret":"file-secret"`, "the file is not JSON: it ends too early, in line 1"},
		"too large":     {profiles("prdo") + strings.Repeat(" ", 1<<20), "the file is larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			home := bareMachine(t)
			writeFile(t, home+"/elsewhere", row.file)
			t.Setenv("ALIBABA_CLOUD_CONFIG_FILE", home+"/elsewhere")
			_, err := cloudapi.ProfileCredentials("prdo", cloudapi.CredentialOptions{}).Key(t.Context())
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, row.says)
			requireHidden(t, "file-secret", err)
		})
	}
	t.Run("nor is the file", func(t *testing.T) {
		bareMachine(t)
		_, err := cloudapi.ProfileCredentials("prdo", cloudapi.CredentialOptions{}).Key(t.Context())
		require.ErrorContains(t, err, "(~/.aliyun/config.json): no such file; section")
	})
	t.Run("the CLI's file is switched off", func(t *testing.T) {
		writeFile(t, bareMachine(t)+"/.aliyun/config.json", cliConfig)
		t.Setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")
		_, err := cloudapi.ProfileCredentials("default", cloudapi.CredentialOptions{}).Key(t.Context())
		require.ErrorContains(t, err, "(~/.aliyun/config.json): switched off by the variable ALIBABA_CLOUD_CLI_PROFILE_DISABLED; section")
	})
}
