package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connectExternal takes one URL or several with commas between them. User,
// password or token stand in the URL as NATS has it; files for the rest are
// named by the query of the first: creds, ca, cert with key.
func connectExternal(addresses string, options ...nats.Option) (*nats.Conn, error) {
	servers, files, err := splitAddresses(addresses)
	if err != nil {
		return nil, err
	}
	options = append(options, nats.Timeout(5*time.Second))
	if path := files.Get("creds"); path != "" {
		options = append(options, nats.UserCredentials(path))
	}
	if path := files.Get("ca"); path != "" {
		options = append(options, nats.RootCAs(path))
	}
	if path := files.Get("cert"); path != "" {
		options = append(options, nats.ClientCert(path, files.Get("key")))
	}
	conn, err := nats.Connect(strings.Join(servers, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("NATS at %s cannot be used: %w", redacted(servers), err)
	}
	return conn, nil
}

// attemptLimit is how long one attempt may take. A request that reaches a cluster
// between two leaders is never answered, and where ctx has a deadline the library
// waits for the answer until then.
const attemptLimit = 5 * time.Second

// patiently tries again what a cluster did not answer, or has no leader for, while
// there is time. It must be safe to repeat, also where it had come through.
func patiently(ctx context.Context, attempt func(context.Context) error) error {
	var last error // which says more than that the time is over
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		limited, cancel := context.WithTimeout(ctx, attemptLimit)
		defer cancel()
		if last = attempt(limited); last != nil && limited.Err() == nil && !noLeader(last) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(backoff.NewConstantBackOff(250*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return last
	}
	return nil
}

func noLeader(err error) bool {
	const unavailable = 10008 // JetStream system temporarily unavailable
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == unavailable
}

func splitAddresses(addresses string) (servers []string, files url.Values, err error) {
	for address := range strings.SplitSeq(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			// Not quoted: it may hold a password.
			return nil, nil, fmt.Errorf("address %d of the NATS URL is not like nats://host:4222 or tls://user:password@host:4222", len(servers)+1)
		}
		if files == nil {
			files = u.Query()
		}
		u.RawQuery = ""
		servers = append(servers, u.String())
	}
	for name := range files {
		if !slices.Contains([]string{"creds", "ca", "cert", "key"}, name) {
			return nil, nil, fmt.Errorf("the NATS URL has an unknown option %q: it takes creds, ca, cert and key", name)
		}
	}
	return servers, files, nil
}

// redacted shows hosts only: a token stands where a user's name would.
func redacted(servers []string) string {
	hosts := make([]string, len(servers))
	for i, s := range servers {
		if u, err := url.Parse(s); err == nil {
			hosts[i] = u.Host
		}
	}
	return strings.Join(hosts, ", ")
}
