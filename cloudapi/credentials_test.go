package cloudapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// bareMachine has no credentials anywhere. It returns the home directory.
func bareMachine(t testing.TB) string {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "ALIBABA") || strings.HasPrefix(name, "ALICLOUD_") {
			t.Setenv(name, "")
		}
	}
	home := filepath.Join(t.TempDir(), "home-of-someone")
	require.NoError(t, os.Mkdir(home, 0o700))
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	return home
}

func setKeys(t testing.TB, id, secret, token string) {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", token)
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

const cliConfig = `{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"cli-id","access_key_secret":"cli-secret","region_id":"cn-hangzhou"}]}`

func TestWhereKeysComeFrom(t *testing.T) {
	for name, row := range map[string]struct {
		set  func(t *testing.T, home string)
		want acs3.Key
	}{
		"the environment": {func(t *testing.T, _ string) { setKeys(t, "id", "secret", "") }, acs3.Key{ID: "id", Secret: "secret"}},
		"the environment, temporary": {func(t *testing.T, _ string) { setKeys(t, "id", "secret", "token") },
			acs3.Key{ID: "id", Secret: "secret", SecurityToken: "token"}},
		"the environment, with line breaks": {func(t *testing.T, _ string) { setKeys(t, "id\n", " secret\r\n", "token\n") },
			acs3.Key{ID: "id", Secret: "secret", SecurityToken: "token"}},
		"the CLI's file": {func(t *testing.T, home string) { writeFile(t, home+"/.aliyun/config.json", cliConfig) },
			acs3.Key{ID: "cli-id", Secret: "cli-secret"}},
		"the CLI's file elsewhere": {func(t *testing.T, home string) {
			writeFile(t, home+"/elsewhere", cliConfig)
			t.Setenv("ALIBABA_CLOUD_CONFIG_FILE", home+"/elsewhere")
		}, acs3.Key{ID: "cli-id", Secret: "cli-secret"}},
		"another profile of the CLI": {func(t *testing.T, home string) {
			writeFile(t, home+"/.aliyun/config.json", `{"current":"default","profiles":[{"name":"default"},`+
				`{"name":"two","mode":"StsToken","access_key_id":"i2","access_key_secret":"s2","sts_token":"t2"}]}`)
			t.Setenv("ALIBABA_CLOUD_PROFILE", "two")
		}, acs3.Key{ID: "i2", Secret: "s2", SecurityToken: "t2"}},
		"the credentials file": {func(t *testing.T, home string) {
			writeFile(t, home+"/.alibabacloud/credentials", "[default]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini-secret\n")
		}, acs3.Key{ID: "ini-id", Secret: "ini-secret"}},
		"the environment before files": {func(t *testing.T, home string) {
			setKeys(t, "id", "secret", "")
			writeFile(t, home+"/.aliyun/config.json", cliConfig)
		}, acs3.Key{ID: "id", Secret: "secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			row.set(t, bareMachine(t))
			got, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
			require.NoError(t, err)
			require.Equal(t, row.want, got)
		})
	}
}

func TestANamedProfileIsTheOnlySource(t *testing.T) {
	const two = `{"current":"one","profiles":[{"name":"one","mode":"AK","access_key_id":"i1","access_key_secret":"s1"},` +
		`{"name":"two","mode":"AK","access_key_id":"i2","access_key_secret":"s2"}]}`
	const ini = "[three]\ntype = access_key\naccess_key_id = i3\naccess_key_secret = s3\n"
	home := bareMachine(t)
	setKeys(t, "env-id", "env-secret", "")
	t.Setenv("ALIBABA_CLOUD_PROFILE", "one")
	writeFile(t, home+"/.aliyun/config.json", two)
	writeFile(t, home+"/.alibabacloud/credentials", ini)
	for profile, id := range map[string]string{"one": "i1", "two": "i2", "three": "i3"} {
		key, err := cloudapi.ProfileCredentials(profile, cloudapi.CredentialOptions{}).Key(t.Context())
		require.NoError(t, err)
		require.Equal(t, id, key.ID)
	}
	_, err := cloudapi.ProfileCredentials("four", cloudapi.CredentialOptions{}).Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.ErrorContains(t, err, `profile "four"`)
	require.NotContains(t, err.Error(), "environment")
}

func TestGivenKeysTakeNothingFromTheEnvironment(t *testing.T) {
	bareMachine(t)
	setKeys(t, "env-id", "env-secret", "env-token")
	key, err := cloudapi.StaticCredentials("id", "secret", "").Key(t.Context())
	require.NoError(t, err)
	require.Equal(t, acs3.Key{ID: "id", Secret: "secret"}, key)
	_, err = cloudapi.StaticCredentials("", "", "").Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.NotErrorIs(t, err, cloudapi.ErrNoProfileCredentials)
}

func TestNothingIsLookedUpAtConstruction(t *testing.T) {
	home := bareMachine(t)
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{Metadata: true, URI: true}),
		Transport: answerWith(http.StatusOK, string(sample(t, "DescribeApplicationStatus"))),
	})
	require.NoError(t, err)
	writeFile(t, home+"/.aliyun/config.json", cliConfig) // a failed look-up would have been remembered
	_, err = client.DescribeApplicationStatus(t.Context(), "a")
	require.NoError(t, err)
}

func TestManyFirstCallsAtOnce(t *testing.T) {
	writeFile(t, bareMachine(t)+"/.aliyun/config.json", cliConfig)
	credentials := cloudapi.ChainCredentials(cloudapi.CredentialOptions{})
	errs := make(chan error, 4000)
	var ready sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(cap(errs))
	for range cap(errs) {
		go func() {
			ready.Done()
			<-begin
			key, err := credentials.Key(t.Context())
			if err == nil && key.ID != "cli-id" {
				err = fmt.Errorf("another key: %s", key.ID)
			}
			errs <- err
		}()
	}
	ready.Wait()
	close(begin)
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
}

func TestAFileThatAppearsLaterIsFound(t *testing.T) {
	home := bareMachine(t)
	synctest.Test(t, func(t *testing.T) {
		credentials := cloudapi.ChainCredentials(cloudapi.CredentialOptions{})
		_, err := credentials.Key(t.Context())
		require.ErrorIs(t, err, cloudapi.ErrNoCredentials)

		writeFile(t, home+"/.aliyun/config.json", cliConfig)
		wait(t, 5*time.Second-1)
		_, again := credentials.Key(t.Context())
		require.Equal(t, err, again, "a failure is remembered for 5 s")
		wait(t, 1)
		key, err := credentials.Key(t.Context())
		require.NoError(t, err)
		require.Equal(t, "cli-id", key.ID)
	})
}

// wait lets d pass in a synctest bubble.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	<-time.After(d)
}

func TestWithoutCredentialsNothingIsSent(t *testing.T) {
	bareMachine(t)
	for operation, call := range operations {
		client, err := cloudapi.New(cloudapi.Config{
			Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{}),
			Transport: transport(func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return nil, http.ErrAbortHandler
			}),
		})
		require.NoError(t, err)
		_, err = call(t.Context(), client)
		e := failure(t, err)
		require.ErrorIs(t, err, cloudapi.ErrUnauthenticated, operation)
		require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
		require.False(t, e.Sent)
		require.False(t, e.MayHaveStarted)
		for _, source := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "OIDC", "aliyun CLI", "credentials file"} {
			require.ErrorContains(t, err, source)
		}
		require.NotContains(t, err.Error(), "metadata", "it was not asked")
	}
}

// Whoever names a file or a profile means that one: when it is missing, the key of
// the next source would be somebody else's.
func TestWhatWasNamedIsNotPassedOver(t *testing.T) {
	const ini = "[default]\ntype = access_key\naccess_key_id = other-id\naccess_key_secret = other-secret\n"
	const blank = `{"current":"prod","profiles":[{"name":"default"},{"name":"prod"}]}`
	for name, row := range map[string]struct {
		cli  string // its file
		env  map[string]string
		link string // of its file
		says string // "": the credentials file's key is right
	}{
		"nothing":                       {},
		"a fresh file of the CLI":       {cli: `{"current":"default","profiles":[{"name":"default","mode":""}]}`},
		"its file":                      {env: map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": "/nowhere"}, says: "aliyun CLI profile (ALIBABA_CLOUD_CONFIG_FILE): the variable names a file that is not there"},
		"its file, not expanded":        {env: map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": "~/.aliyun/prod.json"}, says: "~ is not expanded, so write the whole path"},
		"a file that is no JSON":        {env: map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": "HOME/.alibabacloud/credentials"}, says: "aliyun CLI profile (ALIBABA_CLOUD_CONFIG_FILE): the file is not JSON"},
		"its file, and a profile":       {env: map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": "/nowhere", "ALIBABA_CLOUD_PROFILE": "default"}, says: "the variable names a file that is not there"},
		"a link to nowhere":             {link: "/nowhere", says: "it is a link to a file that is not there"},
		"the credentials file":          {env: map[string]string{"ALIBABA_CLOUD_CREDENTIALS_FILE": "/nowhere"}, says: "credentials file (ALIBABA_CLOUD_CREDENTIALS_FILE): the variable names a file that is not there"},
		"a profile, by current":         {cli: blank, says: `profile "prod" of the aliyun CLI (~/.aliyun/config.json): its mode is empty`},
		"a profile of none, by current": {cli: `{"current":"prod","profiles":[]}`, says: "current names a profile that is not in the file; it has none"},
		"a profile, by a variable":      {cli: blank, env: map[string]string{"ALICLOUD_PROFILE": "default"}, says: `profile "default" of the aliyun CLI (~/.aliyun/config.json): its mode is empty`},
		"a profile of no file":          {env: map[string]string{"ALIBABA_CLOUD_PROFILE": "prod"}, says: `section "prod" of the credentials file (~/.alibabacloud/credentials): the file has no such section, and ALIBABA_CLOUD_PROFILE names a profile that has to be there`},
		"a profile of no file, whose file was switched off": {env: map[string]string{"ALIBABA_CLOUD_PROFILE": "prod", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"},
			says: "ALIBABA_CLOUD_CREDENTIALS_URI: "},
	} {
		t.Run(name, func(t *testing.T) {
			home := bareMachine(t)
			writeFile(t, home+"/.alibabacloud/credentials", ini)
			if row.cli != "" {
				writeFile(t, home+"/.aliyun/config.json", row.cli)
			}
			if row.link != "" {
				require.NoError(t, os.Mkdir(home+"/.aliyun", 0o700))
				require.NoError(t, os.Symlink(row.link, home+"/.aliyun/config.json"))
			}
			for name, value := range row.env {
				t.Setenv(name, strings.ReplaceAll(value, "HOME", home))
			}
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "not-a-uri") // the last source
			key, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{URI: true}).Key(t.Context())
			if row.says == "" {
				require.NoError(t, err)
				require.Equal(t, "other-id", key.ID)
				return
			}
			require.ErrorContains(t, err, row.says)
			require.True(t, cloudapi.SourceIsUnusable(err))
		})
	}
}

// credentials-go quotes a whole configuration file in its error.
func TestErrorsAboutFilesHoldNeitherKeysNorDirectories(t *testing.T) {
	for name, row := range map[string]struct{ path, text, says string }{
		"malformed CLI file":       {".aliyun/config.json", strings.TrimSuffix(cliConfig, "}"), "the file is not JSON: it ends too early, in line 1"},
		"CLI file without profile": {".aliyun/config.json", `{"current":"cli-secret","profiles":[{"name":"x","mode":"cli-secret"}]}`, "current names a profile that is not in the file; it has x"},
		"CLI file of another mode": {".aliyun/config.json", strings.Replace(cliConfig, `"AK"`, `"cli-secret"`, 1), "its mode is not one that is known"},
		"CLI file with null":       {".aliyun/config.json", `{"current":"default","profiles":[null]}`, "the file has no profiles"},
		"a trailing comma":         {".aliyun/config.json", "{\"current\":\"default\",\n\"profiles\":[{\"name\":\"cli-secret\",\n}]}", "there is a comma too many at the end of line 2"},
		"a byte order mark":        {".aliyun/config.json", "\xef\xbb\xbf" + cliConfig, "the file begins with a byte order mark"},
		"UTF-16":                   {".aliyun/config.json", "\xff\xfe{\x00", "the file is UTF-16"},
		"an empty file":            {".aliyun/config.json", "\n", "the file is empty"},
		"something else":           {".aliyun/config.json", "[default]\naccess_key_secret = cli-secret\n", "the file is not JSON: look at line 1"},
		"malformed ini file":       {".alibabacloud/credentials", "[default\naccess_key_secret = cli-secret\n", "the file is not written as [section] and name = value"},
		"ini file of another type": {".alibabacloud/credentials", "[default]\ntype = cli-secret\n", "its type has to be access_key, ecs_ram_role or ram_role_arn"},
		"a directory":              {".aliyun/config.json/x", "", "it is a directory, and no file"},
	} {
		t.Run(name, func(t *testing.T) {
			home := bareMachine(t)
			writeFile(t, filepath.Join(home, row.path), row.text)
			_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
			require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
			require.ErrorContains(t, err, row.says)
			for _, hidden := range []string{"cli-id", "cli-secret", filepath.Base(home)} {
				requireHidden(t, hidden, err)
			}
		})
	}
}

func TestKeysThatCannotStandInAHeader(t *testing.T) {
	bareMachine(t)
	setKeys(t, "id\nX-Evil: 1", "secret", "")
	_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{}).Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.NotContains(t, err.Error(), "Evil")
}

// A hanging source is a server of credentials that does not answer.
func TestACallLeavesASourceThatHangs(t *testing.T) {
	bareMachine(t)
	asked, release := make(chan struct{}, 9), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		fmt.Fprintf(w, `{"AccessKeyId":"uri-id","AccessKeySecret":"s","SecurityToken":"t","Expiration":%q}`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer server.Close()
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", server.URL)
	credentials := cloudapi.ChainCredentials(cloudapi.CredentialOptions{URI: true})
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: credentials,
		Transport: answerWith(http.StatusOK, string(sample(t, "DescribeApplicationStatus"))),
	})
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 2)
	for range cap(left) { // one asks, the other waits for its turn
		go func() {
			_, err := client.DescribeApplicationStatus(ctx, "a")
			left <- err
		}()
	}
	<-asked
	cancel()
	for range cap(left) {
		err := <-left
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cloudapi.ErrUnavailable, "it is not known whether there are credentials")
		require.ErrorIs(t, err, cloudapi.ErrKeyAwaited)
		require.ErrorContains(t, err, "while a key was waited for from ALIBABA_CLOUD_CREDENTIALS_URI")
		require.False(t, failure(t, err).Sent)
	}

	close(release)
	_, err = client.DescribeApplicationStatus(t.Context(), "a")
	require.NoError(t, err)
	require.Empty(t, asked, "the look-up that was left serves the next caller")
	server.CloseClientConnections()
}

func TestAnExpiredTokenIsLookedUpAgainOnce(t *testing.T) {
	for name, row := range map[string]struct {
		renewed bool
		tokens  []string
	}{
		"and the call goes on with a new one": {true, []string{"old", "new"}},
		"and there is no new one":             {false, []string{"old", "old"}},
	} {
		for operation, call := range operations {
			t.Run(name+"/"+operation, func(t *testing.T) {
				home := bareMachine(t)
				config := func(token string) {
					writeFile(t, home+"/.aliyun/config.json", `{"current":"d","profiles":[{"name":"d","mode":"StsToken",`+
						`"access_key_id":"i","access_key_secret":"s","sts_token":"`+token+`"}]}`)
				}
				config("old")
				synctest.Test(t, func(t *testing.T) {
					var tokens []string
					client, err := cloudapi.New(cloudapi.Config{
						Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{}),
						Transport: transport(func(r *http.Request) (*http.Response, error) {
							token := r.Header.Get(acs3.HeaderSecurityToken)
							tokens = append(tokens, token)
							if token == "old" {
								if row.renewed {
									config("new")
								}
								return response(http.StatusBadRequest, `{"Code":"InvalidSecurityToken.Expired","RequestId":"R-1"}`), nil
							}
							return response(http.StatusOK, string(sample(t, operation))), nil
						}),
					})
					require.NoError(t, err)
					_, err = call(t.Context(), client)
					require.Equal(t, row.tokens, tokens)
					if row.renewed {
						require.NoError(t, err)
						return
					}
					require.ErrorIs(t, err, cloudapi.ErrUnauthenticated)
					require.False(t, failure(t, err).MayHaveStarted)
					config("new")
					_, err = call(t.Context(), client)
					require.NoError(t, err, "a later call finds a new token without being refused first")
					require.Equal(t, "new", tokens[2])
				})
			})
		}
	}
}
