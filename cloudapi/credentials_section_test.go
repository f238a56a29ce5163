package cloudapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func TestSectionsOfTheCredentialsFile(t *testing.T) {
	const file = `[default]
enable = true
type = access_key
access_key_id = file-id
access_key_secret = file-secret
[role]
type = ram_role_arn
access_key_id = source-id
access_key_secret = source-secret
role_arn = acs:ram::123:role/r
role_session_name = alice
policy = {"Version":"1"}
[machine]
type = ecs_ram_role
role_name = instance-role
[half]
type = access_key
access_key_id = file-id
[pair]
type = rsa_key_pair
[default.eu]
[default.us]
type = access_key
access_key_id = other-id
[norole]
type = ram_role_arn
access_key_id = source-id
access_key_secret = source-secret
role_arn = r
[oddname]
type = ecs_ram_role
role_name = a/b
`
	for name, row := range map[string]struct{ want, says string }{
		"default":    {want: "the key file-id"},
		"role":       {want: rARN + ` by the key source-id, Policy {"Version":"1"}`},
		"machine":    {want: "the instance's role instance-role"},
		"half":       {says: "its access_key_secret is empty"},
		"pair":       {says: "its type has to be access_key, ecs_ram_role or ram_role_arn"},
		"default.eu": {says: "its type has to be access_key, ecs_ram_role or ram_role_arn"},
		"default.us": {says: "its access_key_secret is empty"},
		"norole":     {says: "its role_arn is none"},
		"oddname":    {says: "its role_name is not the name of a role"},
		"nobody":     {says: "the file has no such section"},
	} {
		for _, way := range []string{"named", "by a variable"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				home := bareMachine(t)
				writeFile(t, home+"/elsewhere", file)
				t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", home+"/elsewhere")
				v := newVendor(t)
				options := cloudapi.CredentialOptions{Transport: v}
				credentials := cloudapi.ProfileCredentials(name, options)
				if way != "named" {
					t.Setenv("ALIBABA_CLOUD_PROFILE", name)
					setKeys(t, "", "env-secret-alone", "")
					t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "")
					credentials = cloudapi.ChainCredentials(options)
				}
				key, err := credentials.Key(t.Context())
				if row.says != "" {
					require.ErrorContains(t, err, `section "`+name+`" of the credentials file (ALIBABA_CLOUD_CREDENTIALS_FILE): `+row.says)
					return
				}
				require.NoError(t, err)
				require.Equal(t, row.want, v.identity(key.ID))
			})
		}
	}
}

func TestAHelperHasNoStdinAndItsArgumentsAreItsOwn(t *testing.T) {
	for answer, want := range map[string]string{"stdin": "0", "args": "a b|c"} {
		t.Run(answer, func(t *testing.T) {
			writeFile(t, bareMachine(t)+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p","mode":"External","process_command":"`+helper(t)+` 'a b' c"}]}`)
			t.Setenv(helperAnswer, answer)
			key, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
			if answer == "args" { // which is no key, with its blank
				require.ErrorContains(t, err, "in the answer of its program, access_key_secret holds a blank")
				return
			}
			require.NoError(t, err)
			require.Equal(t, want, key.Secret)
		})
	}
}
