package socketmode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/gorilla/websocket"
)

// upgrade makes a WebSocket. Its errors name the host, and the proxy that is used,
// and quote nothing of the address: its ticket is a secret.
func (c *Client) upgrade(ctx context.Context, address string) (*websocket.Conn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, errors.New("the address that Slack gave is none of a WebSocket")
	}
	way, usual := u.Hostname(), c.proxy
	if usual == nil {
		usual = http.ProxyFromEnvironment
	}
	dialer := websocket.Dialer{NetDialContext: c.tcp, Proxy: func(r *http.Request) (*url.URL, error) {
		proxy, err := usual(r)
		if proxy != nil {
			way += " through the proxy " + proxy.Host
		}
		return proxy, err
	}}
	if c.tcp == nil {
		dialer.NetDialContext = (&net.Dialer{KeepAlive: keepAlive}).DialContext
	}
	conn, status, err := dialled(ctx, dialer, address)
	switch {
	case err == nil:
		return conn, nil
	case status != 0:
		return nil, fmt.Errorf("%s: HTTP %d in place of a WebSocket, perhaps a proxy's", way, status)
	case isOfNetwork(err):
		return nil, fmt.Errorf("%s: %w", way, err)
	default:
		return nil, fmt.Errorf("%s: something else than a WebSocket answered, or a proxy refused the way; it has to allow CONNECT to wss://*.slack.com", way)
	}
}

// dialled makes an error of a panic: gorilla/websocket (v1.5.3, proxy.go) has one for
// some answers of proxies.
func dialled(ctx context.Context, dialer websocket.Dialer, address string) (conn *websocket.Conn, status int, err error) {
	defer func() {
		if value := recover(); value != nil { // which may quote anything
			err = fmt.Errorf("the library failed (%T)", value)
		}
	}()
	conn, response, err := dialer.DialContext(ctx, address, nil)
	if response != nil {
		status = response.StatusCode
		response.Body.Close() // what there is of it is in memory
	}
	return conn, status, err
}

// isOfNetwork reports whether an error is of the system or of TLS. Others quote what
// came over the connection.
func isOfNetwork(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return network || certificate || alert || record || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled)
}
