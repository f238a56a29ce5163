#!/usr/bin/env bash
# One would guess: a JSON-RPC response carries the id of its request, digit for digit. MCP allows any integer, and
# clients that take snowflake ids or nanoseconds as ids are past 2^53.
#
# What happens: a server made with github.com/mark3labs/mcp-go v1.2.1 (checked 2026-11-30) decodes ids into float64.
# The request 9007199254740993 is answered as 9007199254740992, so its client waits until its timeout, and another
# request that does have the id …992 would take the answer for its own.
#
# Usage: findings/mcp-go-rounds-large-request-ids.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import "github.com/mark3labs/mcp-go/server"

func main() {
	if err := server.ServeStdio(server.NewMCPServer("finding", "1")); err != nil {
		panic(err)
	}
}
GO
{
  go mod init finding
  go get github.com/mark3labs/mcp-go/server@v1.2.1
} >/dev/null 2>&1
go build -o finding .
go list -m github.com/mark3labs/mcp-go
for id in 1 9007199254740991 9007199254740993 1234567890123456789; do
  answer=$(printf '{"jsonrpc":"2.0","id":%s,"method":"ping"}\n' "$id" | ./finding 2>/dev/null)
  echo "asked $id, answered $(sed -E 's/.*"id":([^,}]*).*/\1/' <<<"$answer")"
done | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
asked 1, answered 1
asked 9007199254740991, answered 9007199254740991
asked 9007199254740993, answered 9007199254740992
asked 1234567890123456789, answered 1234567890123456800
WANT
