package cloudapi

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The modes of a profile of aliyun CLI 3.4.11.
const (
	modeAK                  = "AK"
	modeStsToken            = "StsToken"
	modeRamRoleArn          = "RamRoleArn"
	modeEcsRamRole          = "EcsRamRole"
	modeRamRoleArnWithEcs   = "RamRoleArnWithRoleName"
	modeChainableRamRoleArn = "ChainableRamRoleArn"
	modeRsaKeyPair          = "RsaKeyPair"
	modeExternal            = "External"
	modeCredentialsURI      = "CredentialsURI"
	modeOIDC                = "OIDC"
	modeCloudSSO            = "CloudSSO"
	modeOAuth               = "OAuth"
	modeBearerToken         = "BearerToken"
	modeAnonymous           = "Anonymous"
)

var modes = []string{
	modeAK, modeStsToken, modeRamRoleArn, modeEcsRamRole, modeRamRoleArnWithEcs, modeChainableRamRoleArn, modeRsaKeyPair,
	modeExternal, modeCredentialsURI, modeOIDC, modeCloudSSO, modeOAuth, modeBearerToken, modeAnonymous,
}

// maxSources is how many profiles source_profile may lead over.
const maxSources = 8

// resolver finds the key of a profile.
type resolver struct {
	options *CredentialOptions
	client  *Client // for what is asked on the way
}

func newResolver(options *CredentialOptions) *resolver {
	return &resolver{options: options, client: newKeyClient(options)}
}

// newKeyClient is a Client with a budget of its own, for the operations that
// hand out keys.
func newKeyClient(options *CredentialOptions) *Client {
	c, err := New(Config{
		Credentials: StaticCredentials("", "", ""), Transport: options.Transport, Version: options.Version, Observe: options.Observe,
	})
	if err != nil {
		panic(err) // only for what is not given here
	}
	return c
}

// asking is the client with another address of STS.
func (r *resolver) asking(sts *url.URL) *Client {
	c := *r.client
	if sts != nil {
		c.endpoints = map[Product]*url.URL{STS: sts}
	}
	return &c
}

// cliProfile finds the key of a profile of the CLI's file; name is "" for the
// one that the CLI would choose.
func (r *resolver) cliProfile(l lookUp, name string) (session, error) {
	if variable := cliFileDisabled(); variable != "" {
		return session{}, absent("switched off by the variable " + variable)
	}
	f, err := readCLIFile()
	switch {
	case f == nil:
		return session{}, err
	case err != nil && name == "":
		return session{from: "aliyun CLI profile (" + f.shown + ")"}, err
	case err != nil:
		return session{from: profileSource(name, f.shown)}, err
	}
	chosenBy, wanted := "", true
	if name == "" {
		name, chosenBy, wanted = f.choose()
	}
	from, p := profileSource(name, f.shown), f.find(name)
	switch {
	case p == nil && chosenBy == "":
		return session{from: from}, absent(fmt.Sprintf("the file has no profile %s; %s", quoted(name, 80), f.names()))
	case p == nil && !wanted && f.names() == noProfiles:
		return session{from: "aliyun CLI profile (" + f.shown + ")"}, absent("the file has no profiles")
	case p == nil:
		return session{from: "aliyun CLI profile (" + f.shown + ")"}, inWords(chosenBy + " names a profile that is not in the file; " + f.names())
	case !wanted && p.mode() == "": // as the CLI writes it before it is configured
		return session{from: from}, absent("it is not configured yet")
	}
	if err := f.check(p); err != nil { // before anything is asked or started
		return session{from: from}, err
	}
	l.asking(from)
	s, err := r.resolve(l, f, p)
	s.from = from
	return s, err
}

// mode is the profile's, or the one that the CLI recognises by its fields.
func (p *cliProfile) mode() string {
	switch {
	case p.Mode != "":
		return p.Mode
	case p.AccessKeyID != "" && p.AccessKeySecret != "" && p.SecurityToken != "":
		return modeStsToken
	case p.AccessKeyID != "" && p.AccessKeySecret != "" && p.RoleARN != "":
		return modeRamRoleArn
	case p.AccessKeyID != "" || p.AccessKeySecret != "":
		return modeAK
	case p.PrivateKey != "" && p.KeyPairName != "":
		return modeRsaKeyPair
	case p.RoleName != "":
		return modeEcsRamRole
	case p.ProcessCommand != "":
		return modeExternal
	case p.OIDCProviderARN != "" && p.OIDCTokenFile != "" && p.RoleARN != "":
		return modeOIDC
	case p.SignInURL != "":
		return modeCloudSSO
	case p.BearerToken != "":
		return modeBearerToken
	default:
		return ""
	}
}

// check says why a profile cannot be used as it stands, and the profiles that it
// builds on: nothing of it is filled in from the environment, for the key would
// be another identity's than the one that was named.
func (f *cliFile) check(p *cliProfile) error {
	its := "its "
	for range maxSources {
		if why := p.incomplete(its); why != "" {
			return inWords(why)
		}
		if p.mode() != modeChainableRamRoleArn {
			return nil
		}
		if p = f.find(p.SourceProfile); p == nil {
			return inWords(its + "source_profile is not in the file; " + f.names())
		}
		its = "in its source_profile " + quoted(p.Name, 80) + ", "
	}
	return inWords(fmt.Sprintf("its source_profile leads in a circle, or over more than %d profiles", maxSources))
}

// cliField is a field by the name it has in the file.
type cliField struct{ name, value string }

// incomplete names what is empty and must not be, or is no value at all; "" when
// nothing is.
func (p *cliProfile) incomplete(its string) string {
	fields, known := p.needs()
	if !known && p.Mode == "" {
		return its + "mode is empty, and so is all that a mode could be recognised by: it is not configured yet"
	}
	if !known {
		return its + unknownMode(p.Mode)
	}
	var empty []string
	for _, f := range fields {
		if strings.TrimSpace(f.value) == "" {
			empty = append(empty, f.name)
		}
	}
	switch {
	case len(empty) == 1:
		return its + empty[0] + " is empty"
	case len(empty) > 1:
		last := len(empty) - 1
		return its + strings.Join(empty[:last], ", ") + " and " + empty[last] + " are empty"
	}
	for _, f := range fields {
		if odd := notAKey(strings.TrimSpace(f.value)); odd != "" && isKey[f.name] {
			return its + f.name + " " + odd
		}
	}
	return p.unusable(its)
}

func unknownMode(mode string) string {
	for _, known := range modes {
		if mode != known && strings.EqualFold(strings.TrimSpace(mode), known) {
			return "mode has to be written " + known
		}
	}
	return "mode is not one that is known: " + strings.Join(modes[:len(modes)-1], ", ") + " or " + modes[len(modes)-1]
}

// isKey names the fields that are sent as they are.
var isKey = map[string]bool{
	"access_key_id": true, "access_key_secret": true, "sts_token": true, "access_token": true, "oauth_refresh_token": true,
}

// needs lists what must not be empty in a profile of its mode.
func (p *cliProfile) needs() (fields []cliField, known bool) {
	key := []cliField{{"access_key_id", p.AccessKeyID}, {"access_key_secret", p.AccessKeySecret}}
	role := cliField{"ram_role_arn", p.RoleARN}
	switch p.mode() {
	case modeAK:
		return key, true
	case modeStsToken:
		return append(key, cliField{"sts_token", p.SecurityToken}), true
	case modeRamRoleArn:
		return append(key, role), true
	case modeRamRoleArnWithEcs:
		return []cliField{role}, true
	case modeChainableRamRoleArn:
		return []cliField{{"source_profile", p.SourceProfile}, role}, true
	case modeOIDC:
		return []cliField{{"oidc_token_file", p.OIDCTokenFile + p.OIDCToken}, {"oidc_provider_arn", p.OIDCProviderARN}, role}, true
	case modeCloudSSO:
		return []cliField{
			{"cloud_sso_sign_in_url", p.SignInURL}, {"cloud_sso_account_id", p.AccountID},
			{"cloud_sso_access_config", p.AccessConfig}, {"access_token", p.AccessToken},
		}, true
	case modeOAuth:
		return []cliField{{"oauth_site_type", p.OAuthSite}, {"oauth_refresh_token", p.OAuthRefresh + p.OAuthAccess}}, true
	case modeExternal:
		return []cliField{{"process_command", p.ProcessCommand}}, true
	case modeCredentialsURI:
		return []cliField{{"credentials_uri", p.CredentialsURI}}, true
	case modeEcsRamRole, modeRsaKeyPair, modeBearerToken, modeAnonymous:
		return nil, true
	default:
		return nil, false
	}
}

// unusable says what is whole and cannot be used all the same.
func (p *cliProfile) unusable(its string) string {
	mode := p.mode()
	switch mode {
	case modeRsaKeyPair:
		return its + "mode RsaKeyPair, which the aliyun CLI calls deprecated, is not supported: use AK, RamRoleArn or OAuth"
	case modeBearerToken:
		return its + "mode BearerToken cannot be used: none of the operations that alitriage reads takes a bearer token"
	case modeAnonymous:
		return its + "mode Anonymous has no credentials, and every call of alitriage is signed"
	}
	if odd := oddRoleName(p.RoleName); odd != "" && (mode == modeEcsRamRole || mode == modeRamRoleArnWithEcs) {
		return its + "ram_role_name " + odd
	}
	assumes := mode == modeRamRoleArn || mode == modeRamRoleArnWithEcs || mode == modeChainableRamRoleArn || mode == modeOIDC
	switch {
	case assumes && !ValidRoleARN(p.RoleARN):
		return its + "ram_role_arn is none: " + arnShape
	case assumes && mode != modeOIDC && p.Seconds != 0 && (p.Seconds < 900 || p.Seconds > 43200):
		return its + "expired_seconds has to be from 900 to 43200"
	}
	if _, err := p.stsHost(nil); assumes && err != nil {
		return its + err.Error()
	}
	if mode == modeOAuth && oauthSites[p.OAuthSite].base == "" {
		return its + "oauth_site_type has to be CN or INTL"
	}
	if mode == modeCloudSSO {
		if _, err := signInBase(p.SignInURL); err != nil {
			return its + err.Error()
		}
	}
	if mode == modeExternal {
		if _, err := splitCommand(p.ProcessCommand); err != nil {
			return its + "process_command " + err.Error()
		}
	}
	return ""
}

// resolve finds the key of a profile that was checked.
func (r *resolver) resolve(l lookUp, f *cliFile, p *cliProfile) (session, error) {
	switch p.mode() {
	case modeAK:
		return session{key: trimmedKey(p.AccessKeyID, p.AccessKeySecret, "")}, nil
	case modeStsToken:
		return session{key: trimmedKey(p.AccessKeyID, p.AccessKeySecret, p.SecurityToken)}, nil
	case modeRamRoleArn:
		first := session{key: trimmedKey(p.AccessKeyID, p.AccessKeySecret, p.SecurityToken)}
		return r.assume(l, p, first, p.ExternalID)
	case modeEcsRamRole:
		return r.metadata(l, p.RoleName)
	case modeRamRoleArnWithEcs:
		first, err := r.metadata(l, p.RoleName)
		if err != nil {
			return session{}, err
		}
		return r.assume(l, p, first, "") // the CLI sends no external_id here
	case modeChainableRamRoleArn:
		first, err := r.resolve(l, f, f.find(p.SourceProfile))
		if err != nil {
			return session{}, err
		}
		return r.assume(l, p, first, p.ExternalID)
	case modeExternal:
		return r.external(l, f, p)
	case modeCredentialsURI:
		return r.uri(l, p.CredentialsURI, true)
	case modeOIDC:
		return r.oidc(l, p)
	case modeCloudSSO:
		return r.cloudSSO(l, p)
	case modeOAuth:
		return r.oauthSession(l, f, p)
	default:
		return session{}, inWords("its " + unknownMode(p.Mode))
	}
}

// assume opens a session of the profile's role with the key of first.
func (r *resolver) assume(l lookUp, p *cliProfile, first session, externalID string) (session, error) {
	if err := first.sound(); err != nil {
		return session{}, err
	}
	endpoint, err := p.stsHost(r.options.STS)
	if err != nil {
		return session{}, inWords(err.Error())
	}
	client := r.asking(endpoint)
	client.credentials = StaticCredentials(first.key.ID, first.key.Secret, first.key.SecurityToken)
	return client.assumeRole(l.ctx, assumption{
		arn: p.RoleARN, session: p.sessionName(), policy: p.Policy, externalID: externalID, seconds: p.Seconds,
	})
}

// oidc opens a session of the profile's role with the token of a file, which is
// read anew each time: it is replaced before it expires.
func (r *resolver) oidc(l lookUp, p *cliProfile) (session, error) {
	if !ValidRoleARN(p.RoleARN) {
		return session{}, inWords(arnShape)
	}
	token := p.OIDCToken
	if p.OIDCTokenFile != "" {
		text, err := readSmall(p.OIDCTokenFile)
		if err != nil {
			return session{}, inWords("the file with the OIDC token: " + err.Error())
		}
		token = string(text)
	}
	if token = strings.TrimSpace(token); token == "" || strings.ContainsFunc(token, notInKey) {
		return session{}, inWords("the file with the OIDC token does not hold one")
	}
	endpoint, err := p.stsHost(r.options.STS)
	if err != nil {
		return session{}, inWords(err.Error())
	}
	a := assumption{arn: p.RoleARN, session: p.sessionName(), policy: p.Policy}
	return r.asking(endpoint).assumeRoleWithOIDC(l.ctx, a, p.OIDCProviderARN, token)
}

func (p *cliProfile) sessionName() string {
	fromVariable, _ := environment("ALIBABA_CLOUD_ROLE_SESSION_NAME")
	return cmp.Or(p.SessionName, fromVariable, sessionName)
}

var hostShape = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

// stsHost is where the profile's role is assumed: where the profile says, where
// the configuration of alitriage says, where the variables say, in this order.
func (p *cliProfile) stsHost(configured *url.URL) (*url.URL, error) {
	endpoint, name := p.STSEndpoint, "sts_endpoint"
	if endpoint == "" && configured != nil {
		return configured, nil
	}
	if endpoint == "" {
		endpoint, name = environment("ALIBABA_CLOUD_STS_ENDPOINT")
	}
	if endpoint != "" {
		return stsURL(endpoint, name)
	}
	region, name := p.STSRegion, "sts_region"
	if region == "" {
		region, name = environment("ALIBABA_CLOUD_STS_REGION")
	}
	switch {
	case region == "":
		return &url.URL{Scheme: "https", Host: host(STS, "")}, nil
	case !ValidRegion(region):
		return nil, fmt.Errorf("%s is not a RegionId; it looks like cn-hangzhou", name)
	}
	prefix := "sts."
	if p.EnableVPC || switchedOn("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") {
		prefix = "sts-vpc."
	}
	return &url.URL{Scheme: "https", Host: prefix + region + ".aliyuncs.com"}, nil
}

// stsURL takes a host, with or without a scheme. As with the CLI it is asked
// over https, but for http:// on loopback.
func stsURL(text, name string) (*url.URL, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	address, plain := strings.CutPrefix(text, "http://")
	address = strings.TrimPrefix(address, "https://")
	if !hostShape.MatchString(address) {
		return nil, fmt.Errorf("%s is not a host, such as sts-vpc.cn-hangzhou.aliyuncs.com", name)
	}
	u := &url.URL{Scheme: "https", Host: address}
	if plain && isLoopback(u.Hostname()) {
		u.Scheme = "http"
	}
	return u, nil
}

// unix is a time as the CLI keeps it.
func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }
