package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/internal/config"
)

const flagSchema = "schema"

func (a *app) configCommand() *cli.Command {
	return &cli.Command{
		Name:         "config",
		Usage:        "print the configuration in effect, with the source of each value and no secret",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: flagSchema, Usage: "print the JSON Schema of the config file instead, for editors"}},
		Action:       a.config,
		OnUsageError: onUsageError,
	}
}

func (a *app) config(_ context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	if cmd.Bool(flagSchema) {
		_, err := a.out.Write(config.Schema())
		return err
	}
	cfg, _, err := a.settings(cmd)
	if err != nil {
		return err
	}
	text, err := cfg.Show()
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.out, text)
	return err
}
