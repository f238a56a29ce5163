package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/internal/config"
)

// version is set by the linker; see Makefile.
var version = ""

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}

// run returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	err := command(out, errs).Run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errs, "alitriage-slackbot: "+err.Error())
	return 2
}

func command(out, errs io.Writer) *cli.Command {
	return &cli.Command{
		Name:           "alitriage-slackbot",
		Usage:          "the tools of alitriage as Slack slash commands",
		Flags:          config.Flags(),
		Writer:         out,
		ErrWriter:      errs,
		Version:        version,
		HideVersion:    version == "",
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError:   func(_ context.Context, _ *cli.Command, err error, _ bool) error { return err },
		Action: func(context.Context, *cli.Command) error {
			return errors.New("this version does not serve Slack yet; it can print the app's manifest: alitriage-slackbot manifest")
		},
		Commands: []*cli.Command{manifestCommand(out)},
	}
}
