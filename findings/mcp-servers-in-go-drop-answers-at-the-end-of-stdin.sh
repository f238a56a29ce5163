#!/usr/bin/env bash
# One would guess: an MCP server over stdio answers every request that it has read, also when its stdin ends right after
# the last: `printf '…' | server` is how people try a server, and bridges start one for each request.
#
# What happens (checked 2026-12-01), with 40 calls that take 200 ms each and then the end of stdin: the official Go SDK,
# github.com/modelcontextprotocol/go-sdk v1.8.0, answers none of them; github.com/mark3labs/mcp-go v1.2.1 answers a few,
# those that its workers had begun; the official TypeScript SDK 1.32.2 answers all. Where an answer is missing the tool may
# have done its work all the same, as the count of tools that were begun shows. All end with exit code 0.
#
# Usage: findings/mcp-servers-in-go-drop-answers-at-the-end-of-stdin.sh   (needs go and npm; exits 1 when it changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir mcpgo gosdk bin
cat > mcpgo/main.go <<'GO'
package main

import (
	"context"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("finding", "1")
	s.AddTool(mcp.NewTool("slow"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		os.Stderr.WriteString("begun\n")
		time.Sleep(200 * time.Millisecond)
		return mcp.NewToolResultText("done"), nil
	})
	if err := server.ServeStdio(s); err != nil {
		panic(err)
	}
}
GO
cat > gosdk/main.go <<'GO'
package main

import (
	"context"
	"os"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	s := mcp.NewServer(&mcp.Implementation{Name: "finding", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "slow"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		os.Stderr.WriteString("begun\n")
		time.Sleep(200 * time.Millisecond)
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, nil
	})
	if err := s.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		panic(err)
	}
}
GO
cat > main.mjs <<'JS'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

const server = new McpServer({ name: 'finding', version: '1' });
server.registerTool('slow', {}, async () => {
  process.stderr.write('begun\n');
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  return { content: [{ type: 'text', text: 'done' }] };
});
await server.connect(new StdioServerTransport());
JS
{
  go mod init finding
  go get github.com/mark3labs/mcp-go@v1.2.1 github.com/modelcontextprotocol/go-sdk@v1.8.0
  go mod tidy
} >/dev/null 2>&1
go build -o bin/ ./mcpgo ./gosdk
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @modelcontextprotocol/sdk@1.32.2
go list -m github.com/mark3labs/mcp-go github.com/modelcontextprotocol/go-sdk
npm ls --depth 0 2>/dev/null | grep modelcontextprotocol

requests() {
  echo '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}'
  echo '{"jsonrpc":"2.0","method":"notifications/initialized"}'
  for id in {2..41}; do
    echo '{"jsonrpc":"2.0","id":'"$id"',"method":"tools/call","params":{"name":"slow","arguments":{}}}'
  done
}
ask() { # NAME COMMAND…
  local code=0 answered
  requests | "${@:2}" > answers 2> log || code=$?
  answered=$(grep -c '"text":"done"' answers || true)
  echo "$1: $answered of 40 calls answered, $(grep -c '^begun$' log || true) begun, exit $code" >&2
  case $answered in
    0) echo "$1: none answered, exit $code" ;;
    40) echo "$1: all answered, exit $code" ;;
    *) echo "$1: some answered, exit $code" ;;
  esac
}
{ ask mcp-go bin/mcpgo; ask go-sdk bin/gosdk; ask typescript-sdk node main.mjs; } > seen
cat seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
mcp-go: some answered, exit 0
go-sdk: none answered, exit 0
typescript-sdk: all answered, exit 0
WANT
