package cloudapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxCLIFile   = 1 << 20 // bytes
	maxProfiles  = 10      // that are named in an error
	maxSourceWay = 8       // profiles, by source_profile; credentials-go follows a circle for ever
)

// cliProfile is what a profile of the aliyun CLI needs to be whole. Its values
// are compared with nothing at all, and shown nowhere.
type cliProfile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`
	RoleARN         string `json:"ram_role_arn"`
	SourceProfile   string `json:"source_profile"`
	RoleName        string `json:"ram_role_name"`
	OIDCTokenFile   string `json:"oidc_token_file"`
	OIDCToken       string `json:"oidc_token"`
	OIDCProviderARN string `json:"oidc_provider_arn"`
	SignInURL       string `json:"cloud_sso_sign_in_url"`
	AccountID       string `json:"cloud_sso_account_id"`
	AccessConfig    string `json:"cloud_sso_access_config"`
	AccessToken     string `json:"access_token"`
	OAuthSite       string `json:"oauth_site_type"`
	OAuthRefresh    string `json:"oauth_refresh_token"`
	OAuthAccess     string `json:"oauth_access_token"`
	ProcessCommand  string `json:"process_command"`
}

// checkCLIProfile says why a profile of the aliyun CLI cannot be used as it
// stands. credentials-go fills what is empty in it from the environment, and the
// key may then be another identity's than the one that was named.
func checkCLIProfile(name string) error {
	profiles, err := readCLIFile()
	if err != nil {
		return err
	}
	p := find(profiles, name)
	if p == nil {
		return inWords(fmt.Sprintf("the file has no profile %s; %s", quoted(name, 80), namesOf(profiles)))
	}
	its := "its "
	for range maxSourceWay {
		if why := p.incomplete(its); why != "" {
			return inWords(why)
		}
		if p.Mode != "ChainableRamRoleArn" {
			return nil
		}
		if p = find(profiles, p.SourceProfile); p == nil {
			return inWords(its + "source_profile is not in the file; " + namesOf(profiles))
		}
		its = "in its source_profile " + quoted(p.Name, 80) + ", "
	}
	return inWords(fmt.Sprintf("its source_profile leads in a circle, or over more than %d profiles", maxSourceWay))
}

// readCLIFile reads the file that credentials-go will read.
func readCLIFile() ([]*cliProfile, error) {
	path := os.Getenv("ALIBABA_CLOUD_CONFIG_FILE") //nolint:forbidigo // as credentials-go, which it is to be ahead of
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, inWords("there is no home directory")
		}
		path = filepath.Join(home, ".aliyun", "config.json")
	}
	file, err := os.Open(path) //nolint:gosec // the path is the user's own
	if errors.Is(err, fs.ErrNotExist) {
		return nil, inWords("no such file")
	}
	if err != nil {
		return nil, inWords("the file cannot be read")
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxCLIFile+1))
	if err != nil {
		return nil, inWords("the file cannot be read")
	}
	if len(text) > maxCLIFile {
		return nil, inWords(fmt.Sprintf("the file is larger than %d MiB", maxCLIFile>>20))
	}
	var config struct {
		Profiles []*cliProfile `json:"profiles"`
	}
	if json.Unmarshal(text, &config) != nil {
		return nil, inWords("the file is not JSON as the aliyun CLI writes it")
	}
	return config.Profiles, nil
}

func find(profiles []*cliProfile, name string) *cliProfile {
	for _, p := range profiles {
		if p != nil && p.Name == name {
			return p
		}
	}
	return nil
}

func namesOf(profiles []*cliProfile) string {
	var names []string
	for _, p := range profiles {
		if p != nil {
			names = append(names, oneLine(p.Name, 40))
		}
	}
	switch more := len(names) - maxProfiles; {
	case len(names) == 0:
		return "it has none"
	case more > 0:
		return fmt.Sprintf("it has %s and %d more", strings.Join(names[:maxProfiles], ", "), more)
	default:
		return "it has " + strings.Join(names, ", ")
	}
}

// cliField is a field by the name it has in the file.
type cliField struct{ name, value string }

// incomplete names what is empty and must not be; "" when nothing is.
func (p *cliProfile) incomplete(its string) string {
	fields, known := p.needs()
	if !known {
		return its + "mode is not one that is known: AK, StsToken, RamRoleArn, EcsRamRole, OIDC, ChainableRamRoleArn, CloudSSO, OAuth or External"
	}
	var empty []string
	for _, f := range fields {
		if strings.TrimSpace(f.value) == "" {
			empty = append(empty, f.name)
		}
	}
	variable := p.overruledBy()
	switch {
	case len(empty) == 1:
		return its + empty[0] + " is empty"
	case len(empty) > 1:
		last := len(empty) - 1
		return its + strings.Join(empty[:last], ", ") + " and " + empty[last] + " are empty"
	case variable != "":
		return its + "key would be looked for by the variable " + variable + ", and a named profile uses none: unset it, or complete the profile"
	default:
		return ""
	}
}

func (p *cliProfile) needs() (fields []cliField, known bool) {
	key := []cliField{{"access_key_id", p.AccessKeyID}, {"access_key_secret", p.AccessKeySecret}}
	role := cliField{"ram_role_arn", p.RoleARN}
	switch p.Mode {
	case "AK":
		return key, true
	case "StsToken":
		return append(key, cliField{"sts_token", p.SecurityToken}), true
	case "RamRoleArn":
		return append(key, role), true
	case "ChainableRamRoleArn":
		return []cliField{{"source_profile", p.SourceProfile}, role}, true
	case "OIDC":
		return []cliField{{"oidc_token_file", p.OIDCTokenFile + p.OIDCToken}, {"oidc_provider_arn", p.OIDCProviderARN}, role}, true
	case "CloudSSO":
		return []cliField{
			{"cloud_sso_sign_in_url", p.SignInURL}, {"cloud_sso_account_id", p.AccountID},
			{"cloud_sso_access_config", p.AccessConfig}, {"access_token", p.AccessToken},
		}, true
	case "OAuth":
		return []cliField{{"oauth_site_type", p.OAuthSite}, {"oauth_refresh_token", p.OAuthRefresh + p.OAuthAccess}}, true
	case "External":
		return []cliField{{"process_command", p.ProcessCommand}}, true
	case "EcsRamRole":
		return nil, true
	default:
		return nil, false
	}
}

// overruledBy is a variable that credentials-go would take although the profile
// needs none.
func (p *cliProfile) overruledBy() string {
	variable := ""
	switch {
	case p.Mode == "OIDC" && p.OIDCToken == "":
		variable = "ALIBABA_CLOUD_OIDC_TOKEN" // goes before oidc_token_file
	case p.Mode == "EcsRamRole" && p.RoleName == "":
		variable = "ALIBABA_CLOUD_ECS_METADATA" // the role's name
	}
	if variable == "" || os.Getenv(variable) == "" { //nolint:forbidigo // as credentials-go, which it is to be ahead of
		return ""
	}
	return variable
}
