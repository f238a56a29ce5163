package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
)

// demoLimit is far more than the demo takes.
const demoLimit = 2 * time.Minute

// step is one call of the demo, with what it is there to show.
type step struct {
	story string
	tool  string
	args  map[string]any
}

var demoSteps = []step{
	{"Is the shop front healthy?", "get_app_status", map[string]any{"app_id": "web"}},
	{"Why does the checkout release not go on?", "get_app_status", map[string]any{"app_id": "checkout"}},
	{"And payments?", "get_app_status", map[string]any{"app_id": "payments"}},
	{"What did the clean-up do on 50 hosts?", "get_invocation_results", map[string]any{"invoke_id": "disk-cleanup"}},
	{"Collect diagnostics of the environment, and wait for them.", "gather_env_stats", map[string]any{"env_id": "checkout-env"}},
	{"Has the disk been enlarged?", "get_operation_result", map[string]any{"operation_id": "resize", "wait_seconds": 20}},
	{"An id copied from documentation is refused before anything is asked.", "get_app_status", map[string]any{"app_id": "0099b7be-5f5b-4512-a7fc-56049ef1****"}},
}

// demo drives the real server over its real streams with a real MCP client.
func (a *app) demo(ctx context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	cfg, logger, err := a.settings(cmd)
	if err != nil {
		return err
	}
	cfg.Demo, logger = true, forTerminal(cfg, logger)
	requests, toServer := io.Pipe()
	fromServer, answers := io.Pipe()
	g := guard.New(requests, answers, guard.Options{Logger: logger})
	known, all, err := a.tools(cfg, logger, g.Draining())
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() {
		served <- stdio{g}.serve(known, all, logger)
		answers.Close()
	}()
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	err = a.walk(ctx, client.NewClient(transport.NewIO(fromServer, toServer, io.NopCloser(strings.NewReader("")))))
	return errors.Join(err, toServer.Close(), <-served)
}

func (a *app) walk(ctx context.Context, c *client.Client) error {
	if err := c.Start(ctx); err != nil {
		return err
	}
	if _, err := c.Initialize(ctx, mcp.InitializeRequest{}); err != nil {
		return err
	}
	list, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return err
	}
	a.say("alitriage-mcp %s, demo: an MCP client talks to the server, the server to a simulator of Alibaba Cloud.\nAn assistant sees these tools:\n", releaseVersion())
	for _, t := range list.Tools {
		a.say("  %-24s %s\n", t.Name, t.Description)
	}
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" {
			a.say("   … %v\n", n.Params.AdditionalFields["message"])
		}
	})
	for i, s := range demoSteps {
		if err := a.show(ctx, c, i+1, s); err != nil {
			return err
		}
	}
	return nil
}

// show makes one call and prints what an assistant gets.
func (a *app) show(ctx context.Context, c *client.Client, n int, s step) error {
	a.say("\n━━━ %d. %s\n    %s", n, s.story, s.tool)
	for _, name := range slices.Sorted(maps.Keys(s.args)) {
		a.say(" %s=%v", name, s.args[name])
	}
	a.say("\n\n")
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = s.tool, s.args
	request.Params.Meta = &mcp.Meta{ProgressToken: n}
	result, err := c.CallTool(ctx, request)
	if err != nil {
		return err
	}
	for _, content := range result.Content {
		if text, ok := content.(mcp.TextContent); ok {
			a.say("%s\n", text.Text)
		}
	}
	return nil
}

func (a *app) say(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }
