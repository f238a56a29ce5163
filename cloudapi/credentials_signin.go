package cloudapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// What the aliyun CLI signed in with is exchanged for a key here. Hosts, client
// ids, paths and fields are those of aliyun CLI 3.4.11 (config/configure.go,
// cloudsso/refresh.go).

var (
	createCloudCredential = operation{
		name: "CreateCloudCredential", product: CloudSSO, method: http.MethodPost, path: "/cloud-credentials", ok: sessionOK,
	}
	refreshOAuthToken = operation{name: "RefreshToken", product: OAuth, method: http.MethodPost, path: "/v1/token", ok: sessionOK}
	exchangeOAuth     = operation{name: "Exchange", product: OAuth, method: http.MethodPost, path: "/v1/exchange", ok: sessionOK}
)

// oauthSites are where people sign in, and as whom the CLI does.
var oauthSites = map[string]struct{ base, client string }{
	"CN":   {"https://oauth.aliyun.com", "4038181954557748008"},
	"INTL": {"https://oauth.alibabacloud.com", "4103531455503354461"},
}

// signInBase is where CloudSSO exchanges: the CLI keeps scheme and host.
func signInBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err == nil && u.User == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())) {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
	}
	return nil, errors.New("cloud_sso_sign_in_url is not an https address")
}

// saved is the key that the CLI has left in a profile of CloudSSO or OAuth, if
// it can still be used for a while.
func (p *cliProfile) saved(l lookUp) (session, bool) {
	s := session{key: trimmedKey(p.AccessKeyID, p.AccessKeySecret, p.SecurityToken), expires: unix(p.Expires)}
	whole := s.key.ID != "" && s.key.Secret != "" && s.key.SecurityToken != ""
	return s, whole && s.key != l.refused && time.Until(s.expires) > refreshWindow
}

// cloudSSO exchanges the access token, which nothing but signing in renews.
// Nothing is written: the file has all that the CLI needs.
func (r *resolver) cloudSSO(l lookUp, p *cliProfile) (session, error) {
	signIn := "sign in again with `aliyun configure --profile " + shellWord(p.Name) + "`"
	if p.AccessExpires <= time.Now().Unix() {
		return session{}, inWords("its access token of CloudSSO has expired: " + signIn)
	}
	if s, ok := p.saved(l); ok {
		return s, nil
	}
	base, err := signInBase(p.SignInURL)
	if err != nil {
		return session{}, inWords("its " + err.Error())
	}
	body, err := json.Marshal(map[string]string{"AccountId": p.AccountID, "AccessConfigurationId": p.AccessConfig})
	if err != nil {
		return session{}, inWords("its cloud_sso_account_id cannot be sent")
	}
	op := createCloudCredential
	op.unsigned = &unsigned{base: base, bearer: strings.TrimSpace(p.AccessToken), json: body}
	var wire wireCloudSSO
	if _, err := r.client.call(l.ctx, request{operation: op}, &wire); err != nil {
		return session{}, signInAgain(err, signIn)
	}
	return wire.CloudCredential.session(), nil
}

type wireCloudSSO struct {
	envelope

	CloudCredential wireKey
}

func (w *wireCloudSSO) complete() error {
	if !w.CloudCredential.whole() {
		return errNoSession
	}
	return nil
}

// signInAgain adds to a refused token how to get a new one.
func signInAgain(err error, how string) error {
	if e, ours := errors.AsType[*Error](err); ours && errors.Is(e, ErrUnauthenticated) {
		e.Cause = inWords(how)
	}
	return err
}

// unwritten are renewed tokens that could not be written into the file. Profiles of
// ours that share one of the CLI's share them, too: renewing twice makes void what
// the other one has.
var unwritten oauthMemory

// oauthMemory holds tokens by the file and the refresh token there that they replace.
type oauthMemory struct {
	mu     sync.Mutex
	tokens map[[2]string]oauthTokens
}

func (m *oauthMemory) of(f *cliFile, p *cliProfile) (oauthTokens, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tokens, found := m.tokens[[2]string{f.path, p.OAuthRefresh}]
	return tokens, found
}

// keep reports whether these are the first for that profile.
func (m *oauthMemory) keep(f *cliFile, p *cliProfile, tokens oauthTokens) (first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		m.tokens = make(map[[2]string]oauthTokens)
	}
	key := [2]string{f.path, p.OAuthRefresh}
	_, again := m.tokens[key]
	m.tokens[key] = tokens
	return !again
}

type oauthTokens struct {
	access, refresh string
	expires         int64 // of access
}

// Format keeps the tokens out of any text.
func (t oauthTokens) Format(f fmt.State, _ rune) { fmt.Fprint(f, "OAuth tokens") }

func (p *cliProfile) tokens() oauthTokens {
	return oauthTokens{strings.TrimSpace(p.OAuthAccess), strings.TrimSpace(p.OAuthRefresh), p.OAuthAccessExpire}
}

// oauthSession exchanges the access token, and renews that where it must. A
// renewed refresh token makes the old one void, so it is written into the file
// before anything else is done.
func (r *resolver) oauthSession(l lookUp, f *cliFile, p *cliProfile) (session, error) {
	if s, ok := p.saved(l); ok {
		return s, nil
	}
	tokens, inMemory := unwritten.of(f, p)
	if !inMemory {
		tokens = p.tokens()
	}
	renewed := false
	if tokens.access == "" || tokens.expires <= time.Now().Unix() && tokens.refresh != "" {
		var err error
		if tokens, err = r.renew(l, f, p, tokens); err != nil {
			return session{}, err
		}
		renewed = true
	}
	s, err := r.exchange(l, p, tokens)
	if e, ours := errors.AsType[*Error](err); ours && errors.Is(e, ErrUnauthenticated) && !renewed && tokens.refresh != "" {
		if tokens, err = r.renew(l, f, p, tokens); err != nil { // the clock here is wrong, or the token was withdrawn
			return session{}, err
		}
		s, err = r.exchange(l, p, tokens)
	}
	return s, err
}

func (p *cliProfile) oauthSignIn() string {
	command := "aliyun configure --mode OAuth --oauth-site-type " + p.OAuthSite
	if p.Name != defaultProfile {
		command += " --profile " + shellWord(p.Name)
	}
	return "sign in again with `" + command + "`"
}

// shellWord is a name as it can be pasted into a command: profiles are called
// anything.
func shellWord(name string) string {
	name = oneLine(name, 80)
	if name != "" && strings.Trim(name, envName+"-.") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

func (r *resolver) exchange(l lookUp, p *cliProfile, tokens oauthTokens) (session, error) {
	op := exchangeOAuth
	op.unsigned = &unsigned{base: p.oauthBase(), bearer: tokens.access, json: []byte{}}
	var wire struct {
		envelope
		wireKey
	}
	if _, err := r.client.call(l.ctx, request{operation: op}, &wire); err != nil {
		return session{}, signInAgain(err, p.oauthSignIn())
	}
	if !wire.whole() {
		return session{}, &Error{Op: op.name, Product: op.product, At: time.Now(), Kind: ErrBadResponse, Cause: errNoSession, Sent: true}
	}
	return wire.session(), nil
}

func (p *cliProfile) oauthBase() *url.URL {
	base, err := url.Parse(oauthSites[p.OAuthSite].base)
	if err != nil {
		return nil
	}
	return base
}

// renew gets new tokens. Somebody else may have been first, whose tokens are in the
// file then, or in memory.
func (r *resolver) renew(l lookUp, f *cliFile, p *cliProfile, old oauthTokens) (oauthTokens, error) {
	if old.refresh == "" {
		return old, inWords("its access token of OAuth has expired, and there is no refresh token: " + p.oauthSignIn())
	}
	fresh, err := r.refreshOAuth(l, p, old.refresh)
	if e, ours := errors.AsType[*Error](err); ours && errors.Is(e, ErrUnauthenticated) {
		if theirs, found := renewedByAnother(l, f, p, old); found {
			return theirs, nil
		}
	}
	if err != nil {
		return old, signInAgain(err, p.oauthSignIn())
	}
	if err := f.saveTokens(p.Name, p.tokens(), fresh); err != nil {
		if first := unwritten.keep(f, p, fresh); first && fresh.refresh != old.refresh {
			r.options.Warn(profileSource(p.Name, f.shown) + ": its OAuth tokens were renewed and could not be written back (" + err.Error() +
				"). alitriage goes on with them until it ends; then the aliyun CLI and alitriage have to " + p.oauthSignIn())
		}
	}
	return fresh, nil
}

func (r *resolver) refreshOAuth(l lookUp, p *cliProfile, refresh string) (oauthTokens, error) {
	op := refreshOAuthToken
	op.starts = true // it makes the token void that it is sent with
	op.unsigned = &unsigned{base: p.oauthBase(), secrets: []string{refresh}}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {oauthSites[p.OAuthSite].client}}
	var wire wireTokens
	if _, err := r.client.call(l.ctx, request{operation: op, form: form}, &wire); err != nil {
		if e, ours := errors.AsType[*Error](err); ours {
			e.MayHaveStarted = false // nothing that anybody has to look after
		}
		return oauthTokens{}, err
	}
	fresh := oauthTokens{wire.AccessToken.trimmed(), wire.RefreshToken.trimmed(), time.Now().Unix() + wire.ExpiresIn.n}
	if fresh.refresh == "" {
		fresh.refresh = refresh // RFC 6749, section 6: then the old one stays
	}
	return fresh, nil
}

type wireTokens struct {
	envelope

	AccessToken  looseString `json:"access_token"`
	RefreshToken looseString `json:"refresh_token"`
	ExpiresIn    looseInt    `json:"expires_in"`
}

func (w *wireTokens) complete() error {
	if token := w.AccessToken.trimmed(); token == "" || strings.ContainsFunc(token+w.RefreshToken.trimmed(), notInKey) {
		return errors.New("it holds no access token")
	}
	return nil
}

// renewedByAnother looks for the tokens of whoever was faster, who may still be about
// to write them.
func renewedByAnother(l lookUp, f *cliFile, p *cliProfile, old oauthTokens) (oauthTokens, bool) {
	for _, pause := range []time.Duration{0, 200 * time.Millisecond, 800 * time.Millisecond} {
		select {
		case <-time.After(pause):
		case <-l.ctx.Done():
			return oauthTokens{}, false
		}
		if theirs, found := unwritten.of(f, p); found && theirs.refresh != old.refresh {
			return theirs, true
		}
		text, err := readSmall(f.path)
		if err != nil {
			continue
		}
		now, err := parseCLIFile(text)
		if err != nil {
			continue
		}
		if theirs := now.find(p.Name); theirs != nil && theirs.OAuthRefresh != "" && theirs.OAuthRefresh != p.OAuthRefresh {
			return theirs.tokens(), true
		}
	}
	return oauthTokens{}, false
}

// saveTokens writes renewed tokens into the profile, if it still has the old
// ones.
func (f *cliFile) saveTokens(profile string, old, fresh oauthTokens) error {
	return editCLIFile(f.path, profile, func(p *cliProfile) error {
		if now := p.tokens(); now.refresh != old.refresh {
			return errors.New("somebody else has changed them meanwhile")
		}
		return nil
	}, []change{
		{"oauth_access_token", fresh.access}, {"oauth_refresh_token", fresh.refresh}, {"oauth_access_token_expire", fresh.expires},
	})
}
