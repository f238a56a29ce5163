package oracle

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	generic "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// genericClient is the vendor's, pointed at a server of ours.
func genericClient(t *testing.T, server *httptest.Server, key acs3.Key) *generic.Client {
	t.Helper()
	config := &generic.Config{
		AccessKeyId: &key.ID, AccessKeySecret: &key.Secret,
		Endpoint: new(strings.TrimPrefix(server.URL, "http://")), Protocol: new("HTTP"),
	}
	if key.SecurityToken != "" {
		config.SecurityToken = &key.SecurityToken
	}
	client, err := generic.NewClient(config)
	require.NoError(t, err)
	return client
}

// callGeneric sends an operation as the vendor's typed SDKs do.
func callGeneric(client *generic.Client, shape shape, query, form url.Values) (map[string]any, error) {
	request := &generic.OpenApiRequest{Query: map[string]*string{}}
	for name := range query {
		request.Query[name] = new(query.Get(name))
	}
	if len(form) > 0 {
		body := map[string]any{}
		for name := range form {
			body[name] = form.Get(name)
		}
		request.Body = body
	}
	return client.CallApi(&generic.Params{
		Action: &shape.action, Version: &shape.version, Style: &shape.style, Method: &shape.method, Pathname: &shape.path,
		Protocol: new("HTTP"), AuthType: new("AK"), ReqBodyType: new("formData"), BodyType: new("json"),
	}, request, &dara.RuntimeOptions{})
}

// What the generic client sends over a socket verifies with the steps of acs3,
// read from the server's side: decode the query and encode it again.
func TestTheVendorsRequestsVerifyWithOurSteps(t *testing.T) {
	random := seeded(t)
	var sent, computed string
	var query, form url.Values
	var key acs3.Key
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		query = r.URL.Query()
		form, _ = url.ParseQuery(string(body))
		_, signed, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
		signed, sent, _ = strings.Cut(signed, ",Signature=")
		r.URL.RawQuery = acs3.CanonicalQuery(query)
		computed = acs3.Signature(acs3.StringToSign(r, strings.Split(signed, ";"), acs3.HexSHA256(body)), key.Secret)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	for i := range 5000 {
		key = randomKey(random)
		shape := shapes[random.IntN(len(shapes))]
		wantQuery, wantForm := some(random, shape.query), some(random, shape.form)
		_, err := callGeneric(genericClient(t, server, key), shape, wantQuery, wantForm)
		require.NoError(t, err)
		require.Equal(t, computed, sent, "request %d: %s %q %q", i, shape.action, wantQuery, wantForm)
		require.Equal(t, wantQuery, query)
		require.Equal(t, wantForm, form)
	}
}

func randomKey(random *rand.Rand) acs3.Key {
	key := acs3.Key{ID: "id" + headerSafe(random) + "x", Secret: "s" + value(random)}
	if random.IntN(2) == 0 {
		key.SecurityToken = "STS" + headerSafe(random) + "x"
	}
	return key
}
