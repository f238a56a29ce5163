package cloudapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Config says how to reach Alibaba Cloud.
type Config struct {
	// Region is where the Client reads unless In says otherwise, such as
	// cn-hangzhou. It may be empty: then only central services can be read.
	Region string
	// Credentials is required.
	Credentials *Credentials
	// Endpoints replace a product's own address; see ParseEndpoint.
	Endpoints map[Product]*url.URL
	// Transport is nil outside tests and the simulator.
	Transport http.RoundTripper
	// Version becomes part of the User-Agent.
	Version string
	// Observe is told of each attempt: the operation, and ok or what it ended in, of
	// which there are only so many. It may be nil.
	Observe func(operation, outcome string)
}

// Client reads Alibaba Cloud in one region with one identity. It is safe for
// concurrent use.
type Client struct {
	region      string
	credentials *Credentials
	endpoints   map[Product]*url.URL
	transport   http.RoundTripper
	dials       bool // transport reports its connections to httptrace
	userAgent   string
	budget      *budget
	observe     func(operation, outcome string)
}

// New checks cfg. It opens no connection and looks up no credentials.
func New(cfg Config) (*Client, error) {
	if cfg.Credentials == nil {
		return nil, errors.New("cloudapi: no credentials source was given")
	}
	transport := cfg.Transport
	if transport == nil {
		transport = newTransport()
	}
	_, dials := transport.(*http.Transport)
	c := &Client{
		credentials: cfg.Credentials,
		endpoints:   maps.Clone(cfg.Endpoints),
		transport:   transport,
		dials:       dials,
		userAgent:   "alitriage/" + cfg.Version,
		budget:      newBudget(budgetRate, budgetBurst),
		observe:     cfg.Observe,
	}
	if c.observe == nil {
		c.observe = func(string, string) {}
	}
	return c.In(cfg.Region)
}

// In returns a Client for another region that shares everything else with c,
// such as connections and the budget of requests.
func (c *Client) In(region string) (*Client, error) {
	if region != "" && !ValidRegion(region) {
		return nil, fmt.Errorf("region %.80q is not a RegionId: use lower-case letters, digits and single dashes, such as cn-hangzhou", region)
	}
	other := *c
	other.region = region
	return &other, nil
}

// Region is where c reads; "" when none was given.
func (c *Client) Region() string { return c.region }

// Source says where an answer came from. Every answer carries one.
type Source struct {
	Product    Product
	Operation  string
	Region     string    // "" for a central service
	RequestIDs []string  // one for each page that was read and named one
	AsOf       time.Time // when the last answer came, by this machine's clock
}

// newTransport holds the settings of reference/cloudapi.md, section 6. It is
// used without an http.Client around it, which would follow redirects and carry
// signed headers to another host.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedTunnel,
		DialContext:            (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ResponseHeaderTimeout:  10 * time.Second,
		MaxIdleConnsPerHost:    16,
		// The service drops idle connections after about 10 s without a word.
		IdleConnTimeout:   5 * time.Second,
		ForceAttemptHTTP2: true,
	}
}
