#!/usr/bin/env bash
# One would guess: when a load balancer or a proxy answers a call to Alibaba Cloud with 502 and a page of HTML, the
# vendor's Go client returns an *SDKError with StatusCode 502, as it does for errors in JSON.
#
# What happens: github.com/alibabacloud-go/darabonba-openapi/v2 v2.2.3 with tea v1.5.3 (checked 2026-11-30) decodes the
# body before it looks at the status and returns the bare error of the JSON decoder. The status is in no field and in
# no text of it, so a caller cannot tell a gateway that is down (try again) from a broken answer (do not).
#
# Usage: findings/generic-client-loses-the-http-status.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	generic "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

func main() {
	for _, answer := range []struct{ kind, body string }{
		{"application/json", `{"Code":"ServiceUnavailable","Message":"down","RequestId":"A1"}`},
		{"text/html", "<html><body>502 Bad Gateway</body></html>"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", answer.kind)
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, answer.body)
		}))
		client, err := generic.NewClient(&generic.Config{
			AccessKeyId: tea.String("exampleId"), AccessKeySecret: tea.String("exampleSecret"),
			Endpoint: tea.String(strings.TrimPrefix(server.URL, "http://")), Protocol: tea.String("HTTP"),
		})
		if err != nil {
			panic(err)
		}
		_, err = client.CallApi(&generic.Params{
			Action: tea.String("DescribeRegions"), Version: tea.String("2014-05-26"), Style: tea.String("RPC"),
			Method: tea.String("POST"), Pathname: tea.String("/"), Protocol: tea.String("HTTP"), AuthType: tea.String("AK"),
			ReqBodyType: tea.String("formData"), BodyType: tea.String("json"),
		}, &generic.OpenApiRequest{}, &dara.RuntimeOptions{})
		server.Close()
		status := "none"
		var failure *tea.SDKError
		if errors.As(err, &failure) && failure.StatusCode != nil {
			status = fmt.Sprint(*failure.StatusCode)
		}
		fmt.Printf("%s: %T, status %s, 502 in its text: %t\n", answer.kind, err, status, strings.Contains(err.Error(), "502"))
	}
}
GO
{
  go mod init finding
  go get github.com/alibabacloud-go/darabonba-openapi/v2/client@v2.2.3 github.com/alibabacloud-go/tea@v1.5.3
  go mod tidy
} >/dev/null 2>&1
go build -o finding .
go list -m github.com/alibabacloud-go/darabonba-openapi/v2 github.com/alibabacloud-go/tea
./finding | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
application/json: *tea.SDKError, status 502, 502 in its text: true
text/html: *json.SyntaxError, status none, 502 in its text: false
WANT
