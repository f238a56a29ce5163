package cloudapi

import (
	"cmp"
	"os"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// spellings are the families of variables, in the order in which aliyun CLI 3.4
// asks them for a key.
var spellings = []string{"ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_"}

// The order in which the CLI asks the families for what is not a key.
var (
	profileVariables = []string{"ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"}
	oidcARN          = []string{"ALIBABACLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"}
	oidcTokenFile    = []string{"ALIBABACLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"}
	roleVariables    = []string{"ALIBABACLOUD_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"}
)

// RegionVariables name the region, in the order in which the CLI asks them.
var RegionVariables = []string{"ALIBABA_CLOUD_REGION_ID", "ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION_ID"}

// environment is the value of the first of the variables that is set, and its
// name.
func environment(names ...string) (value, name string) {
	for _, name := range names {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" { //nolint:forbidigo // the variables of the vendor's tools, as those read them
			return value, name
		}
	}
	return "", ""
}

func switchedOn(name string) bool {
	value, _ := environment(name)
	return strings.EqualFold(value, "true")
}

// helpersDisabled reports whether the user has forbidden programs and URLs as
// sources of keys, as the CLI understands it.
func helpersDisabled() bool {
	value, _ := environment(disableExternal)
	return value == "1" || strings.EqualFold(value, "true")
}

const disableExternal = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"

// cliFileDisabled is the variable by which the CLI's file is switched off; "":
// none.
func cliFileDisabled() string {
	if switchedOn("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") {
		return "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
	}
	if value, name := environment("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE"); value == "TRUE" {
		return name
	}
	return ""
}

// environmentKey takes the key from the first family that is set. Half a key ends
// the search: the key of the next family may be somebody else's, and two halves of
// two families belong to nobody.
func environmentKey() (session, error) {
	for _, family := range spellings {
		id, idName := environment(family + "ACCESS_KEY_ID")
		secret, secretName := environment(family + "ACCESS_KEY_SECRET")
		token, tokenName := environment(family + "SECURITY_TOKEN")
		switch {
		case id == "" && secret == "":
			continue
		case id == "" || secret == "":
			missing := family + "ACCESS_KEY_ID"
			if id != "" {
				missing = family + "ACCESS_KEY_SECRET"
			}
			return session{}, halfSet(cmp.Or(idName, secretName), missing)
		}
		for _, part := range []struct{ name, value string }{{idName, id}, {secretName, secret}, {tokenName, token}} {
			if odd := notAKey(part.value); odd != "" {
				return session{}, inWords(part.name + " " + odd)
			}
		}
		from := "environment variables (" + idName + " and " + secretName + ")"
		if family == spellings[0] { // as the vendor's library reads them
			return fromLibrary(from)
		}
		return session{key: acs3.Key{ID: id, Secret: secret, SecurityToken: token}, from: from}, nil
	}
	return session{}, absent("not set")
}

func halfSet(set, missing string) error {
	return inWords(set + " is set and " + missing + " is not: set both, or neither")
}

// fromLibrary asks the one provider of credentials-go that does all that it
// should and nothing else; see docs/adr/0013-credentials.md.
func fromLibrary(from string) (session, error) {
	provider, err := providers.NewEnvironmentVariableCredentialsProviderBuilder().Build()
	if err != nil {
		return session{}, inWords("the variables cannot be read")
	}
	found, err := provider.GetCredentials()
	if err != nil {
		return session{}, inWords("the variables cannot be read")
	}
	return session{key: trimmedKey(found.AccessKeyId, found.AccessKeySecret, found.SecurityToken), from: from}, nil
}

// environmentOIDC assumes the role that ACK gives to a pod.
func (r *resolver) environmentOIDC(c lookUp) (session, error) {
	p := &cliProfile{Mode: modeOIDC}
	file, fileName := environment(oidcTokenFile...)
	token, tokenName := environment("ALIBABA_CLOUD_OIDC_TOKEN")
	p.OIDCTokenFile, p.OIDCToken = file, token
	if file == "" && token == "" { // the ARNs alone may be there to fill profiles of the CLI
		return session{}, absent("not set")
	}
	set := cmp.Or(tokenName, fileName)
	if token != "" {
		p.OIDCTokenFile = "" // credentials-go asks for the token itself first
	}
	p.OIDCProviderARN, _ = environment(oidcARN...)
	p.RoleARN, _ = environment(roleVariables...)
	p.SessionName, _ = environment("ALIBABA_CLOUD_ROLE_SESSION_NAME")
	for _, need := range []cliField{{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", p.OIDCProviderARN}, {"ALIBABA_CLOUD_ROLE_ARN", p.RoleARN}} {
		if need.value == "" {
			return session{}, halfSet(set, need.name)
		}
	}
	s, err := r.oidc(c, p)
	s.from = "OIDC role (" + set + ")"
	return s, err
}

// environmentURI asks the server that the variable names.
func (r *resolver) environmentURI(c lookUp) (session, error) {
	uri, name := environment("ALIBABA_CLOUD_CREDENTIALS_URI")
	if uri == "" {
		return session{}, absent("not set")
	}
	s, err := r.uri(c, uri, false)
	s.from = name
	return s, err
}

// notAKey says why a value cannot be a key or a part of one; "" when it may be.
// A server would only call such a key unknown.
func notAKey(value string) string {
	switch {
	case value == "":
		return ""
	case strings.HasPrefix(value, "${"), strings.HasPrefix(value, "$("), strings.HasPrefix(value, "{{"),
		strings.HasPrefix(value, "$") && strings.Trim(value[1:], envName) == "",
		len(value) > 2 && value[0] == '%' && value[len(value)-1] == '%',
		len(value) > 2 && value[0] == '<' && value[len(value)-1] == '>':
		return "holds a placeholder that nobody has replaced: what starts alitriage does not expand it, so write the value itself there, or leave it out where the variable is set already"
	case strings.ContainsRune(quotes, []rune(value)[0]) || strings.ContainsRune(quotes, lastRune(value)):
		return "has quotation marks around it or at one end: take them away"
	case strings.Contains(value, "****"):
		return "is masked with asterisks: give the whole value"
	case strings.ContainsFunc(value, notInKey):
		return "holds a blank or a character that no key has: it was copied with something else, or cut"
	default:
		return ""
	}
}

const (
	envName = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
	quotes  = "\"'`“”‘’«»„"
)

func lastRune(s string) rune {
	r := []rune(s)
	return r[len(r)-1]
}

func notInKey(r rune) bool { return r <= ' ' || r >= 0x7f }

func trimmedKey(id, secret, token string) acs3.Key {
	return acs3.Key{ID: strings.TrimSpace(id), Secret: strings.TrimSpace(secret), SecurityToken: strings.TrimSpace(token)}
}

// Variable is one of the environment that the vendor's tools read, in all its
// spellings, and what becomes of it.
type Variable struct {
	Names   []string // the first that is set counts
	CLI     string   // what aliyun CLI 3.4.11 does with it
	Library string   // what credentials-go 1.4.14 does with it
	Does    string   // what alitriage does with it; "" for nothing
	Why     string   // it is not used
	Chain   bool     // only by a profile that names no credentials profile
}

// Variables are those of the vendor's tools that have to do with credentials.
func Variables() []Variable { return vendorVariables }

// VariableInUse is one that is set.
type VariableInUse struct {
	Name   string
	Unused string // why it is not used; "" when it is
	Named  bool   // it is not used because every profile names its credentials
}

// SetVariables tells which of them lookUp finds, and which of those are not used.
// named says that every profile names its credentials profile.
func SetVariables(lookUp func(string) (string, bool), named bool) (list []VariableInUse) {
	for _, v := range vendorVariables {
		first := ""
		for _, name := range v.Names {
			value, _ := lookUp(name)
			if strings.TrimSpace(value) == "" {
				continue
			}
			one := VariableInUse{Name: name}
			switch {
			case v.Does == "":
				one.Unused = v.Why
			case v.Chain && named:
				one.Unused, one.Named = "every profile names its credentials, and takes nothing of it", true
			case first != "":
				one.Unused = first + " goes before it"
			}
			first = cmp.Or(first, name)
			list = append(list, one)
		}
	}
	return list
}

func named(suffix string) []string {
	names := make([]string, len(spellings))
	for i, family := range spellings {
		names[i] = family + suffix
	}
	return names
}

const (
	fillsProfiles = "fills a profile that has none"
	onlyThis      = "ALIBABA_CLOUD_ spelling only: "
	nothing       = "nothing"
	byAnyone      = "the name is anybody's: the key may be another cloud's"
	inFile        = "endpoints are given by the config file (endpoints) or ALITRIAGE_ENDPOINT"
	timesAreOurs  = "time limits and retries are alitriage's own"
	noBearer      = "none of the operations that alitriage reads takes a bearer token" //nolint:gosec // it speaks of one
)

var vendorVariables = []Variable{
	{named("ACCESS_KEY_ID"), fillsProfiles, onlyThis + "a key, before all else", "a key, before all else but a profile that was named; with the secret of the same spelling", "", true},
	{named("ACCESS_KEY_SECRET"), fillsProfiles, onlyThis + "a key, before all else", "the secret of the id of the same spelling", "", true},
	{named("SECURITY_TOKEN"), fillsProfiles, onlyThis + "the token of that key", "the token of the key of the same spelling", "", true},
	{profileVariables, "chooses the profile, unless --profile does", onlyThis + "chooses the profile, also of the credentials file", "chooses the profile, unless one was named", "", true},
	{RegionVariables, fillsProfiles, nothing, "region, when nothing else names one", "", false},
	{[]string{"ALIBABA_CLOUD_CONFIG_FILE"}, "nothing (its --config-path does it)", "path of the CLI's file", "path of the CLI's file", "", false},
	{[]string{"ALIBABA_CLOUD_CREDENTIALS_FILE"}, nothing, "path of the credentials file", "path of the credentials file", "", false},
	{[]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED"}, nothing, "true: the CLI's file is not read", "true: the CLI's file is not read", "", false},
	{[]string{"ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE"}, "TRUE: its file is not read", nothing, "TRUE: the CLI's file is not read", "", false},
	{oidcTokenFile, fillsProfiles, onlyThis + "assumes the role, after the key", "assumes the role, after the key", "", true},
	{[]string{"ALIBABA_CLOUD_OIDC_TOKEN"}, nothing, "the token itself, before the file", "the token itself, before the file", "", true},
	{oidcARN, fillsProfiles, onlyThis + "of the OIDC role", "of the OIDC role", "", true},
	{roleVariables, fillsProfiles, onlyThis + "of the OIDC role; fills RamRoleArn", "of the OIDC role; of nothing else", "", true},
	{[]string{"ALIBABA_CLOUD_ROLE_SESSION_NAME"}, nothing, "name of the session where none is given", "name of the session of a profile or an OIDC role that gives none", "", false},
	{[]string{"ALIBABA_CLOUD_ECS_METADATA"}, nothing, "name of the instance's role", "name of the instance's role: ask the metadata service too, last", "", true},
	{[]string{"ALIBABA_CLOUD_ECS_METADATA_DISABLED"}, "as credentials-go", "true: the metadata service is not asked", "true: the metadata service is not asked", "", false},
	{[]string{"ALIBABA_CLOUD_IMDSV1_DISABLED"}, "as credentials-go", "true: not without a token of the service", "true: not without a token of the service", "", false},
	{[]string{"ALIBABA_CLOUD_CREDENTIALS_URI"}, fillsProfiles + " (mode CredentialsURI)", "asked last", "asked last; of no named profile", "", true},
	{[]string{disableExternal}, "1 or true: no External, no CredentialsURI", nothing, "1 or true: no External, no CredentialsURI, no ALIBABA_CLOUD_CREDENTIALS_URI", "", false},
	{[]string{"ALIBABA_CLOUD_STS_ENDPOINT"}, fillsProfiles, nothing, "where roles of profiles are assumed, when neither the profile nor the config file says", "", false},
	{[]string{"ALIBABA_CLOUD_STS_REGION"}, nothing, "region of STS, when the profile gives none", "region of STS, when the profile gives none", "", false},
	{[]string{"ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"}, nothing, "true: sts-vpc in place of sts, where a region is given", "true: sts-vpc in place of sts, where a region is given", "", false},
	{[]string{"ALIBABA_CLOUD_EXTERNAL_ID", "ALIBABACLOUD_EXTERNAL_ID"}, fillsProfiles, nothing, "", "it belongs to a role: write external_id into its profile", false},
	{[]string{"ALIBABA_CLOUD_PROFILE_MODE"}, "Anonymous: calls are not signed", nothing, "", "every call of alitriage is signed", false},
	{[]string{"ALIBABA_CLOUD_BEARER_TOKEN", "ALIBABA_CLOUD_BEARER_TOKEN_HEADER_KEY"}, fillsProfiles + " (mode BearerToken)", nothing, "", noBearer, false},
	{named("ENDPOINT_TYPE"), "vpc: endpoints of products within a VPC, not of STS", nothing, "", inFile, false},
	{[]string{"ALIBABA_CLOUD_ENDPOINT", "ALIBABACLOUD_ENDPOINT", "ALICLOUD_ENDPOINT"}, "endpoint of the product (the first spelling)", nothing, "", inFile, false},
	{[]string{"ALIBABA_CLOUD_READ_TIMEOUT", "ALIBABA_CLOUD_CONNECT_TIMEOUT", "ALIBABA_CLOUD_RETRY_COUNT"}, fillsProfiles, nothing, "", timesAreOurs, false},
	{[]string{"ALIBABA_CLOUD_ECS_IMDSV2_ENABLE"}, nothing, "older interface: a token of the metadata service is a must", "", "a token is always asked for; ALIBABA_CLOUD_IMDSV1_DISABLED=true makes it a must", false},
	{[]string{"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_REGION"}, nothing, nothing, "", "they are Terraform's; the CLI does not read them either", false},
	{[]string{"ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN"}, "fills a profile that has none, last", nothing, "", byAnyone, false},
	{[]string{"REGION_ID", "REGION"}, "fills a profile that has none, last", nothing, "", "the name is anybody's: it may be another cloud's region", false},
}
