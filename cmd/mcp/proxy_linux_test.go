package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// In this file the program asks Alibaba Cloud by its real host names. A proxy leads
// all of them to the simulator, which has a certificate for each. Not everywhere can
// a process be told by SSL_CERT_FILE whom to trust, so this is for Linux.

// networkOptions is what is special about a network. The zero value lets every
// call through.
type networkOptions struct {
	cloud cloudsim.Options
	// refusal is the status with which the proxy answers; 0: it lets through.
	refusal int
	// login is what the proxy wants to be told, as user:password.
	login string
	// told is what the program tells it instead of login; a dash: nothing.
	told string
	// unknownCA: the program is not told whom to trust.
	unknownCA bool
	// env is for the program, and outranks what the network says.
	env []string
}

// network is the simulator behind a proxy and TLS. Faults, credentials and counts
// are those of the Sim in it.
type network struct {
	*cloudsim.Sim

	t       *testing.T
	options networkOptions
	proxy   string // host:port
	ca      authority

	mu    sync.Mutex
	asked []string
}

func newNetwork(t *testing.T, options networkOptions) *network {
	t.Helper()
	n := &network{Sim: cloudsim.New(options.cloud), t: t, options: options, ca: newAuthority(t)}
	cloud := httptest.NewUnstartedServer(n.Sim)
	cloud.TLS = &tls.Config{GetCertificate: n.ca.certificate, MinVersion: tls.VersionTLS12}
	cloud.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	cloud.StartTLS()
	t.Cleanup(cloud.Close)
	proxy := httptest.NewServer(n.handler(cloud.Listener.Addr().String()))
	t.Cleanup(proxy.Close)
	n.proxy = proxy.Listener.Addr().String()
	return n
}

// handler leads every CONNECT to the cloud.
func (n *network) handler(cloud string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.asked = append(n.asked, r.Host)
		n.mu.Unlock()
		login := r.Header.Get("Proxy-Authorization")
		switch {
		case r.Method != http.MethodConnect:
			http.Error(w, "this proxy tunnels and nothing else", http.StatusMethodNotAllowed)
		case n.options.refusal != 0:
			http.Error(w, "refused by the proxy", n.options.refusal)
		case n.options.login != "" && login != "Basic "+base64.StdEncoding.EncodeToString([]byte(n.options.login)):
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
			http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		default:
			tunnel(w, r, cloud)
		}
	})
}

// tunnel joins the connection of the request with one to the cloud, until one side
// has no more to say.
func tunnel(w http.ResponseWriter, r *http.Request, cloud string) {
	there, err := new(net.Dialer).DialContext(r.Context(), "tcp", cloud)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	go func() {
		defer here.Close()
		_, _ = io.Copy(here, there)
	}()
	defer there.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
		_, _ = io.Copy(there, here)
	}
}

// hosts are those that the proxy was asked for, each once.
func (n *network) hosts() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(n.asked)))
}

// env lets a process use the network.
func (n *network) env() []string {
	proxy := url.URL{Scheme: "http", Host: n.proxy}
	told := n.options.login
	if n.options.told != "" {
		told = n.options.told
	}
	if user, password, ok := strings.Cut(told, ":"); ok {
		proxy.User = url.UserPassword(user, password)
	}
	env := []string{
		"HTTPS_PROXY=" + proxy.String(), "HOME=" + n.t.TempDir(), promptExit, "ALIBABA_CLOUD_REGION_ID=" + cloudsim.Region,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + n.Key().ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + n.Key().Secret,
	}
	if !n.options.unknownCA {
		env = append(env, "SSL_CERT_FILE="+n.ca.file)
	}
	return append(env, n.options.env...)
}

// run is the program as a person runs it in this network. No output holds a
// secret, the proxy's password among them.
func (n *network) run(args ...string) (stdout, stderr string, code int) {
	n.t.Helper()
	var out, errs bytes.Buffer
	p := exec.CommandContext(n.t.Context(), program, args...)
	p.Env, p.Stdout, p.Stderr, p.WaitDelay = n.env(), &out, &errs, patience
	_ = p.Run() // ProcessState has it
	require.NotNil(n.t, p.ProcessState, "the program did not start")
	for _, output := range []string{out.String(), errs.String()} {
		requireNoSecret(n.t, output)
		for _, login := range []string{n.options.login, n.options.told} {
			if _, password, ok := strings.Cut(login, ":"); ok {
				require.NotContains(n.t, output, password)
				require.NotContains(n.t, output, base64.StdEncoding.EncodeToString([]byte(login)))
			}
		}
	}
	return out.String(), errs.String(), p.ProcessState.ExitCode()
}

// authority certifies the vendor's host names.
type authority struct {
	file string // its own certificate, as PEM
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, authorityOf("the test's own authority"), authorityOf("the test's own authority"), key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := authority{file: filepath.Join(t.TempDir(), "ca.pem"), cert: cert, key: key}
	require.NoError(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return a
}

func authorityOf(name string) *x509.Certificate {
	c := certificateOf(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	return c
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

// certificate is one for the host that is asked for, if it is the vendor's.
func (a authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !strings.HasSuffix(hello.ServerName, ".aliyuncs.com") {
		return nil, fmt.Errorf("%q is not a host of the vendor", hello.ServerName)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := certificateOf(hello.ServerName)
	c.DNSNames, c.KeyUsage, c.ExtKeyUsage = []string{hello.ServerName}, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func TestEveryToolReachesItsHostThroughTheProxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call, host, says string
		code             int
	}{
		{"get_app_status " + cloudsim.WebApp, "sae.cn-hangzhou.aliyuncs.com:443", "OK: Application " + cloudsim.WebApp, exitOK},
		{"get_invocation_results " + cloudsim.DiskCleanup, "ecs-cn-hangzhou.aliyuncs.com:443", "FAILED: Invocation " + cloudsim.DiskCleanup + ": 2 of 50 instances failed", exitBad},
		{"get_operation_result " + cloudsim.Resize, "bpstudio.aliyuncs.com:443", "IN_PROGRESS: Operation " + cloudsim.Resize, exitRunning},
		{"gather_env_stats wait_seconds=0 env_id=" + cloudsim.CheckoutEnv, "webplus.cn-hangzhou.aliyuncs.com:443", "IN_PROGRESS: Gather wc-", exitRunning},
	} {
		t.Run(c.host, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, networkOptions{login: "alice:not-for-your-eyes"})
			stdout, stderr, code := n.run(append([]string{"call"}, strings.Fields(c.call)...)...)
			require.Equal(t, c.code, code, stderr)
			require.True(t, strings.HasPrefix(stdout, c.says), stdout)
			require.Equal(t, []string{c.host}, n.hosts())
		})
	}
}

// TestWhatTheNetworkDoesIsToldApart: each says what stood in the way, where, and
// what to do there.
func TestWhatTheNetworkDoesIsToldApart(t *testing.T) {
	t.Parallel()
	const nobody = "127.0.0.1:1"
	for _, c := range []struct {
		fact    string
		options networkOptions
		want    []string
	}{
		{"a proxy that wants a login", networkOptions{login: "alice:not-for-your-eyes", told: "-"}, []string{"Proxy Authentication Required", "The proxy wants to know who asks"}},
		{"a proxy that wants another login", networkOptions{login: "alice:not-for-your-eyes", told: "alice:not-for-theirs"}, []string{"Proxy Authentication Required", "If they are there, they are wrong"}},
		{"a proxy that reaches nothing", networkOptions{refusal: http.StatusBadGateway}, []string{"Bad Gateway", "The proxy (HTTPS_PROXY) answered, and did not let this through"}},
		{"a proxy that forbids it", networkOptions{refusal: http.StatusForbidden}, []string{"Forbidden", "allow CONNECT to port 443"}},
		{"a proxy that is not there", networkOptions{env: []string{"HTTPS_PROXY=http://alice:not-for-your-eyes@" + nobody}}, []string{"connection refused", "The proxy does not answer", "NO_PROXY=.aliyuncs.com"}},
		{"a proxy that signs TLS anew", networkOptions{unknownCA: true}, []string{"certificate signed by unknown authority", "opens TLS and signs it anew", "SSL_CERT_FILE"}},
	} {
		t.Run(c.fact, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, c.options)
			stdout, stderr, code := n.run("call", "get_app_status", cloudsim.WebApp)
			require.Equal(t, exitNoAnswer, code)
			require.Empty(t, stdout)
			proxy := n.proxy
			if len(c.options.env) > 0 {
				proxy = nobody
			}
			for _, part := range append(c.want, "sae.cn-hangzhou.aliyuncs.com through the proxy "+proxy+":") {
				require.Contains(t, stderr, part)
			}
			require.NotContains(t, stderr, "not-for-your-eyes")
			require.Empty(t, n.Calls().Accepted)
		})
	}
}
