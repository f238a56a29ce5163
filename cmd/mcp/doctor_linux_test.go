package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Behind a proxy the hosts are the vendor's own, with TLS, also that of STS.
func TestTheDoctorLooksThroughTheProxy(t *testing.T) {
	t.Parallel()
	const nobody = "127.0.0.1:1"
	for _, world := range []struct {
		fact    string
		options networkOptions
		code    int
	}{
		{fact: "all is well behind a proxy", options: networkOptions{login: "alice:not-for-your-eyes"}},
		{fact: "the proxy wants a login", options: networkOptions{login: "alice:not-for-your-eyes", told: "-"}, code: exitBad},
		{fact: "the proxy forbids it", options: networkOptions{refusal: http.StatusForbidden}, code: exitBad},
		{fact: "the proxy is away", options: networkOptions{env: []string{"HTTPS_PROXY=http://alice:not-for-your-eyes@" + nobody}}, code: exitBad},
		{fact: "the proxy signs TLS anew", options: networkOptions{unknownCA: true}, code: exitBad},
	} {
		t.Run(world.fact, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, world.options)
			stdout, stderr, code := n.run("doctor")
			require.Empty(t, stderr)
			requireGolden(t, "doctor/"+strings.ReplaceAll(world.fact, " ", "-")+".txt", normal(stdout))
			require.Equal(t, world.code, code, stdout)
			require.Empty(t, n.Calls().Changes)
		})
	}
}
