package cloudapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

const token = "CAIS+/the=security token"

// complain is what the gateway says about a signature that it computed with
// another secret, or over another text.
func complain(r *http.Request, alteredOnTheWay bool) string {
	canonical := string(acs3.CanonicalRequest(r, acs3.MustSign(r.Header), r.Header.Get(acs3.HeaderContentSHA256)))
	if alteredOnTheWay {
		canonical += "x"
	}
	return "Specified signature does not match our calculation. server StringToSign is [" +
		acs3.Algorithm + "\n" + acs3.HexSHA256([]byte(canonical)) + "] server CanonicalRequest is [" + canonical + "]"
}

func TestARefusedSignature(t *testing.T) {
	asJSON := func(message string) string {
		text, _ := json.Marshal(map[string]string{"Code": "SignatureDoesNotMatch", "Message": message, "RequestId": "R-1"})
		return string(text)
	}
	asXML := strings.NewReplacer("&", "&amp;", "<", "&lt;")
	for name, row := range map[string]struct {
		altered     bool
		body        func(message string) string
		secretWrong bool
	}{
		"both signed the same: the secret is wrong": {false, asJSON, true},
		"another text was signed: it was altered":   {true, asJSON, false},
		"in XML": {false, func(m string) string {
			return "<Error><Code>SignatureDoesNotMatch</Code><Message>" + asXML.Replace(m) + "</Message></Error>"
		}, true},
		"under another code":                      {true, func(m string) string { return strings.Replace(asJSON(m), "SignatureDoesNotMatch", "Odd", 1) }, false},
		"cut in the middle":                       {true, func(m string) string { return asJSON(m)[:len(asJSON(m))-40] }, false},
		"cut in the middle of XML":                {true, func(m string) string { return "<Error><Message>" + m }, false},
		"echoed by a page that shows all headers": {true, func(string) string { return "<html>your token was " + token }, false},
		"echoed in another refusal":               {true, func(string) string { return `{"Code":"InvalidParameter","Message":"not good: ` + token + `"}` }, false},
		"echoed with JSON's escapes": {true, func(string) string {
			return `{"Code":"InvalidParameter","Message":"not good: ` + strings.ReplaceAll(token, "/", `\/`) + `"}`
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var stringToSign string
			client, err := cloudapi.New(cloudapi.Config{
				Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("STS.id", "the secret", token),
				Transport: transport(func(r *http.Request) (*http.Response, error) {
					stringToSign = acs3.StringToSign(r, acs3.MustSign(r.Header), r.Header.Get(acs3.HeaderContentSHA256))
					return response(http.StatusBadRequest, row.body(complain(r, row.altered))), nil
				}),
			})
			require.NoError(t, err)
			for _, operation := range []string{start, "DescribeApplicationStatus"} {
				_, err = operations[operation](t.Context(), client)
				e := failure(t, err)
				require.Equal(t, row.secretWrong, e.SecretWrong)
				require.False(t, e.MayHaveStarted)
				_, digest, _ := strings.Cut(stringToSign, "\n")
				for _, hidden := range []string{token, digest, "CanonicalRequest", "the secret"} {
					requireHidden(t, hidden, e)
					require.NotContains(t, e.Message, hidden)
				}
			}
		})
	}
}
