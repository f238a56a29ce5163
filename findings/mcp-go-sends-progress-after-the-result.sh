#!/usr/bin/env bash
# One would guess: progress that an MCP tool reports before it returns reaches the client before the result. Clients
# drop the progress token when the result has come, and may treat later progress as an error of the server.
#
# What happens: a server made with github.com/mark3labs/mcp-go v1.2.1 (checked 2026-12-01) sends results and
# notifications over stdio by ways of their own. Of 100 calls that report once and return at once, most are answered
# first, and the progress follows its result. SendNotificationToClient returns when the notification is queued, not
# when it is written. github.com/modelcontextprotocol/go-sdk v1.8.0 keeps the order.
#
# Usage: findings/mcp-go-sends-progress-after-the-result.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir mcpgo gosdk bin
cat > mcpgo/main.go <<'GO'
package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("finding", "1")
	s.AddTool(mcp.NewTool("report"), func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		err := s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": request.Params.Meta.ProgressToken, "progress": 1})
		return mcp.NewToolResultText("done"), err
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

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	s := mcp.NewServer(&mcp.Implementation{Name: "finding", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "report"}, func(ctx context.Context, request *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		err := request.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: request.Params.GetProgressToken(), Progress: 1})
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}}, nil, err
	})
	if err := s.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		panic(err)
	}
}
GO
# The client asks one call after the other, and looks at what it gets, in order.
cat > main.go <<'GO'
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

type message struct {
	ID     int `json:"id"`
	Params struct {
		ProgressToken int `json:"progressToken"`
	} `json:"params"`
}

func main() {
	command := exec.Command(os.Args[1])
	in, _ := command.StdinPipe()
	out, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		panic(err)
	}
	fmt.Fprintln(in, `{"jsonrpc":"2.0","id":1000,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	lines := bufio.NewScanner(out)
	late := 0
	ask := func(id int) {
		fmt.Fprintf(in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"report","arguments":{},"_meta":{"progressToken":%d}}}`+"\n", id, id)
	}
	progressed, answered := map[int]bool{}, 0
	ask(1)
	for answered < 100 && lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			panic(err)
		}
		switch {
		case m.Params.ProgressToken > 0:
			progressed[m.Params.ProgressToken] = true
		case m.ID <= 100:
			if !progressed[m.ID] {
				late++
			}
			if answered++; answered < 100 {
				ask(answered + 1)
			}
		}
	}
	in.Close()
	_ = command.Wait()
	fmt.Fprintf(os.Stderr, "%s: %d of 100 results came before their progress, or without it\n", os.Args[1], late)
	fmt.Printf("%s: progress missing when the result came: %t\n", os.Args[1], late > 0)
}
GO
{
  go mod init finding
  go get github.com/mark3labs/mcp-go@v1.2.1 github.com/modelcontextprotocol/go-sdk@v1.8.0
  go mod tidy
} >/dev/null 2>&1
go build -o bin/ ./mcpgo ./gosdk .
go list -m github.com/mark3labs/mcp-go github.com/modelcontextprotocol/go-sdk
{ bin/finding bin/mcpgo; bin/finding bin/gosdk; } | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
bin/mcpgo: progress missing when the result came: true
bin/gosdk: progress missing when the result came: false
WANT
