package cloudapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	maxKeyAnswer   = 64 << 10 // bytes
	metadataServer = "http://100.100.100.200"
	metadataPath   = "/latest/meta-data/ram/security-credentials/"
	// metadataTime bounds each request to a service that answers at once or not at
	// all, uriTime one to a server that may have to ask others.
	metadataTime = 2 * time.Second
	uriTime      = 15 * time.Second
)

var roleName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// metadata asks the metadata service of the instance for the key of its role. It
// is asked directly: a proxy would answer with the role of its own machine. role is
// empty for the one that the instance has.
func (r *resolver) metadata(l lookUp, role string) (session, error) {
	role = strings.TrimSpace(role)
	if switchedOn("ALIBABA_CLOUD_ECS_METADATA_DISABLED") {
		return session{}, absent("switched off by the variable ALIBABA_CLOUD_ECS_METADATA_DISABLED")
	}
	token, err := r.metadataToken(l.ctx)
	if err != nil {
		return session{}, err
	}
	get := func(path string) ([]byte, error) {
		return r.get(l.ctx, metadataName, metadataTime, http.MethodGet, metadataServer+path, token)
	}
	named := role != ""
	if !named {
		text, err := get(metadataPath)
		role = strings.TrimSpace(string(text))
		switch {
		case errors.Is(err, answered(metadataName, http.StatusNotFound)), err == nil && role == "":
			return session{}, inVain("the instance has no role: attach one to it")
		case err != nil:
			return session{}, err
		case !roleName.MatchString(role):
			return session{}, inVain("the metadata service did not answer with the name of a role")
		}
	}
	body, err := get(metadataPath + role)
	switch {
	case named && errors.Is(err, answered(metadataName, http.StatusNotFound)):
		return session{}, inVain("the instance has no role of the name that was given")
	case err != nil:
		return session{}, err
	}
	return readKeyAnswer(body, metadataName, true)
}

// oddRoleName says why role cannot be the name of one; "" when it may be.
func oddRoleName(role string) string {
	if role = strings.TrimSpace(role); role == "" || roleName.MatchString(role) {
		return ""
	}
	return "is not the name of a role: letters, digits, dots, hyphens and underscores"
}

const metadataName = "the metadata service"

// metadataToken is what the hardened mode of the service wants to see. Where the
// service has none, it is asked without, unless that is forbidden.
func (r *resolver) metadataToken(ctx context.Context) (http.Header, error) {
	ttl := http.Header{"X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds": {"21600"}}
	text, err := r.get(ctx, metadataName, metadataTime, http.MethodPut, metadataServer+"/latest/api/token", ttl)
	token := strings.TrimSpace(string(text))
	switch {
	case err == nil && token != "" && !strings.ContainsFunc(token, notInKey):
		return http.Header{"X-Aliyun-Ecs-Metadata-Token": {token}}, nil
	case ctx.Err() != nil, switchedOn("ALIBABA_CLOUD_IMDSV1_DISABLED"):
		if err == nil {
			err = inVain("the metadata service gave no token, and ALIBABA_CLOUD_IMDSV1_DISABLED forbids to go on without")
		}
		return nil, err
	default:
		return nil, nil
	}
}

// uri asks a server of the user's for a key. strict is what the CLI demands of
// it for a profile: that it says Success.
func (r *resolver) uri(l lookUp, text string, strict bool) (session, error) {
	if helpersDisabled() {
		return session{}, inWords("switched off by the variable " + disableExternal)
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return session{}, inWords("the URI cannot be read: what is special in it, such as in a password, has to be percent-encoded")
	}
	if u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return session{}, inWords("the URI has to be one of http or https")
	}
	who := "the server at " + u.Host
	header := http.Header{}
	if u.User != nil {
		password, _ := u.User.Password()
		request := http.Request{Header: header}
		request.SetBasicAuth(u.User.Username(), password)
		u.User = nil
	}
	body, err := r.get(l.ctx, who, uriTime, http.MethodGet, u.String(), header)
	if err != nil {
		return session{}, err
	}
	return readKeyAnswer(body, who, strict)
}

// readKeyAnswer reads what the metadata service answers, and servers in its
// place. An expiry may be missing, as for the CLI.
func readKeyAnswer(body []byte, who string, strict bool) (session, error) {
	var answer struct {
		wireKey

		Code looseText
	}
	if json.Unmarshal(body, &answer) != nil {
		return session{}, inVain(who + " did not answer with a key in JSON")
	}
	if code := answer.Code.trimmed(); code != "Success" && (strict || code != "") {
		return session{}, inVain(who + " did not say Success in its Code")
	}
	s := answer.session()
	if s.key.ID == "" || s.key.Secret == "" || s.key.SecurityToken == "" {
		return session{}, inVain(who + " answered without AccessKeyId, AccessKeySecret or SecurityToken")
	}
	s.keep = answerLifetime
	return s, nil
}

// get asks once, follows no redirect, and reads a small answer. Its errors are
// inVain, without anything of the answer.
func (r *resolver) get(ctx context.Context, who string, limit time.Duration, method, uri string, header http.Header) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, uri, http.NoBody)
	if err != nil {
		return nil, inWords("the address of " + who + " is none")
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", r.client.userAgent)
	transport := r.client.transport
	if real, ok := transport.(*http.Transport); ok && strings.HasPrefix(uri, metadataServer) {
		direct := real.Clone()
		direct.Proxy, direct.DisableKeepAlives = nil, true
		transport = direct
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, unanswered(ctx, who, limit, err, via(transport, req))
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode/100 == 3:
		return nil, inVain(who + " redirects, and keys are fetched from where they were configured alone")
	case resp.StatusCode != http.StatusOK:
		return nil, answered(who, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyAnswer+1))
	if err != nil {
		return nil, unanswered(ctx, who, limit, err, "")
	}
	if len(body) > maxKeyAnswer {
		return nil, inVain(fmt.Sprintf("the answer of %s is over %d KiB", who, maxKeyAnswer>>10))
	}
	return body, nil
}

func answered(who string, status int) error {
	return inVain(fmt.Sprintf("%s answered HTTP %d", who, status))
}

// unanswered says how far a request came.
func unanswered(ctx context.Context, who string, limit time.Duration, err error, way string) error {
	switch phase := phaseOf(err); {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return inVain(fmt.Sprintf("%s%s did not answer within %s", who, way, limit))
	case phase == PhaseProxy:
		return inVain("the proxy" + strings.TrimPrefix(way, " through the proxy") + " does not lead to " + who)
	case phase == PhaseDNS:
		return inVain(who + way + " has no address")
	case phase == PhaseConnect:
		return inVain(who + way + " cannot be connected to")
	case phase == PhaseTLS:
		return inVain("there is no TLS with " + who + way)
	default:
		return inVain(who + way + " did not answer")
	}
}
