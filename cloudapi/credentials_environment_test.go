package cloudapi_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

func TestEverySpellingOfAKey(t *testing.T) {
	for name, row := range map[string]struct {
		env  map[string]string
		want acs3.Key
		says string
	}{
		"ALIBABA_CLOUD_": {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s", "ALIBABA_CLOUD_SECURITY_TOKEN": "t"}, want: acs3.Key{ID: "i", Secret: "s", SecurityToken: "t"}},
		"ALIBABACLOUD_":  {env: map[string]string{"ALIBABACLOUD_ACCESS_KEY_ID": "i", "ALIBABACLOUD_ACCESS_KEY_SECRET": "s", "ALIBABACLOUD_SECURITY_TOKEN": "t"}, want: acs3.Key{ID: "i", Secret: "s", SecurityToken: "t"}},
		"ALICLOUD_":      {env: map[string]string{"ALICLOUD_ACCESS_KEY_ID": "i", "ALICLOUD_ACCESS_KEY_SECRET": "s"}, want: acs3.Key{ID: "i", Secret: "s"}},
		"the first wins": {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s", "ALICLOUD_ACCESS_KEY_ID": "other", "ALICLOUD_ACCESS_KEY_SECRET": "other", "ALICLOUD_SECURITY_TOKEN": "other"},
			want: acs3.Key{ID: "i", Secret: "s"}},
		"half of the first, a whole second": {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "mine", "ALICLOUD_ACCESS_KEY_ID": "other", "ALICLOUD_ACCESS_KEY_SECRET": "other"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID is set and ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"},
		"a secret that came out empty":      {env: map[string]string{"ALIBABACLOUD_ACCESS_KEY_ID": "mine", "ALIBABACLOUD_ACCESS_KEY_SECRET": "\n", "ALICLOUD_ACCESS_KEY_ID": "other", "ALICLOUD_ACCESS_KEY_SECRET": "other"}, says: "ALIBABACLOUD_ACCESS_KEY_ID is set and ALIBABACLOUD_ACCESS_KEY_SECRET is not"},
		"a whole first, half of the second": {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s", "ALICLOUD_ACCESS_KEY_ID": "other"}, want: acs3.Key{ID: "i", Secret: "s"}},
		"two halves":                        {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALICLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID is set and ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"},
		"half a key, before a whole file":   {env: map[string]string{"ALIBABACLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABACLOUD_ACCESS_KEY_SECRET is set and ALIBABACLOUD_ACCESS_KEY_ID is not"},
		"not expanded":                      {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "${ALIBABA_CLOUD_ACCESS_KEY_ID}", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID holds a placeholder that nobody has replaced"},
		"not expanded, VS Code":             {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "${env:SECRET}"}, says: "ALIBABA_CLOUD_ACCESS_KEY_SECRET holds a placeholder"},
		"not expanded, a shell's":           {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "$AK", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID holds a placeholder"},
		"not expanded, Windows":             {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "%AK%", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID holds a placeholder"},
		"not filled in":                     {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "<your AccessKey ID>", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID holds a placeholder"},
		"in quotes":                         {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": `"s"`}, says: "ALIBABA_CLOUD_ACCESS_KEY_SECRET has quotation marks"},
		"in curly quotes":                   {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "“i”", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID has quotation marks"},
		"masked":                            {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI****abcd", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID is masked with asterisks"},
		"with a blank within":               {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i d", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}, says: "ALIBABA_CLOUD_ACCESS_KEY_ID holds a blank"},
		"with a no-break space":             {env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s\u200bs"}, says: "ALIBABA_CLOUD_ACCESS_KEY_SECRET holds a blank or a character that no key has"},
		"anybody's names":                   {env: map[string]string{"ACCESS_KEY_ID": "other", "ACCESS_KEY_SECRET": "other"}, want: acs3.Key{ID: "cli-id", Secret: "cli-secret"}},
		"Terraform's names":                 {env: map[string]string{"ALICLOUD_ACCESS_KEY": "other", "ALICLOUD_SECRET_KEY": "other"}, want: acs3.Key{ID: "cli-id", Secret: "cli-secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, bareMachine(t)+"/.aliyun/config.json", cliConfig)
			for name, value := range row.env {
				t.Setenv(name, value)
			}
			got, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
			if row.says == "" {
				require.NoError(t, err)
				require.Equal(t, row.want, got)
				return
			}
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, row.says)
			for _, value := range row.env {
				if len(value) > 3 && strings.Trim(value, "${}%<>") == value {
					requireHidden(t, value, err)
				}
			}
		})
	}
}

// What stands in each row of the table, the real thing does.
func TestEveryVariableThatIsUsed(t *testing.T) {
	home := func(t *testing.T) string {
		t.Helper()
		home := bareMachine(t)
		writeFile(t, home+"/.aliyun/config.json", `{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"file-id","access_key_secret":"file-secret"},`+
			`{"name":"source","mode":"AK","access_key_id":"source-id","access_key_secret":"source-secret"}]}`)
		writeFile(t, home+"/token", "oidc-token")
		return home
	}
	oidc := func(family string) map[string]string {
		return map[string]string{family + "OIDC_TOKEN_FILE": "HOME/token", family + "OIDC_PROVIDER_ARN": "acs:ram::123:oidc-provider/p", family + "ROLE_ARN": "acs:ram::123:role/pod"}
	}
	with := func(first map[string]string, more ...string) map[string]string {
		all := map[string]string{more[0]: more[1]}
		maps.Copy(all, first)
		return all
	}
	for name, row := range map[string]struct {
		env  map[string]string
		want string
		says string
	}{
		"none":                              {nil, "the key file-id", ""},
		"ALIBABACLOUD_PROFILE":              {map[string]string{"ALIBABACLOUD_PROFILE": "source", "ALIBABA_CLOUD_PROFILE": "default"}, "the key source-id", ""},
		"ALIBABA_CLOUD_PROFILE":             {map[string]string{"ALIBABA_CLOUD_PROFILE": "source", "ALICLOUD_PROFILE": "default"}, "the key source-id", ""},
		"ALICLOUD_PROFILE":                  {map[string]string{"ALICLOUD_PROFILE": "source"}, "the key source-id", ""},
		"a profile that is not there":       {map[string]string{"ALICLOUD_PROFILE": "nobody"}, "", "ALICLOUD_PROFILE names a profile that is not in the file; it has default, source"},
		"an OIDC role":                      {oidc("ALIBABA_CLOUD_"), "acs:ram::123:role/pod by an OIDC token", ""},
		"an OIDC role, spelled otherwise":   {oidc("ALIBABACLOUD_"), "acs:ram::123:role/pod by an OIDC token", ""},
		"an OIDC role, at STS in a VPC":     {with(with(oidc("ALIBABA_CLOUD_"), "ALIBABA_CLOUD_STS_REGION", "cn-beijing"), "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true"), "acs:ram::123:role/pod by an OIDC token, at sts-vpc.cn-beijing.aliyuncs.com", ""},
		"an OIDC token of the variable":     {map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN": "oidc-token", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::123:oidc-provider/p", "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::123:role/pod"}, "acs:ram::123:role/pod by an OIDC token", ""},
		"half an OIDC role":                 {map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "HOME/token"}, "", "ALIBABA_CLOUD_OIDC_TOKEN_FILE is set and ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not"},
		"a role without a token":            {map[string]string{"ALIBABA_CLOUD_ROLE_ARN": "acs:ram::123:role/pod"}, "the key file-id", ""},
		"the file is switched off":          {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "TRUE"}, "", "switched off by the variable ALIBABA_CLOUD_CLI_PROFILE_DISABLED"},
		"the file is ignored":               {map[string]string{"ALIBABACLOUD_IGNORE_PROFILE": "TRUE"}, "", "switched off by the variable ALIBABACLOUD_IGNORE_PROFILE"},
		"the instance's role":               {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_ECS_METADATA": "instance-role"}, "the instance's role instance-role", ""},
		"the metadata service switched off": {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_ECS_METADATA": "instance-role", "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}, "", "ALIBABA_CLOUD_ECS_METADATA_DISABLED"},
		"the name of no role":               {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_ECS_METADATA": "instance role"}, "", "ALIBABA_CLOUD_ECS_METADATA is not the name of a role"},
		"another role than the instance's":  {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_ECS_METADATA": "true"}, "", "the instance has no role of the name that was given"},
		"a URI":                             {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_CREDENTIALS_URI": "http://" + keysHost + "/key"}, "the server's key", ""},
		"a URI, forbidden":                  {map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "ALIBABA_CLOUD_CREDENTIALS_URI": "http://" + keysHost + "/key", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "true"}, "", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"},
	} {
		t.Run(name, func(t *testing.T) {
			home := home(t)
			for name, value := range row.env {
				t.Setenv(name, strings.ReplaceAll(value, "HOME", home))
			}
			v := newVendor(t)
			options := cloudapi.CredentialOptions{Transport: v, Metadata: os.Getenv("ALIBABA_CLOUD_ECS_METADATA") != "", URI: os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI") != ""}
			key, err := cloudapi.ChainCredentials(options).Key(t.Context())
			if row.says != "" {
				require.ErrorContains(t, err, row.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, v.identity(key.ID))
		})
	}
}

func TestVariablesThatAreSetAndNotUsed(t *testing.T) {
	env := map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABACLOUD_ACCESS_KEY_ID": "i", "ALICLOUD_ACCESS_KEY": "i", "ALIBABA_CLOUD_ENDPOINT_TYPE": "vpc", "ALIBABA_CLOUD_STS_REGION": "r", "REGION": " ",
	}
	lookUp := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	used := map[string]string{}
	for _, v := range cloudapi.SetVariables(lookUp, false) {
		used[v.Name] = v.Unused
	}
	require.Equal(t, map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABACLOUD_ACCESS_KEY_ID": "ALIBABA_CLOUD_ACCESS_KEY_ID goes before it", "ALIBABA_CLOUD_STS_REGION": "",
		"ALICLOUD_ACCESS_KEY":         "they are Terraform's; the CLI does not read them either",
		"ALIBABA_CLOUD_ENDPOINT_TYPE": "endpoints are given by the config file (endpoints) or ALITRIAGE_ENDPOINT",
	}, used)
	for _, v := range cloudapi.Variables() {
		require.NotEqual(t, v.Does == "", v.Why == "", v.Names)
	}
}

// The instance's role, and not that of the proxy's machine.
func TestTheMetadataServiceIsAskedWithoutAProxy(t *testing.T) {
	bareMachine(t)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA", "instance-role")
	v := newVendor(t)
	proxied := false
	real := &http.Transport{
		Proxy: func(*http.Request) (*url.URL, error) {
			proxied = true
			return nil, nil
		},
		DialContext: v.dial,
	}
	requireIdentity(t, v, cloudapi.ChainCredentials(cloudapi.CredentialOptions{Metadata: true, Transport: real}), "the instance's role instance-role")
	require.False(t, proxied)
}

func TestAnswersOfServersThatHandOutKeys(t *testing.T) {
	for name, row := range map[string]struct {
		refusal, says string
		limit         bool
	}{
		"an error":          {"500 secret-of-the-server", "the server at keys.example.internal answered HTTP 500", false},
		"a redirect":        {"302 secret-of-the-server", "the server at keys.example.internal redirects", false},
		"no JSON":           {"200 <html>secret-of-the-server", "did not answer with a key in JSON", false},
		"half a key":        {`200 {"Code":"Success","AccessKeyId":"i"}`, "answered without AccessKeyId, AccessKeySecret or SecurityToken", false},
		"no success":        {`200 {"Code":"Failed","AccessKeyId":"i","AccessKeySecret":"secret-of-the-server","SecurityToken":"t"}`, "did not say Success in its Code", false},
		"a key of no shape": {`200 {"AccessKeyId":"i","AccessKeySecret":"secret of the server","SecurityToken":"t"}`, "the AccessKey secret holds a blank", false},
		"too much":          {"200 " + strings.Repeat("secret-of-the-server", 5000), "is over 64 KiB", false},
	} {
		t.Run(name, func(t *testing.T) {
			bareMachine(t)
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://user:password@"+keysHost+"/key?token=in-the-query")
			v := newVendor(t)
			v.refusals[keysHost] = row.refusal
			_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{URI: true, Transport: v}).Key(t.Context())
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, row.says)
			for _, hidden := range []string{"secret-of-the-server", "secret of the server", "password", "in-the-query"} {
				requireHidden(t, hidden, err)
			}
		})
	}
}

// Whoever was asked, and answered oddly, is told apart from a key that was copied
// wrongly, and from nobody.
func TestKeysThatAreHandedOutAndCannotBeUsed(t *testing.T) {
	const odd = `"AccessKeyId":"a\u007fb","AccessKeySecret":"hidden-secret","SecurityToken":"t","Expiration":"2099-01-01T00:00:00Z"`
	const given = "it was given a key that cannot be used: the AccessKey id holds a blank or a character that no key has"
	const roles = "/latest/meta-data/ram/security-credentials/"
	for name, row := range map[string]struct {
		profile string
		role    string // of the instance
		answers map[string]string
		says    string
		unasked bool
	}{
		"STS":                                 {profile: `"mode":"RamRoleArn",` + fileKey + `,` + theRole, answers: map[string]string{"sts.aliyuncs.com": `200 {"RequestId":"R","Credentials":{` + odd + `}}`}, says: given},
		"CloudSSO":                            {profile: `"mode":"CloudSSO","access_token":"sso-token","cloud_sso_access_token_expire":9999999999,` + theSSO, answers: map[string]string{signIn: `200 {"CloudCredential":{` + odd + `}}`}, says: given},
		"a server":                            {profile: `"mode":"CredentialsURI","credentials_uri":"http://` + keysHost + `/key"`, answers: map[string]string{keysHost: `200 {"Code":"Success",` + odd + `}`}, says: given},
		"the metadata service":                {profile: `"mode":"EcsRamRole"`, role: "instance-role", answers: map[string]string{metaHost + roles + "instance-role": `200 {"Code":"Success",` + odd + `}`}, says: given},
		"the metadata service, for a role":    {profile: `"mode":"RamRoleArnWithRoleName","ram_role_name":"instance-role",` + theRole, role: "instance-role", answers: map[string]string{metaHost + roles + "instance-role": `200 {"Code":"Success",` + odd + `}`}, says: given},
		"no role":                             {profile: `"mode":"EcsRamRole"`, answers: map[string]string{metaHost + roles: "404 <html>"}, says: "the instance has no role: attach one to it"},
		"an empty list of roles":              {profile: `"mode":"EcsRamRole"`, says: "the instance has no role: attach one to it"},
		"two roles":                           {profile: `"mode":"EcsRamRole"`, role: "one\ntwo", says: "the metadata service did not answer with the name of a role"},
		"another role":                        {profile: `"mode":"EcsRamRole","ram_role_name":"other"`, role: "instance-role", says: "the instance has no role of the name that was given"},
		"a role with a line break":            {profile: `"mode":"EcsRamRole","ram_role_name":"instance-role\n"`, role: "instance-role"},
		"a role of another shape":             {profile: `"mode":"EcsRamRole","ram_role_name":"../hidden"`, says: "its ram_role_name is not the name of a role", unasked: true},
		"a URI with a slash in the password":  {profile: `"mode":"CredentialsURI","credentials_uri":"http://user:hidden/word@` + keysHost + `/key"`, says: "the URI cannot be read: what is special in it, such as in a password, has to be percent-encoded", unasked: true},
		"a URI with no server that one knows": {profile: `"mode":"CredentialsURI","credentials_uri":"` + keysHost + `/key"`, says: "the URI has to be one of http or https", unasked: true},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, bareMachine(t)+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p",`+row.profile+`}]}`)
			v := newVendor(t)
			v.role = row.role
			maps.Copy(v.refusals, row.answers)
			_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{Transport: v}).Key(t.Context())
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, `profile "p" of the aliyun CLI (~/.aliyun/config.json): `+row.says)
			require.Equal(t, !row.unasked, cloudapi.SomebodyWasAsked(err))
			requireHidden(t, "hidden", err)
		})
	}
}

func TestASourceThatWasAskedIsNoReasonToSayThatNothingWasSent(t *testing.T) {
	bareMachine(t)
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://"+keysHost+"/key")
	v := newVendor(t)
	v.refusals[keysHost] = "500 no"
	client, err := cloudapi.New(cloudapi.Config{Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{URI: true, Transport: v})})
	require.NoError(t, err)
	require.True(t, failure(t, web(t, client)).Sent)
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "")
	client, err = cloudapi.New(cloudapi.Config{Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{URI: true, Transport: v})})
	require.NoError(t, err)
	require.False(t, failure(t, web(t, client)).Sent)
}

// What stands between us and STS is said as it is.
func TestARoleOfAProfileBehindAProxyThatIsDown(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	address, err := url.Parse(closed.URL)
	require.NoError(t, err)
	closed.Close()
	writeFile(t, bareMachine(t)+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn",`+fileKey+`,`+theRole+`}]}`)
	transport := &http.Transport{Proxy: http.ProxyURL(address)}
	_, err = cloudapi.ChainCredentials(cloudapi.CredentialOptions{Transport: transport}).Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrUnavailable)
	require.NotErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.ErrorContains(t, err, `AssumeRole for profile "p" of the aliyun CLI (~/.aliyun/config.json): Alibaba Cloud did not answer: sts.aliyuncs.com through the proxy `+address.Host+`: `)
	require.False(t, failure(t, err).Sent)
}

func TestARoleOfAProfileThatSTSRefuses(t *testing.T) {
	writeFile(t, bareMachine(t)+"/.aliyun/config.json", `{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn",`+fileKey+`,`+theRole+`}]}`)
	v := newVendor(t)
	v.refusals["sts.aliyuncs.com"] = `403 {"Code":"NoPermission","Message":"You are not authorized to do this action.","RequestId":"R-STS"}`
	_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{Transport: v}).Key(t.Context())
	e := failure(t, err)
	require.ErrorIs(t, err, cloudapi.ErrForbidden)
	require.NotErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.Equal(t, []string{"AssumeRole", "NoPermission", "R-STS"}, []string{e.Op, e.Code, e.RequestID})
	require.Equal(t, 403, e.Status)
	require.True(t, e.Sent)
}

// A fault that passes is asked again, as for every operation.
func TestAFaultOfSTSIsAskedAgain(t *testing.T) {
	s := plainSTS(t)
	s.Inject(sessionFault())
	require.NoError(t, web(t, s.client(t, s.base().Assume(s.role(t)))))
	require.Equal(t, 2, s.assumed())
}
