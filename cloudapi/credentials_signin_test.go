package cloudapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// oauthFile has a profile whose access token has expired, among others, written
// as people do.
const oauthFile = "{\r\n\t\"current\" : \"p\",\n\t\"profiles\": [\n" +
	"\t\t{\"name\":\"keys\",\"mode\":\"RsaKeyPair\",\"private_key\":\"----\",\"key_pair_name\":\"n\",\"oauth_refresh_token\":\"another's\"},\n" +
	"\t\t{\n\t\t\t\"oauth_access_token\": \"access-0\", \"name\": \"p\",\n\t\t\t\"mode\": \"OAuth\",\n\t\t\t\"oauth_site_type\": \"CN\",\n" +
	"\t\t\t\"oauth_refresh_token\" :\"refresh-1\",\n\t\t\t\"language\": \"\\u4e2d<&>\", \"later\": 1.50e1\n\t\t}\n\t],\n\t\"meta_path\": \"\", \"unknown\": [ ]\n}\n\n"

// oauthMachine has that file, and the options to ask with.
func oauthMachine(t *testing.T) (path string, v *vendor, options cloudapi.CredentialOptions, warned *[]string) {
	t.Helper()
	path = bareMachine(t) + "/.aliyun/config.json"
	writeFile(t, path, oauthFile)
	v, warned = newVendor(t), new([]string)
	return path, v, cloudapi.CredentialOptions{Transport: v, Warn: func(text string) { *warned = append(*warned, text) }}, warned
}

func requireIdentity(t *testing.T, v *vendor, c *cloudapi.Credentials, want string) {
	t.Helper()
	key, err := c.Key(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, v.identity(key.ID))
}

var renewed = regexp.MustCompile(`(access|refresh)-new-[0-9]+`)

func TestOnlyTheRenewedTokensChangeInTheFile(t *testing.T) {
	path, v, options, warned := oauthMachine(t)
	require.NoError(t, os.Chmod(path, 0o640))
	requireIdentity(t, v, cloudapi.ChainCredentials(options), "who signed in over OAuth")
	require.Empty(t, *warned)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `"oauth_access_token": "access-new-1", "name"`, string(text))
	require.Regexp(t, `"oauth_refresh_token" :"refresh-new-1",`, string(text))
	added := regexp.MustCompile(`, "oauth_access_token_expire": [0-9]{10}`).FindString(string(text))
	require.NotEmpty(t, added, "it was not there")
	back := strings.Replace(string(text), added, "", 1)
	back = strings.Replace(strings.Replace(back, "access-new-1", "access-0", 1), "refresh-new-1", "refresh-1", 1)
	require.Equal(t, oauthFile, back, "byte for byte")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())

	// The CLI goes on with what is there, and so does another process.
	requireIdentity(t, v, cloudapi.ProfileCredentials("p", options), "who signed in over OAuth")
	require.Equal(t, 1, v.renewals())
}

func TestTheFileIsWrittenThroughALink(t *testing.T) {
	path, v, options, _ := oauthMachine(t)
	target := filepath.Join(t.TempDir(), "dotfiles.json")
	require.NoError(t, os.Rename(path, target))
	require.NoError(t, os.Symlink(target, path))
	requireIdentity(t, v, cloudapi.ChainCredentials(options), "who signed in over OAuth")
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Regexp(t, renewed, string(text))
}

func TestTokensThatCannotBeWrittenAreKeptAndToldOnce(t *testing.T) {
	path, v, options, warned := oauthMachine(t)
	// Root can write everywhere, so the field is there twice: nobody can be sure
	// which one counts, and nothing is edited.
	broken := strings.Replace(oauthFile, `"oauth_refresh_token" :"refresh-1"`, `"oauth_refresh_token" :"refresh-0", "oauth_refresh_token":"refresh-1"`, 1)
	writeFile(t, path, broken)
	credentials := cloudapi.ChainCredentials(options)
	requireIdentity(t, v, credentials, "who signed in over OAuth")
	require.Len(t, *warned, 1)
	require.Contains(t, (*warned)[0], `profile "p" of the aliyun CLI (~/.aliyun/config.json): its OAuth tokens were renewed and could not be written back`)
	require.NotContains(t, (*warned)[0], "refresh-")
	for range 3 {
		cloudapi.Age(credentials, time.Hour)
		v.mu.Lock()
		clear(v.access)
		v.mu.Unlock()
		requireIdentity(t, v, credentials, "who signed in over OAuth")
	}
	require.Equal(t, 4, v.renewals(), "with the tokens of the time before")
	require.Len(t, *warned, 1)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, broken, string(text))
}

// Profiles of ours may share one of the CLI's, whose file cannot be written: what one
// of them has renewed is the others', too.
func TestTokensThatCannotBeWrittenAreShared(t *testing.T) {
	path, v, options, warned := oauthMachine(t)
	writeFile(t, path, strings.Replace(oauthFile, `"oauth_refresh_token" :"refresh-1"`, `"oauth_refresh_token" :"refresh-0", "oauth_refresh_token":"refresh-1"`, 1))
	first, second := cloudapi.ChainCredentials(options), cloudapi.ProfileCredentials("p", options)
	requireIdentity(t, v, first, "who signed in over OAuth")
	requireIdentity(t, v, second, "who signed in over OAuth")
	require.Equal(t, 1, v.renewals())
	for range 3 { // each makes void what the other had
		for _, credentials := range []*cloudapi.Credentials{second, first} {
			cloudapi.Age(credentials, time.Hour)
			v.mu.Lock()
			clear(v.access)
			v.mu.Unlock()
			requireIdentity(t, v, credentials, "who signed in over OAuth")
		}
	}
	require.Len(t, *warned, 1)

	var all sync.WaitGroup
	v.mu.Lock()
	clear(v.access)
	v.mu.Unlock()
	options.Warn = nil
	for range 8 {
		all.Go(func() {
			key, err := cloudapi.ChainCredentials(options).Key(t.Context())
			if err != nil || key.ID != "STS.oauth" {
				t.Error(key.ID, err)
			}
		})
	}
	all.Wait()
}

// A CLI, or another alitriage, that was faster has made our refresh token void.
func TestTokensThatAnotherProcessRenewed(t *testing.T) {
	path, v, options, _ := oauthMachine(t)
	v.mu.Lock()
	v.refresh, v.access = map[string]bool{"refresh-2": true}, map[string]bool{"access-2": true}
	v.mu.Unlock()
	go func() {
		for v.renewals() == 0 {
			time.Sleep(time.Millisecond)
		}
		text := strings.NewReplacer("refresh-1", "refresh-2", "access-0", "access-2").Replace(oauthFile)
		_ = os.WriteFile(path+".new", []byte(text), 0o600)
		_ = os.Rename(path+".new", path)
	}()
	requireIdentity(t, v, cloudapi.ChainCredentials(options), "who signed in over OAuth")
	require.Equal(t, 1, v.renewals())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "refresh-2")
}

// Profiles of ours may share one of the CLI's: each has its Credentials.
func TestManyRenewAtOnce(t *testing.T) {
	path, _, options, _ := oauthMachine(t)
	options.Warn = nil
	var all sync.WaitGroup
	for range 8 {
		credentials := cloudapi.ChainCredentials(options)
		for range 4 {
			all.Go(func() {
				key, err := credentials.Key(t.Context())
				if err != nil || key.ID != "STS.oauth" {
					t.Error(key.ID, err)
				}
			})
		}
	}
	all.Wait()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `"oauth_refresh_token" :"refresh-new-`, string(text))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestAWithdrawnTokenSaysHowToSignInAgain(t *testing.T) {
	for name, row := range map[string]struct{ name, profile, op, says string }{
		"CloudSSO":              {"p", `"mode":"CloudSSO","access_token":"sso-old","cloud_sso_access_token_expire":9999999999,` + theSSO, "CreateCloudCredential", "`aliyun configure --profile p`"},
		"OAuth":                 {"p", `"mode":"OAuth","oauth_site_type":"INTL","oauth_refresh_token":"refresh-0"`, "RefreshToken", "`aliyun configure --mode OAuth --oauth-site-type INTL --profile p`"},
		"CloudSSO, an odd name": {"it's; new", `"mode":"CloudSSO","access_token":"sso-old","cloud_sso_access_token_expire":9999999999,` + theSSO, "CreateCloudCredential", "`aliyun configure --profile 'it'\\''s; new'`"},
		"OAuth, an odd name":    {"$(a)", `"mode":"OAuth","oauth_site_type":"CN","oauth_refresh_token":"refresh-0"`, "RefreshToken", "`aliyun configure --mode OAuth --oauth-site-type CN --profile '$(a)'`"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, bareMachine(t)+"/.aliyun/config.json", fmt.Sprintf(`{"current":%q,"profiles":[{"name":%q,%s}]}`, row.name, row.name, row.profile))
			v := newVendor(t)
			_, err := cloudapi.ChainCredentials(cloudapi.CredentialOptions{Transport: v}).Key(t.Context())
			e := failure(t, err)
			require.ErrorIs(t, err, cloudapi.ErrUnauthenticated)
			require.NotErrorIs(t, err, cloudapi.ErrNoCredentials, "something was sent")
			require.True(t, e.Sent)
			require.False(t, e.MayHaveStarted)
			require.Equal(t, row.op, e.Op)
			require.NotEmpty(t, e.Code)
			require.ErrorContains(t, err, row.says)
			require.Equal(t, fmt.Sprintf("profile %q of the aliyun CLI (~/.aliyun/config.json)", row.name), e.For)
			for _, hidden := range []string{"sso-old", "refresh-0"} {
				requireHidden(t, hidden, err)
			}
		})
	}
}

// A renewal that was lost may have made the refresh token void: it is not sent
// twice by itself.
func TestARenewalIsNotRepeated(t *testing.T) {
	_, v, options, _ := oauthMachine(t)
	v.refusals["oauth.aliyun.com"] = "503 {}"
	_, err := cloudapi.ChainCredentials(options).Key(t.Context())
	require.ErrorIs(t, err, cloudapi.ErrUnavailable)
	require.Equal(t, 1, v.renewals())
}

const editForEver = "ALITRIAGE_TEST_EDITS"

// Whenever the process is killed, the old file is there or the new one.
func TestAKillWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	writeFile(t, path, oauthFile)
	self, err := os.Executable()
	require.NoError(t, err)
	whole := regexp.MustCompile(`"oauth_refresh_token" :"(refresh-1|0{1000}|1{1000}|2{1000}|3{1000}|4{1000}|5{1000}|6{1000}|7{1000}|8{1000}|9{1000})",`)
	for i := range 15 {
		editor := exec.CommandContext(t.Context(), self)
		editor.Env = append(os.Environ(), editForEver+"="+path)
		require.NoError(t, editor.Start())
		for range 40 + i*7 { // read as fast as can be, while it writes
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, json.Valid(text))
			require.Regexp(t, whole, string(text))
		}
		require.NoError(t, editor.Process.Kill())
		_ = editor.Wait()
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Regexp(t, whole, string(text), fmt.Sprint("after kill ", i))
	}
}
