#!/usr/bin/env bash
# One would guess: a Date among the parameters of Alibaba Cloud's generic Node client becomes the ISO time that its
# operations take, or an error; and a Buffer becomes Base64. The Go client does the like with time.Time and []byte.
#
# What happens: OpenApiUtil.query of @alicloud/openapi-util 0.3.3, and of its successor in @alicloud/openapi-core 1.0.8
# (checked 2026-12-01), reads every object as a list of members. A Date has none, so {StartTime: new Date()} is left out
# in silence and the call is not limited in time; the same for URL, Map and Set. A Buffer becomes a parameter for each
# byte, counted from 0, where lists of this API count from 1.
#
# Usage: findings/openapi-util-leaves-out-dates.sh   (needs npm and go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @alicloud/openapi-util@0.3.3 @alicloud/openapi-core@1.0.8
npm ls --depth 0 2>/dev/null | grep alicloud
cat > main.js <<'JS'
const { default: util } = require('@alicloud/openapi-util');
const { OpenApiUtil: core } = require('@alicloud/openapi-core');

const values = {
  Date: new Date(0),
  'list of Date': [new Date(0)],
  Map: new Map([['a', 1]]),
  URL: new URL('http://127.0.0.1/'),
  Buffer: Buffer.from('ab'),
};
for (const [name, value] of Object.entries(values)) {
  const asked = { InstanceId: 'i', StartTime: value };
  console.log(`${name}: openapi-util ${JSON.stringify(util.query(asked))}, openapi-core ${JSON.stringify(core.query(asked))}`);
}
JS
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"time"

	openapiutil "github.com/alibabacloud-go/openapi-util/service"
)

func main() {
	for _, value := range []any{time.Unix(0, 0).UTC(), []byte("ab")} {
		query, err := json.Marshal(openapiutil.Query(map[string]any{"InstanceId": "i", "StartTime": value}))
		if err != nil {
			panic(err)
		}
		fmt.Printf("Go, %T: %s\n", value, query)
	}
}
GO
{
  go mod init finding
  go get github.com/alibabacloud-go/openapi-util@v0.1.1
  go mod tidy
} >/dev/null 2>&1
go list -m github.com/alibabacloud-go/openapi-util
{ node main.js; go run .; } | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
Date: openapi-util {"InstanceId":"i"}, openapi-core {"InstanceId":"i"}
list of Date: openapi-util {"InstanceId":"i"}, openapi-core {"InstanceId":"i"}
Map: openapi-util {"InstanceId":"i"}, openapi-core {"InstanceId":"i"}
URL: openapi-util {"InstanceId":"i"}, openapi-core {"InstanceId":"i"}
Buffer: openapi-util {"InstanceId":"i","StartTime.0":"97","StartTime.1":"98"}, openapi-core {"InstanceId":"i","StartTime.0":"97","StartTime.1":"98"}
Go, time.Time: {"InstanceId":"i","StartTime":"1970-01-01T00:00:00Z"}
Go, []uint8: {"InstanceId":"i","StartTime":"YWI="}
WANT
