package cloudapi_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/internal/gendocs/section"
)

//go:generate go test -run TestTheTableOfCredentials -update .

// credentialCase is one row of docs/credentials.md: a profile in the CLI's file,
// what the CLI does with it, and what we do, which the test holds.
type credentialCase struct {
	mode, when string
	profile    string            // its fields
	env        map[string]string // beside it
	helper     string            // what the helper program prints
	cli        string            // what aliyun CLI 3.4.11 does
	want       string            // whose key it is
	refused    string            // or why not
	why        string            // where it is not what the CLI does
	changes    bool              // the file
}

const (
	theRole  = `"ram_role_arn":"acs:ram::123:role/r","ram_session_name":"alice"`
	fileKey  = `"access_key_id":"file-id","access_key_secret":"file-secret"`
	fileSTS  = `"access_key_id":"STS.file","access_key_secret":"file-secret","sts_token":"file-token"`
	theSSO   = `"cloud_sso_sign_in_url":"https://signin-cn-shanghai.alibabacloudsso.com/device/login","cloud_sso_account_id":"123","cloud_sso_access_config":"ac-1"`
	theToken = `"access_token":"sso-token","cloud_sso_access_token_expire":FUTURE`
	rARN     = "acs:ram::123:role/r"
)

func credentialCases() []credentialCase {
	return []credentialCase{
		{mode: "AK", when: "id and secret", profile: `"mode":"AK",` + fileKey, cli: "signs with the key", want: "the key file-id"},
		{mode: "AK", when: "and an `sts_token` left over", profile: `"mode":"AK","sts_token":"other",` + fileKey, cli: "ignores the token", want: "the key file-id"},
		{mode: "AK", when: "no secret, a key in the environment", profile: `"mode":"AK","access_key_id":"file-id"`,
			env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret", "ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id"},
			cli: "takes the secret from the environment", refused: "its access_key_secret is empty", why: "half a key of somebody else's makes no key of this profile"},
		{mode: "AK", when: "`${ALIBABA_CLOUD_ACCESS_KEY_ID}` as it is", profile: `"mode":"AK","access_key_id":"${ALIBABA_CLOUD_ACCESS_KEY_ID}","access_key_secret":"file-secret"`,
			cli: "sends it; STS and products know no such key", refused: "its access_key_id holds a placeholder that nobody has replaced", why: "the reason is known before anything is sent"},
		{mode: "AK", when: "quotation marks within the value", profile: `"mode":"AK","access_key_id":"'file-id'","access_key_secret":"file-secret"`,
			cli: "sends them", refused: "its access_key_id has quotation marks around it", why: "as above"},
		{mode: "AK", when: "blanks around the value", profile: `"mode":"AK","access_key_id":" file-id\n","access_key_secret":" file-secret "`,
			cli: "sends them: the key is refused", want: "the key file-id", why: "no key has blanks"},
		{mode: "StsToken", when: "key and token", profile: `"mode":"StsToken",` + fileSTS, cli: "signs with the session", want: "the key STS.file"},
		{mode: "StsToken", when: "no token", profile: `"mode":"StsToken",` + fileKey, cli: "takes the token from the environment, or refuses", refused: "its sts_token is empty", why: "a token belongs to its key"},
		{mode: "(none)", when: "id and secret", profile: fileKey, cli: "takes it as AK", want: "the key file-id"},
		{mode: "(none)", when: "id, secret and `sts_token`", profile: fileSTS, cli: "takes it as StsToken", want: "the key STS.file"},
		{mode: "(none)", when: "id, secret and `ram_role_arn`", profile: fileKey + `,` + theRole, cli: "takes it as RamRoleArn", want: rARN + " by the key file-id"},
		{mode: "(none)", when: "`ram_role_name` alone", profile: `"ram_role_name":"instance-role"`, cli: "takes it as EcsRamRole", want: "the instance's role instance-role"},
		{mode: "(none)", when: "`process_command` alone", profile: `"process_command":HELPER`, helper: `{"mode":"AK","access_key_id":"helper-id","access_key_secret":"helper-secret"}`,
			cli: "takes it as External", want: "the key helper-id"},
		{mode: "ak", when: "another case", profile: `"mode":"ak",` + fileKey, cli: "refuses: the mode is not expected", refused: "its mode has to be written AK"},
		{mode: "Foo", when: "unknown", profile: `"mode":"Foo",` + fileKey, cli: "refuses: the mode is not expected", refused: "its mode is not one that is known"},

		{mode: "RamRoleArn", when: "a key", profile: `"mode":"RamRoleArn",` + fileKey + `,` + theRole, cli: "AssumeRole with the key", want: rARN + " by the key file-id"},
		{mode: "RamRoleArn", when: "and `sts_token`", profile: `"mode":"RamRoleArn",` + fileSTS + `,` + theRole, cli: "AssumeRole with key and token", want: rARN + " by the key STS.file"},
		{mode: "RamRoleArn", when: "`external_id`", profile: `"mode":"RamRoleArn","external_id":"x-1",` + fileKey + `,` + theRole, cli: "sends it", want: rARN + " by the key file-id, ExternalId x-1"},
		{mode: "RamRoleArn", when: "`policy` (a field of credentials-go)", profile: `"mode":"RamRoleArn","policy":"{}",` + fileKey + `,` + theRole, cli: "ignores it", want: rARN + " by the key file-id, Policy {}",
			why: "as credentials-go: without it the session could do more"},
		{mode: "RamRoleArn", when: "`sts_endpoint`", profile: `"mode":"RamRoleArn","sts_endpoint":"https://sts-vpc.cn-hangzhou.aliyuncs.com/","sts_region":"cn-beijing",` + fileKey + `,` + theRole,
			cli: "asks there, over https", want: rARN + " by the key file-id, at sts-vpc.cn-hangzhou.aliyuncs.com"},
		{mode: "RamRoleArn", when: "`sts_region`", profile: `"mode":"RamRoleArn","sts_region":"cn-beijing",` + fileKey + `,` + theRole, cli: "asks sts.REGION.aliyuncs.com", want: rARN + " by the key file-id, at sts.cn-beijing.aliyuncs.com"},
		{mode: "RamRoleArn", when: "`sts_region` and `enable_vpc` (a field of credentials-go)", profile: `"mode":"RamRoleArn","sts_region":"cn-beijing","enable_vpc":true,` + fileKey + `,` + theRole,
			cli: "ignores enable_vpc", want: rARN + " by the key file-id, at sts-vpc.cn-beijing.aliyuncs.com", why: "as credentials-go; the identity is the same"},
		{mode: "RamRoleArn", when: "`endpoint_type` vpc", profile: `"mode":"RamRoleArn","endpoint_type":"vpc","sts_region":"cn-beijing",` + fileKey + `,` + theRole,
			cli: "obeys it for products, not for STS", want: rARN + " by the key file-id, at sts.cn-beijing.aliyuncs.com"},
		{mode: "RamRoleArn", when: "ALIBABA_CLOUD_STS_ENDPOINT", profile: `"mode":"RamRoleArn",` + fileKey + `,` + theRole, env: map[string]string{"ALIBABA_CLOUD_STS_ENDPOINT": "sts.cn-shanghai.aliyuncs.com"},
			cli: "asks there, when the profile does not say where", want: rARN + " by the key file-id, at sts.cn-shanghai.aliyuncs.com"},
		{mode: "RamRoleArn", when: "ALIBABA_CLOUD_STS_REGION and ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", profile: `"mode":"RamRoleArn",` + fileKey + `,` + theRole,
			env: map[string]string{"ALIBABA_CLOUD_STS_REGION": "cn-shanghai", "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": "true"},
			cli: "ignores both", want: rARN + " by the key file-id, at sts-vpc.cn-shanghai.aliyuncs.com", why: "as credentials-go; the identity is the same"},
		{mode: "RamRoleArn", when: "no `ram_session_name`", profile: `"mode":"RamRoleArn","ram_role_arn":"acs:ram::123:role/r",` + fileKey, cli: "refuses", want: rARN + " by the key file-id",
			why: "the session is called alitriage, or what ALIBABA_CLOUD_ROLE_SESSION_NAME says; the identity is the role"},
		{mode: "RamRoleArn", when: "no role, one in the environment", profile: `"mode":"RamRoleArn",` + fileKey, env: map[string]string{"ALIBABA_CLOUD_ROLE_ARN": "acs:ram::123:role/other"},
			cli: "takes the role from the environment", refused: "its ram_role_arn is empty", why: "it would be another identity than the profile's"},
		{mode: "RamRoleArn", when: "`expired_seconds` of 60", profile: `"mode":"RamRoleArn","expired_seconds":60,` + fileKey + `,` + theRole, cli: "refuses", refused: "its expired_seconds has to be from 900 to 43200"},

		{mode: "EcsRamRole", when: "`ram_role_name`", profile: `"mode":"EcsRamRole","ram_role_name":"instance-role"`, cli: "asks the metadata service", want: "the instance's role instance-role"},
		{mode: "EcsRamRole", when: "no name", profile: `"mode":"EcsRamRole"`, cli: "asks the service for the name", want: "the instance's role instance-role"},
		{mode: "EcsRamRole", when: "ALIBABA_CLOUD_ECS_METADATA_DISABLED", profile: `"mode":"EcsRamRole"`, env: map[string]string{"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"},
			cli: "refuses", refused: "switched off by the variable ALIBABA_CLOUD_ECS_METADATA_DISABLED"},
		{mode: "EcsRamRole", when: "HTTP_PROXY", profile: `"mode":"EcsRamRole"`, env: map[string]string{"HTTP_PROXY": "http://127.0.0.1:9"},
			cli: "asks the metadata service through the proxy", want: "the instance's role instance-role", why: "the proxy's machine has another role"},
		{mode: "RamRoleArnWithRoleName", when: "a role by the instance's", profile: `"mode":"RamRoleArnWithRoleName","ram_role_name":"instance-role","external_id":"x-1",` + theRole,
			cli: "AssumeRole with the instance's key, without `external_id`", want: rARN + " by the instance's role instance-role"},

		{mode: "ChainableRamRoleArn", when: "`source_profile` of AK", profile: `"mode":"ChainableRamRoleArn","source_profile":"source","external_id":"x-1",` + theRole, cli: "AssumeRole with the source's key", want: rARN + " by the key source-id, ExternalId x-1"},
		{mode: "ChainableRamRoleArn", when: "over two profiles", profile: `"mode":"ChainableRamRoleArn","source_profile":"middle",` + theRole, cli: "AssumeRole twice", want: rARN + " by acs:ram::123:role/middle by the key source-id"},
		{mode: "ChainableRamRoleArn", when: "a source that is not there", profile: `"mode":"ChainableRamRoleArn","source_profile":"nobody",` + theRole, cli: "refuses", refused: "its source_profile is not in the file"},
		{mode: "ChainableRamRoleArn", when: "more than 8 profiles", profile: `"mode":"ChainableRamRoleArn","source_profile":"long-1",` + theRole, cli: "follows them, without a limit", refused: "leads in a circle, or over more than 8 profiles",
			why: "nothing may lead on for ever"},

		{mode: "RsaKeyPair", when: "", profile: `"mode":"RsaKeyPair","private_key":"key.pem","key_pair_name":"n"`, cli: "GenerateSessionAccessKey; calls the mode deprecated", refused: "its mode RsaKeyPair, which the aliyun CLI calls deprecated, is not supported",
			why: "a protocol of its own, for a mode that is going away"},

		{mode: "External", when: "mode AK", profile: `"mode":"External","process_command":HELPER`, helper: `{"mode":"AK","access_key_id":"helper-id","access_key_secret":"helper-secret"}`, cli: "signs with the key", want: "the key helper-id"},
		{mode: "External", when: "mode StsToken", profile: `"mode":"External","process_command":HELPER`, helper: `{"mode":"StsToken","access_key_id":"STS.helper","access_key_secret":"helper-secret","sts_token":"helper-token"}`,
			cli: "signs with the session", want: "the key STS.helper"},
		{mode: "External", when: "mode RamRoleArn", profile: `"mode":"External","process_command":HELPER`, helper: `{"mode":"RamRoleArn","access_key_id":"helper-id","access_key_secret":"helper-secret",` + theRole + `}`,
			cli: "assumes the role with the key", want: rARN + " by the key helper-id"},
		{mode: "External", when: "mode ChainableRamRoleArn", profile: `"mode":"External","process_command":HELPER`, helper: `{"mode":"ChainableRamRoleArn","source_profile":"source",` + theRole + `}`,
			cli: "assumes the role with the source's key", want: rARN + " by the key source-id"},
		{mode: "External", when: "no mode, id and secret", profile: `"mode":"External","process_command":HELPER`, helper: `{"access_key_id":"helper-id","access_key_secret":"helper-secret"}`,
			cli: "needs a mode", want: "the key helper-id", why: "as credentials-go"},
		{mode: "External", when: "mode OAuth", profile: `"mode":"External","process_command":HELPER`, helper: `{"mode":"OAuth","oauth_site_type":"CN"}`, cli: "looks for tokens, and would write", refused: "its program answered with a mode that it may not", why: "a program's answer is for one key"},
		{mode: "External", when: "half a key, the other half in the file", profile: `"mode":"External","process_command":HELPER,` + fileKey, helper: `{"mode":"AK","access_key_id":"helper-id"}`,
			cli: "puts the halves together", refused: "its program answered with mode AK and without access_key_secret", why: "they are of two keys"},
		{mode: "External", when: "a sentence before the JSON", profile: `"mode":"External","process_command":HELPER`, helper: `helper-secret is what I found: {"mode":"AK"}`, cli: "prints command and answer, and refuses", refused: "its program did not answer with a profile in JSON",
			why: "the answer holds a key"},
		{mode: "External", when: "it fails", profile: `"mode":"External","process_command":HELPER`, helper: `exit`, cli: "refuses", refused: "its program failed (exit status 3)"},
		{mode: "External", when: "more than 64 KiB", profile: `"mode":"External","process_command":HELPER`, helper: `flood`, cli: "reads it all", refused: "its program answered with more than 64 KiB", why: "no answer needs it"},
		{mode: "External", when: "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", profile: `"mode":"External","process_command":HELPER`, env: map[string]string{"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "1"}, cli: "refuses", refused: "switched off by the variable ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"},
		{mode: "External", when: "a quotation mark that is not closed", profile: `"mode":"External","process_command":"tool 'x"`, cli: "refuses", refused: "its process_command has a quotation mark that is not closed"},

		{mode: "CredentialsURI", when: "the answer says Success", profile: `"mode":"CredentialsURI","credentials_uri":"http://keys.example.internal/key"`, cli: "signs with the session", want: "the server's key"},
		{mode: "CredentialsURI", when: "no URI, one in the environment", profile: `"mode":"CredentialsURI"`, env: map[string]string{"ALIBABA_CLOUD_CREDENTIALS_URI": "http://keys.example.internal/key"},
			cli: "asks that one", refused: "its credentials_uri is empty", why: "it would be another identity than the profile's"},
		{mode: "CredentialsURI", when: "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", profile: `"mode":"CredentialsURI","credentials_uri":"http://keys.example.internal/key"`, env: map[string]string{"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "TRUE"},
			cli: "refuses", refused: "switched off by the variable ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"},

		{mode: "OIDC", when: "a token in a file", profile: `"mode":"OIDC","oidc_provider_arn":"acs:ram::123:oidc-provider/p","oidc_token_file":TOKENFILE,` + theRole, cli: "AssumeRoleWithOIDC", want: rARN + " by an OIDC token"},
		{mode: "OIDC", when: "`sts_endpoint`", profile: `"mode":"OIDC","sts_endpoint":"sts-vpc.cn-hangzhou.aliyuncs.com","oidc_provider_arn":"acs:ram::123:oidc-provider/p","oidc_token_file":TOKENFILE,` + theRole,
			cli: "asks there", want: rARN + " by an OIDC token, at sts-vpc.cn-hangzhou.aliyuncs.com"},
		{mode: "OIDC", when: "no such file", profile: `"mode":"OIDC","oidc_provider_arn":"acs:ram::123:oidc-provider/p","oidc_token_file":"/nowhere/token",` + theRole, cli: "refuses", refused: "the file with the OIDC token: no such file"},
		{mode: "OIDC", when: "no provider, one in the environment", profile: `"mode":"OIDC","oidc_token_file":TOKENFILE,` + theRole, env: map[string]string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::9:oidc-provider/other"},
			cli: "takes it from the environment", refused: "its oidc_provider_arn is empty", why: "nothing of a profile comes from the environment"},

		{mode: "CloudSSO", when: "an access token", profile: `"mode":"CloudSSO",` + theSSO + `,` + theToken, cli: "exchanges it, and writes the key into the file", want: "who signed in to CloudSSO, as ac-1 in 123",
			why: "nothing is written: the token stays as it is, and the CLI needs nothing else"},
		{mode: "CloudSSO", when: "and a key of the CLI's that is good", profile: `"mode":"CloudSSO",` + theSSO + `,` + theToken + `,"sts_expiration":FUTURE,` + fileSTS, cli: "signs with that key", want: "the key STS.file"},
		{mode: "CloudSSO", when: "the access token has expired", profile: `"mode":"CloudSSO",` + theSSO + `,"access_token":"sso-token","cloud_sso_access_token_expire":PAST`, cli: "says to run `aliyun configure --profile p`",
			refused: "its access token of CloudSSO has expired: sign in again with `aliyun configure --profile p`"},
		{mode: "CloudSSO", when: "the access token was withdrawn", profile: `"mode":"CloudSSO",` + theSSO + `,"access_token":"sso-old","cloud_sso_access_token_expire":FUTURE`, cli: "refuses, with HTTP status and answer",
			refused: "CreateCloudCredential"},

		{mode: "OAuth", when: "a key of the CLI's that is good", profile: `"mode":"OAuth","oauth_site_type":"CN","oauth_refresh_token":"refresh-1","sts_expiration":FUTURE,` + fileSTS, cli: "signs with that key", want: "the key STS.file"},
		{mode: "OAuth", when: "an access token that is good", profile: `"mode":"OAuth","oauth_site_type":"CN","oauth_refresh_token":"refresh-1","oauth_access_token":"access-1","oauth_access_token_expire":FUTURE`,
			cli: "exchanges it, and writes the key into the file", want: "who signed in over OAuth", why: "nothing is written: the tokens stay as they are"},
		{mode: "OAuth", when: "an access token that has expired", profile: `"mode":"OAuth","oauth_site_type":"INTL","oauth_refresh_token":"refresh-1","oauth_access_token":"access-0","oauth_access_token_expire":PAST`,
			cli: "renews both tokens, exchanges, and writes tokens and key", want: "who signed in over OAuth", changes: true,
			why: "the tokens alone are written, before they are exchanged: a renewed refresh token makes the old one void"},
		{mode: "OAuth", when: "a refresh token that is no more", profile: `"mode":"OAuth","oauth_site_type":"CN","oauth_refresh_token":"refresh-0","oauth_access_token":"access-0","oauth_access_token_expire":PAST`,
			cli: "refuses, with the HTTP status", refused: "invalid_grant"},
		{mode: "OAuth", when: "no refresh token, the access token has expired", profile: `"mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"access-0","oauth_access_token_expire":PAST`,
			cli: "says to sign in again", refused: "expired_token"},
		{mode: "OAuth", when: "another site", profile: `"mode":"OAuth","oauth_site_type":"cn","oauth_refresh_token":"refresh-1"`, cli: "refuses", refused: "its oauth_site_type has to be CN or INTL"},

		{mode: "BearerToken", when: "", profile: `"mode":"BearerToken","bearer_token":"b"`, cli: "sends the token to the products that take one", refused: "its mode BearerToken cannot be used", why: "none of the operations takes one"},
		{mode: "Anonymous", when: "", profile: `"mode":"Anonymous"`, cli: "sends without a signature", refused: "its mode Anonymous has no credentials", why: "none of the operations is open to all"},
	}
}

// file is the whole file of a case, with other profiles around, and all that the
// CLI of some version has written.
func (c credentialCase) file(t *testing.T, home, current string) string {
	t.Helper()
	tokenFile := filepath.Join(home, "token")
	require.NoError(t, os.WriteFile(tokenFile, []byte("oidc-token\n"), 0o600))
	profile := strings.NewReplacer(
		"HELPER", fmt.Sprintf("%q", helper(t)), "TOKENFILE", fmt.Sprintf("%q", tokenFile),
		"FUTURE", fmt.Sprint(time.Now().Add(time.Hour).Unix()), "PAST", fmt.Sprint(time.Now().Add(-time.Hour).Unix()),
	).Replace(c.profile)
	long := ""
	for i := range 9 {
		long += fmt.Sprintf(`{"name":"long-%d","mode":"ChainableRamRoleArn","source_profile":"long-%d",%s},`, i, i+1, theRole)
	}
	return `{"current":"` + current + `",  "meta_path":"/m","profiles":[
	{"name":"keys","mode":"RsaKeyPair","private_key":"-----x","key_pair_name":"n","bearer_token":"b","unknown":{"a":[1, 2.50]}},
	{"name":"source","mode":"AK","access_key_id":"source-id","access_key_secret":"source-secret"},
	{"name":"middle","mode":"ChainableRamRoleArn","source_profile":"source","ram_role_arn":"acs:ram::123:role/middle"},
	` + long + `{"name":"long-9","mode":"AK","access_key_id":"source-id","access_key_secret":"source-secret"},
	{"name":"p", "future_field" : null,` + profile + `},
	{"name":"default","mode":"AK","access_key_id":"default-id","access_key_secret":"default-secret"}]}
`
}

// ways in which a profile is chosen.
var ways = map[string]func(t *testing.T, options cloudapi.CredentialOptions) (current string, _ *cloudapi.Credentials){
	"named": func(_ *testing.T, o cloudapi.CredentialOptions) (string, *cloudapi.Credentials) {
		return "default", cloudapi.ProfileCredentials("p", o)
	},
	"current": func(t *testing.T, o cloudapi.CredentialOptions) (string, *cloudapi.Credentials) {
		t.Helper()
		return "p", cloudapi.ChainCredentials(o)
	},
	"by a variable": func(t *testing.T, o cloudapi.CredentialOptions) (string, *cloudapi.Credentials) {
		t.Helper()
		t.Setenv("ALIBABACLOUD_PROFILE", "p")
		t.Setenv("ALIBABA_CLOUD_PROFILE", "default")
		return "default", cloudapi.ChainCredentials(o)
	},
}

func TestEveryModeOfTheCLI(t *testing.T) {
	for _, c := range credentialCases() {
		for way, choose := range ways {
			t.Run(c.mode+"/"+c.when+"/"+way, func(t *testing.T) {
				home := bareMachine(t)
				for name, value := range c.env {
					t.Setenv(name, value)
				}
				if c.helper != "" {
					t.Setenv(helperAnswer, c.helper)
				}
				_, keyInEnvironment := c.env["ALIBABA_CLOUD_ACCESS_KEY_ID"]
				if keyInEnvironment && way != "named" {
					return // which goes before every file
				}
				v := newVendor(t)
				current, credentials := choose(t, cloudapi.CredentialOptions{Transport: v})
				path, before := home+"/.aliyun/config.json", c.file(t, home, current)
				writeFile(t, path, before)

				key, err := credentials.Key(t.Context())
				if c.refused != "" {
					require.ErrorContains(t, err, c.refused)
					for _, hidden := range []string{"file-secret", "file-token", "helper-secret", "sso-", "refresh-", "access-0", "oidc-token", "env-secret", "source-secret", filepath.Base(home)} {
						requireHidden(t, hidden, err)
					}
					require.ErrorContains(t, err, `profile "p" of the aliyun CLI (~/.aliyun/config.json)`)
				} else {
					require.NoError(t, err)
					require.Equal(t, c.want, v.identity(key.ID))
					require.NotContains(t, fmt.Sprintf("%v %+v %#v", credentials, credentials, credentials), "secret")
				}
				after, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, c.changes, before != string(after), "the file")
				left, err := os.ReadDir(filepath.Dir(path))
				require.NoError(t, err)
				require.Len(t, left, 1, "nothing lies about")
			})
		}
	}
}

// The page is written from the cases that test it.
func TestTheTableOfCredentials(t *testing.T) {
	const page = "../docs/credentials.md"
	was, err := os.ReadFile(page)
	require.NoError(t, err)
	now, err := section.Replace(was, "modes", modesTable())
	require.NoError(t, err)
	now, err = section.Replace(now, "variables", variablesTable())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(page, now, 0o600))
		return
	}
	require.Equal(t, string(now), string(was), "stale: go test ./cloudapi -run TestTheTableOfCredentials -update")
}

func modesTable() string {
	var b strings.Builder
	b.WriteString("| mode | the profile has | aliyun CLI 3.4.11 | alitriage | where they differ, why |\n|---|---|---|---|---|\n")
	for _, c := range credentialCases() {
		does := "signs as: " + c.want
		if c.refused != "" {
			does = "refuses: " + c.refused
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.mode, c.when, c.cli, strings.ReplaceAll(does, "|", `\|`), c.why)
	}
	return b.String()
}

func variablesTable() string {
	var b strings.Builder
	b.WriteString("| variable (the first that is set counts) | aliyun CLI 3.4.11 | credentials-go 1.4.14 | alitriage |\n|---|---|---|---|\n")
	for _, v := range cloudapi.Variables() {
		does := v.Does
		if does == "" {
			does = "not used, and `config` and `doctor` say so: " + v.Why
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.Join(v.Names, "`, `"), v.CLI, v.Library, does)
	}
	return b.String()
}

// Every mode that the CLI knows has a row.
func TestNoModeIsForgotten(t *testing.T) {
	have := map[string]bool{}
	for _, c := range credentialCases() {
		have[c.mode] = true
	}
	for _, mode := range cloudapi.Modes {
		require.Contains(t, slices.Sorted(maps.Keys(have)), mode)
	}
}
