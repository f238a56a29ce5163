#!/usr/bin/env bash
# One would guess: Alibaba's two credential libraries find the same profile, since both read the file of the aliyun CLI
# and both know ALIBABA_CLOUD_PROFILE, ALIBABA_CLOUD_CLI_PROFILE_DISABLED and ALIBABA_CLOUD_ECS_METADATA.
#
# What happens: github.com/aliyun/credentials-go v1.4.14 reads the file that ALIBABA_CLOUD_CONFIG_FILE names;
# @alicloud/credentials 2.4.7 (checked 2026-11-30) never looks at that variable and reads ~/.aliyun/config.json. With
# both set up, one shell signs as two identities, without a word from either.
#
# Usage: findings/credentials-node-ignores-the-config-file-variable.sh   (needs go, node and npm; exits 1 when the
# behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

profile() { # NAME OF THE KEY
  printf '{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"%s","access_key_secret":"example","region_id":"cn-hangzhou"}]}\n' "$1"
}
mkdir -p home/.aliyun
profile fromTheHomeDirectory >home/.aliyun/config.json
profile fromTheVariable >elsewhere.json

cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/aliyun/credentials-go/credentials/providers"
)

func main() {
	provider, err := providers.NewCLIProfileCredentialsProviderBuilder().Build()
	if err != nil {
		panic(err)
	}
	key, err := provider.GetCredentials()
	if err != nil {
		panic(err)
	}
	fmt.Println("credentials-go:", key.AccessKeyId)
}
GO
cat > main.js <<'JS'
const { default: Client } = require('@alicloud/credentials');
new Client().getCredential().then((key) => console.log('@alicloud/credentials:', key.accessKeyId));
JS
{
  go mod init finding
  go get github.com/aliyun/credentials-go/credentials/providers@v1.4.14
  npm init -y
  npm install --ignore-scripts @alicloud/credentials@2.4.7
} >/dev/null 2>&1
go build -o finding .
go list -m github.com/aliyun/credentials-go
npm ls --depth=0 @alicloud/credentials | tail -n +2
for program in ./finding "node main.js"; do
  env -i HOME="$dir/home" PATH="$PATH" ALIBABA_CLOUD_CONFIG_FILE="$dir/elsewhere.json" $program
done | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
credentials-go: fromTheVariable
@alicloud/credentials: fromTheHomeDirectory
WANT
