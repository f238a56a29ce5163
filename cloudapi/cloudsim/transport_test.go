package cloudsim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestTransportAnswersLikeAServer(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	r := askApp.request(t, s.Key())
	resp, err := s.Transport().RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "200 OK", resp.Status)
	require.Equal(t, "HTTP/1.1", resp.Proto)
	require.Same(t, r, resp.Request)
	require.Positive(t, resp.ContentLength)
}

func TestTransportClosesTheRequestsBody(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	r := startGather.request(t, s.Key())
	body := &watched{Reader: strings.NewReader(startGather.form.Encode())}
	r.Body = body
	resp, err := s.Transport().RoundTrip(r)
	require.NoError(t, err)
	resp.Body.Close()
	require.True(t, body.closed)
}

func TestTransportPassesOnThatABodyCannotBeRead(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	r := startGather.request(t, s.Key())
	broken := errors.New("broken")
	body := &watched{Reader: io.MultiReader(strings.NewReader("EnvId"), failing{broken})}
	r.Body = body
	resp, err := s.Transport().RoundTrip(r)
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, broken)
	require.True(t, body.closed)
	require.Empty(t, s.Calls().Accepted)
}

func TestTransportSendsNothingForACallerThatHasLeft(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	resp, err := s.Transport().RoundTrip(startGather.request(t, s.Key()).WithContext(ctx))
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, why)
	require.Empty(t, s.Calls().Accepted)
}

func TestClosingABodySendsTheHandlerHome(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.Inject(cloudsim.Fault{Kind: cloudsim.SlowBody, Delay: time.Hour})
	resp, err := s.Transport().RoundTrip(askApp.request(t, s.Key()))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	_, err = resp.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
	// goleak, in TestMain, finds a handler that has stayed.
}

type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
