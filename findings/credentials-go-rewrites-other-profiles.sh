#!/usr/bin/env bash
# One would guess: a library that reads ~/.aliyun/config.json to get a key leaves the file alone, or changes only the
# profile it was asked for.
#
# What happens: github.com/aliyun/credentials-go v1.4.14 (checked 2026-11-30) writes the file back when the profile has
# mode External (and OAuth): the whole configuration goes through a struct that knows fewer fields than the aliyun CLI
# 3.4.9 writes. Fields of *other* profiles that the struct lacks (private_key, key_pair_name, credentials_uri,
# bearer_token, sts_endpoint, endpoint_type, language, site …) are gone, and the CLI then refuses those profiles.
# Mode External needs no file write at all: the CLI itself never writes for it.
#
# Usage: findings/credentials-go-rewrites-other-profiles.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat > helper <<'SH'
#!/bin/sh
echo '{"mode":"StsToken","access_key_id":"exampleId","access_key_secret":"exampleSecret","sts_token":"exampleToken"}'
SH
chmod 700 helper
mkdir -p home/.aliyun
cat > home/.aliyun/config.json <<JSON
{
  "current": "outside",
  "profiles": [
    {"name": "outside", "mode": "External", "process_command": "$dir/helper", "region_id": "cn-hangzhou"},
    {"name": "pair", "mode": "RsaKeyPair", "private_key": "/etc/pair.pem", "key_pair_name": "pair", "region_id": "cn-beijing", "language": "zh"},
    {"name": "vpc", "mode": "RamRoleArn", "access_key_id": "a", "access_key_secret": "b", "ram_role_arn": "acs:ram::1:role/r",
     "ram_session_name": "s", "sts_endpoint": "sts-vpc.cn-beijing.aliyuncs.com", "endpoint_type": "vpc"}
  ]
}
JSON
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/aliyun/credentials-go/credentials/providers"
)

type file struct {
	Profiles []map[string]any `json:"profiles"`
}

func read(path string) (f file) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		panic(err)
	}
	return f
}

func main() {
	path := os.Getenv("HOME") + "/.aliyun/config.json"
	before := read(path)
	provider, err := providers.NewCLIProfileCredentialsProviderBuilder().Build()
	if err != nil {
		panic(err)
	}
	key, err := provider.GetCredentials()
	if err != nil {
		panic(err)
	}
	fmt.Println("key:", key.AccessKeyId)
	for i, p := range read(path).Profiles {
		for _, name := range slices.Sorted(maps.Keys(before.Profiles[i])) {
			if value, ok := p[name]; !ok || value == "" {
				fmt.Printf("lost: %v.%s\n", before.Profiles[i]["name"], name)
			}
		}
	}
}
GO
{
  go mod init finding
  go get github.com/aliyun/credentials-go/credentials/providers@v1.4.14
} >/dev/null 2>&1
go build -o finding .
go list -m github.com/aliyun/credentials-go
env -i HOME="$dir/home" PATH="$PATH" ./finding | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
key: exampleId
lost: pair.key_pair_name
lost: pair.language
lost: pair.private_key
lost: vpc.endpoint_type
lost: vpc.sts_endpoint
WANT
