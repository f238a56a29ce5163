package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// callCommand takes the arguments of all tools as flags. Which of them the
// chosen tool has is the tool's own affair.
func (a *app) callCommand() *cli.Command {
	cmd := &cli.Command{
		Name:         "call",
		Usage:        "run one tool and print its report",
		ArgsUsage:    "TOOL [ID] [key=value …]",
		Description:  "Exit codes: 0 ok, 1 failed or action_needed, 2 refused before any call to the cloud, 3 could not find out, 4 still in progress.",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"}},
		Action:       a.call,
		OnUsageError: onUsageError,
	}
	for _, argument := range toolArguments() {
		cmd.Flags = append(cmd.Flags, argument.flag())
	}
	return cmd
}

// toolArgument is an argument of at least one tool.
type toolArgument struct {
	name     string
	isSwitch bool
	usage    string
	tools    []string
}

func (t toolArgument) flag() cli.Flag {
	name := strings.ReplaceAll(t.name, "_", "-")
	var aliases []string
	if name != t.name {
		aliases = []string{t.name}
	}
	usage := t.usage + " [" + strings.Join(t.tools, ", ") + "]"
	if t.isSwitch {
		return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, Category: "ARGUMENTS OF TOOLS"}
	}
	return &cli.StringFlag{Name: name, Aliases: aliases, Usage: usage, Category: "ARGUMENTS OF TOOLS"}
}

// globalArguments are flags of the program as well, and mean the same.
var globalArguments = []string{"profile", "region"}

// toolArguments asks the tools, so that a new one needs nothing here.
func toolArguments() []toolArgument {
	var list []toolArgument
	for _, t := range tools.All(tools.Config{Profiles: []tools.Profile{{}}}) {
		for _, arg := range t.Arguments() {
			i := slices.IndexFunc(list, func(known toolArgument) bool { return known.name == arg.Name })
			switch {
			case slices.Contains(globalArguments, arg.Name):
			case i >= 0:
				list[i].tools = append(list[i].tools, t.Name)
			default:
				list = append(list, toolArgument{arg.Name, arg.Type == "boolean", arg.Description, []string{t.Name}})
			}
		}
	}
	slices.SortFunc(list, func(x, y toolArgument) int { return strings.Compare(x.name, y.name) })
	return list
}

// call runs one tool.
func (a *app) call(ctx context.Context, cmd *cli.Command) error {
	cfg, logger, err := a.settings(cmd)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	drain := make(chan struct{})
	context.AfterFunc(ctx, func() { stop(); close(drain) })
	if cfg.LogLevel > slog.LevelInfo {
		logger = nil // the person at the terminal is told anyway
	}
	all, err := a.tools(cfg, logger, drain)
	if err != nil {
		return err
	}
	tool, err := tools.Find(all, cmd.Args().First())
	if err != nil {
		return refused(err.Error() + "\nFor example: alitriage-mcp call get_app_status checkout --demo")
	}
	args, err := tool.ParseArgs(strings.Join(toolWords(cmd), " "))
	if err != nil {
		return refused(tool.ErrorText(err))
	}
	report, err := tool.Call(context.WithoutCancel(ctx), args, a.showProgress(cfg, cmd))
	if err != nil {
		return callFailure(tool, err)
	}
	if err := a.print(cmd, report); err != nil {
		return err
	}
	return exitOf(report)
}

// toolWords puts the flags that are arguments behind the words.
func toolWords(cmd *cli.Command) []string {
	words := slices.Clone(cmd.Args().Tail())
	for _, argument := range toolArguments() {
		name := strings.ReplaceAll(argument.name, "_", "-")
		if cmd.IsSet(name) {
			words = append(words, fmt.Sprintf("%s=%v", argument.name, cmd.Value(name)))
		}
	}
	if cmd.IsSet("region") { // on the command line it outranks an alias's
		words = append(words, "region="+cmd.String("region"))
	}
	return words
}

// showProgress writes to stderr what a waiting call learns.
func (a *app) showProgress(cfg config.Config, cmd *cli.Command) func(tools.Progress) {
	if cmd.Bool("json") || cfg.LogJSON {
		return nil
	}
	return func(p tools.Progress) {
		fmt.Fprintf(a.errs, "%3.0fs %s\n", p.Elapsed.Seconds(), p.Message)
	}
}

func callFailure(tool tools.Tool, err error) error {
	code := exitNoAnswer
	var refusal *tools.Refusal
	if errors.As(err, &refusal) {
		code = exitRefused
	}
	return &exitError{code, strings.TrimSpace(tool.ErrorText(err))}
}

func (a *app) print(cmd *cli.Command, report formatters.Report) error {
	if !cmd.Bool("json") {
		_, err := fmt.Fprint(a.out, formatters.Text(report, newFence()))
		return err
	}
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, string(b))
	return err
}

func exitOf(report formatters.Report) error {
	codes := map[formatters.Verdict]int{
		formatters.OK: exitOK, formatters.Failed: exitBad, formatters.ActionNeeded: exitBad,
		formatters.Unknown: exitNoAnswer, formatters.InProgress: exitRunning,
	}
	if code := codes[report.Verdict]; code != exitOK {
		return &exitError{code: code}
	}
	return nil
}
