package main

import (
	"context"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
	"github.com/alitriage/alitriage/internal/config"
)

const flagHTTP = "http"

// serveFlags are those of serving, with or without its name.
func serveFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: flagHTTP, Local: true,
		Usage: "serve MCP over Streamable HTTP at http://`ADDR`/mcp instead of stdio; off loopback only with a token in ALITRIAGE_HTTP_TOKEN",
	}}
}

// serve speaks MCP on stdin and stdout, or over HTTP.
func (a *app) serve(ctx context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	cfg, logger, err := a.settings(cmd)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a client that has gone shows in the write error
	if address, given := httpAddress(cmd); given && address == "" {
		return refused(config.EmptyFlag(flagHTTP).Error())
	} else if given {
		return a.serveHTTP(ctx, address, cfg, logger)
	}
	return a.serveStdio(ctx, cfg, logger)
}

// httpAddress finds the flag before or behind the word serve.
func httpAddress(cmd *cli.Command) (address string, given bool) {
	for _, c := range cmd.Lineage() {
		if c.IsSet(flagHTTP) {
			return c.String(flagHTTP), true
		}
	}
	return "", false
}

func (a *app) serveStdio(ctx context.Context, cfg config.Config, logger *slog.Logger) error {
	g := guard.New(a.in, a.out, guard.Options{Logger: logger})
	known, all, err := a.tools(cfg, logger, g.Draining())
	if err != nil {
		return err
	}
	defer onSignal(ctx, g.Drain)()
	return stdio{g}.serve(known, all, logger)
}
