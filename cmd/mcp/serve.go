package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
)

// serve speaks MCP on stdin and stdout.
func (a *app) serve(ctx context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	cfg, logger, err := a.settings(cmd)
	if err != nil {
		return err
	}
	g := guard.New(a.in, a.out, guard.Options{Logger: logger})
	all, err := a.tools(cfg, logger, g.Draining())
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a client that has gone shows in the write error
	defer onSignal(ctx, g.Drain)()
	s := &stdio{guard: g, logger: logger, fence: newFence}
	return s.listen(s.newMCPServer(all))
}
