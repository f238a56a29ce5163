package oracle

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	vendor "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// seeded tells the seed of a run, and takes one from ORACLE_SEED.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(20261122)
	if text := os.Getenv("ORACLE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("ORACLE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// shape is one of the five operations, as far as a signature sees it.
type shape struct {
	action, version, style, method, path string
	query, form                          []string // names of its parameters
}

var shapes = []shape{
	{"GatherAppEnvStats", "2019-03-20", "ROA", http.MethodPost, "/pop/v1/wam/appEnv/gatherStats",
		[]string{"RegionId"}, []string{"EnvId", "TargetInstances"}},
	{"DescribeGatherStatsResult", "2019-03-20", "ROA", http.MethodGet, "/pop/v1/wam/appEnv/gatherStats",
		[]string{"ChangeId", "RegionId"}, nil},
	{"DescribeInvocationResults", "2014-05-26", "RPC", http.MethodPost, "/",
		[]string{"RegionId", "InvokeId", "InstanceId", "CommandId", "InvokeRecordStatus", "IncludeHistory", "ContentEncoding",
			"MaxResults", "NextToken", "Tag.1.Key", "Tag.1.Value"}, nil},
	{"DescribeApplicationStatus", "2019-05-06", "ROA", http.MethodGet, "/pop/v1/sam/app/describeApplicationStatus",
		[]string{"AppId"}, nil},
	{"GetExecuteOperationResult", "2021-09-31", "RPC", http.MethodPost, "/",
		nil, []string{"OperationId", "ResourceGroupId"}},
}

// words are joined into values that are hard to encode.
var words = []string{
	"", " ", "  ", "a", "Z", "0", "-", "_", ".", "~", "+", "*", "%", "%20", "%7E", "&", "=", "?", "#", "/", "\\", ":", ";", ",", "@", "!",
	"'", `"`, "(", ")", "[", "]", "{", "}", "<", ">", "|", "^", "`", "$", "\t", "\n", "\r\n", "\x00", "\x7f", "é", "环境", "🚨", "\u202e",
	"i-wz94zz7mx8kt5kz", `["i-1","i-2"]`, "cn-hangzhou", "2021-09-31",
}

func value(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(6) {
		b.WriteString(words[random.IntN(len(words))])
	}
	return b.String()
}

// some gives values to some of names.
func some(random *rand.Rand, names []string) url.Values {
	values := url.Values{}
	for _, name := range names {
		if random.IntN(4) > 0 {
			values.Set(name, value(random))
		}
	}
	return values
}

// headerSafe is a value as it can stand in a header.
func headerSafe(random *rand.Rand) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, value(random))
}

func TestOurSignatureIsTheVendors(t *testing.T) {
	random := seeded(t)
	for i := range 20000 {
		shape := shapes[random.IntN(len(shapes))]
		form := some(random, shape.form).Encode()
		r, err := http.NewRequestWithContext(t.Context(), shape.method,
			fmt.Sprintf("https://host%d.aliyuncs.com%s", random.IntN(9), shape.path), strings.NewReader(form))
		require.NoError(t, err)
		r.Header.Set("Accept", "application/json")
		r.Header.Set("User-Agent", "alitriage/test")
		if form != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		key := acs3.Key{ID: headerSafe(random), Secret: value(random)}
		if random.IntN(2) == 0 {
			key.SecurityToken = "STS" + headerSafe(random)
		}
		query := some(random, shape.query)
		acs3.Sign(r, acs3.Call{
			Action: shape.action, Version: shape.version, Query: query, Body: []byte(form),
			Time: time.Unix(random.Int64N(1<<32), 0), Nonce: strconv.FormatUint(random.Uint64(), 16),
		}, key)

		require.Equal(t, vendorsAuthorization(r, query, form, key), r.Header.Get("Authorization"), "request %d: %s %q %q", i, shape.action, query, form)
	}
}

// vendorsAuthorization is the header that the vendor's signer makes of the same
// request.
func vendorsAuthorization(r *http.Request, query url.Values, body string, key acs3.Key) string {
	request := dara.NewRequest()
	request.Method, request.Pathname = &r.Method, &r.URL.Path
	request.Query = map[string]*string{}
	for name := range query {
		request.Query[name] = new(query.Get(name))
	}
	request.Headers = map[string]*string{"host": new(r.URL.Host)}
	for name := range r.Header {
		request.Headers[name] = new(r.Header.Get(name))
	}
	algorithm := new(acs3.Algorithm)
	payload := fmt.Sprintf("%x", vendor.Hash([]byte(body), algorithm))
	return *vendor.GetAuthorization(request, algorithm, &payload, &key.ID, &key.Secret)
}
