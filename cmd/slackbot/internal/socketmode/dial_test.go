package socketmode

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsSaidOfAConnectionThatCannotBeOpened(t *testing.T) {
	proxy := func(*http.Request) (*url.URL, error) { return url.Parse("http://user:hidden@proxy.test:3128") }
	for _, c := range []struct {
		fact   string
		proxy  func(*http.Request) (*url.URL, error)
		answer string // of the proxy, or in place of Slack's
		want   string
	}{
		{"a proxy that does not allow this host", proxy, "HTTP/1.1 403 hidden words\r\n\r\n", "slack.test through the proxy proxy.test:3128: something else than a WebSocket answered, or a proxy refused the way; it has to allow CONNECT to wss://*.slack.com"},
		{"a proxy that hangs up", proxy, "", "slack.test through the proxy proxy.test:3128: unexpected EOF"},
		{"what answers is no HTTP, and repeats the request", nil, "GET /link/?ticket=hidden\r\n\r\n", "slack.test: something else than a WebSocket answered"},
		{"nothing answers", nil, "", "slack.test: unexpected EOF"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			meet(t, 1, func(s *slack) {
				s.client.proxy = c.proxy
				s.client.tcp = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
							_, _ = theirs.Write([]byte(c.answer))
						}
					}()
					return ours, nil
				}
			}, func(s *slack) {
				require.Contains(t, s.logged(), c.want)
				require.NotContains(t, s.logged(), "hidden")
			})
		})
	}
}

// gorilla/websocket panics at some answers of proxies. This one stands for them.
func TestAPanicOfTheLibraryIsNotTheEnd(t *testing.T) {
	meet(t, 1, func(s *slack) {
		dial, first := s.client.tcp, true
		s.client.tcp = func(ctx context.Context, network, address string) (net.Conn, error) {
			if first {
				first = false
				panic(errors.New("hidden"))
			}
			return dial(ctx, network, address)
		}
	}, func(s *slack) {
		wait(maxPause)
		require.Equal(t, []string{"0 true"}, s.told())
		require.NotContains(t, s.logged(), "hidden")
	})
}
