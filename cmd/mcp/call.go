package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

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
		Description:  "For example: alitriage-mcp call get_app_status checkout --demo\n\nExit codes: 0 ok, 1 failed or action_needed, 2 refused before any call to the cloud, 3 could not find out or verdict unknown, 4 still in progress.",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"}},
		Action:       a.call,
		OnUsageError: onUsageError,
	}
	if slices.Contains(a.args, cmd.Name) { // a server's start need not wait for them
		for _, argument := range toolArguments() {
			cmd.Flags = append(cmd.Flags, argument.flag())
		}
	}
	return cmd
}

// helpAskedOf finds the tool in call TOOL --help and help call TOOL, wherever the
// flag stands: the library takes the name of the tool for that of a command.
func (a *app) helpAskedOf() (tool tools.Tool, asked bool) {
	words := a.args[min(1, len(a.args)):]
	if i := slices.Index(words, "--"); i >= 0 {
		words = words[:i]
	}
	at := slices.Index(words, "call")
	help := slices.ContainsFunc(words, func(word string) bool { return slices.Contains([]string{"--help", "-h", "-help"}, word) }) ||
		at > 0 && slices.Contains([]string{"help", "h"}, words[0])
	if at < 0 || !help {
		return tool, false
	}
	for _, t := range tools.All(tools.Config{Profiles: []tools.Profile{{}}}) {
		if slices.Contains(words[at:], t.Name) {
			return t, true
		}
	}
	return tool, false
}

// toolHelp is the help of one tool.
func toolHelp(t tools.Tool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\n%s\n\nUSAGE:\n   alitriage-mcp call %[1]s [ID] [key=value …] [options]\n\nARGUMENTS:\n", t.Name, t.Title, t.Description)
	for _, arg := range t.Arguments() {
		required := ""
		if arg.Required {
			required = " (required)"
		}
		fmt.Fprintf(&b, "   %-18s %s%s\n", arg.Name, arg.Description, required)
	}
	fmt.Fprintf(&b, "\nFor example: alitriage-mcp call %s %s\nSee alitriage-mcp call --help for the options.\n", t.Name, t.Example())
	return b.String()
}

// toolArgument is an argument of at least one tool.
type toolArgument struct {
	name     string
	isSwitch bool
	usage    string
	tools    []string
}

func (t toolArgument) flagName() string { return strings.ReplaceAll(t.name, "_", "-") }

func (t toolArgument) flag() cli.Flag {
	usage := t.usage + " [" + strings.Join(t.tools, ", ") + "]"
	if t.isSwitch {
		return &cli.BoolFlag{Name: t.flagName(), Usage: usage, Category: "ARGUMENTS OF TOOLS"}
	}
	return &cli.StringFlag{Name: t.flagName(), Usage: usage, Category: "ARGUMENTS OF TOOLS"}
}

// globalArguments are flags of the program as well, and mean the same.
var globalArguments = []string{"profile", "region"}

// toolArguments asks the tools, so that a new one needs nothing here.
var toolArguments = sync.OnceValue(func() (list []toolArgument) {
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
})

// call runs one tool.
func (a *app) call(ctx context.Context, cmd *cli.Command) error {
	cfg, logger, err := a.settings(cmd)
	if err != nil {
		return err
	}
	ctx, drain, end := interruptible(ctx)
	defer end()
	_, all, err := a.tools(cfg, forTerminal(cfg, logger), drain)
	if err != nil {
		return err
	}
	tool, err := tools.Find(all, cmd.Args().First())
	if err != nil {
		return refused(err.Error() + "\nFor example: alitriage-mcp call get_app_status checkout --demo")
	}
	args, err := tool.ParseArgs(strings.Join(toolWords(cmd), " "))
	if err != nil {
		return failure(tool, err)
	}
	report, err := tool.Call(ctx, args, a.showProgress(cfg, cmd))
	if err != nil {
		return failure(tool, err)
	}
	if err := a.print(cmd, report); err != nil {
		return err
	}
	return exitOf(report)
}

// lastWords is how long an answer may still take after Ctrl-C, as it may at the
// end of a session.
const lastWords = 4 * time.Second

var errInterrupted = errors.New("interrupted")

// interruptible ends a call in two steps: SIGTERM or Ctrl-C closes drain, which
// ends its waiting; what is still in flight after lastWords is cancelled.
func interruptible(ctx context.Context) (_ context.Context, drain <-chan struct{}, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	interrupted := make(chan struct{})
	forget := onSignal(ctx, func() {
		close(interrupted)
		time.AfterFunc(lastWords, func() { cancel(errInterrupted) })
	})
	return ctx, interrupted, func() { forget(); cancel(nil) }
}

// forTerminal keeps quiet what the person who sits there is told anyway.
func forTerminal(cfg config.Config, logger *slog.Logger) *slog.Logger {
	if cfg.LogLevel > slog.LevelInfo {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}

// toolWords puts the flags that are arguments behind the words.
func toolWords(cmd *cli.Command) []string {
	words := slices.Clone(cmd.Args().Tail())
	for _, argument := range toolArguments() {
		if name := argument.flagName(); cmd.IsSet(name) {
			words = append(words, fmt.Sprintf("%s=%v", argument.name, cmd.Value(name)))
		}
	}
	for _, name := range globalArguments { // on a command line they are meant for this call
		if cmd.IsSet(name) {
			words = append(words, name+"="+cmd.String(name))
		}
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

// failure says what an assistant would be told.
func failure(tool tools.Tool, err error) error {
	code := exitNoAnswer
	if _, refusal := errors.AsType[*tools.Refusal](err); refusal {
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
	code := exitNoAnswer
	switch report.Verdict {
	case formatters.OK:
		return nil
	case formatters.Failed, formatters.ActionNeeded:
		code = exitBad
	case formatters.InProgress:
		code = exitRunning
	case formatters.Unknown:
	}
	return &exitError{code: code}
}
