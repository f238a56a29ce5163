package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// Exit codes. They are part of the contract with scripts.
const (
	exitOK       = 0
	exitBad      = 1 // failed or action_needed
	exitRefused  = 2 // before any call to the cloud
	exitNoAnswer = 3 // could not find out, or verdict unknown, or a bug of ours
	exitRunning  = 4
)

// app is the program with everything it touches, so that tests can run it.
type app struct {
	args      []string
	in        io.Reader
	out, errs io.Writer
	lookUp    func(string) (string, bool) // the environment
}

// exitError ends the program with a code. Its text, if any, is for stderr.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

// refused is for what people have to mend before anything can happen.
func refused(text string) error { return &exitError{exitRefused, "alitriage-mcp: " + text} }

// run returns the exit code.
func (a *app) run(ctx context.Context) (code int) {
	defer func() {
		if value := recover(); value != nil { // which may quote anything, so only its type is shown
			fmt.Fprintf(a.errs, "alitriage-mcp: internal error (%T). Please report it with what follows.\n%s", value, debug.Stack())
			code = exitNoAnswer
		}
	}()
	if tool, asked := a.helpAskedOf(); asked {
		fmt.Fprint(a.out, toolHelp(tool))
		return exitOK
	}
	err := a.command().Run(ctx, withDashes(a.args))
	if err == nil {
		return exitOK
	}
	exit := &exitError{exitNoAnswer, "alitriage-mcp: " + err.Error()}
	if !errors.As(err, &exit) && errors.As(err, new(cli.ExitCoder)) { // the library's own, of help for what there is not
		exit.code = exitRefused
	}
	if exit.text != "" {
		fmt.Fprintln(a.errs, exit.text)
	}
	return exit.code
}

// withDashes lets people write --app_id, as the argument is called elsewhere.
func withDashes(args []string) []string {
	args = slices.Clone(args)
	for i, word := range args {
		if name, value, hasValue := strings.Cut(word, "="); strings.HasPrefix(name, "--") {
			args[i] = strings.ReplaceAll(name, "_", "-")
			if hasValue {
				args[i] += "=" + value
			}
		}
	}
	return args
}

func (a *app) command() *cli.Command {
	return &cli.Command{
		Name:           "alitriage-mcp",
		Usage:          "what happened on Alibaba Cloud, is it bad, and what do I do next?",
		Description:    "Without a command: serve MCP over stdio, or over HTTP with --http.",
		Flags:          append(append(config.Flags(), serveFlags()...), &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print version, commit and Go version", Local: true}),
		Reader:         a.in,
		Writer:         a.out,
		ErrWriter:      a.errs,
		HideVersion:    true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // run maps errors to exit codes
		OnUsageError:   onUsageError,
		Before:         a.before,
		Action:         a.serve,
		Commands: []*cli.Command{
			{Name: "serve", Usage: "serve MCP over stdio (the default) or HTTP", Flags: serveFlags(), Action: a.serve, OnUsageError: onUsageError},
			a.callCommand(),
			a.configCommand(),
			a.doctorCommand(),
			{Name: "demo", Usage: "walk through all tools against the simulator, as an assistant sees them", Action: a.demo, OnUsageError: onUsageError},
			a.policyCommand(),
			a.simulateCommand(),
			{Name: "version", Usage: "print version, commit and Go version", Action: a.version, OnUsageError: onUsageError},
		},
	}
}

// before does for --version what the command does, and nothing else.
func (a *app) before(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if !cmd.Bool("version") {
		return httpIsForServing(ctx, cmd)
	}
	if err := a.printVersion(); err != nil {
		return ctx, err
	}
	return ctx, &exitError{code: exitOK}
}

// httpIsForServing refuses the root's --http before another command.
func httpIsForServing(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if name := cmd.Args().First(); cmd.IsSet(flagHTTP) && name != "serve" && cmd.Command(name) != nil {
		return ctx, refused("--" + flagHTTP + " goes with serve only")
	}
	return ctx, nil
}

// onUsageError turns the library's complaints into ours.
func onUsageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	text := strings.Replace(err.Error(), "for flag -", "for flag --", 1)
	if name, undefined := strings.CutPrefix(text, "flag provided but not defined: "); undefined {
		name = strings.TrimLeft(name, "-")
		text = "there is no flag --" + name + didYouMean(name, flagNames(cmd), "--")
		if name == flagHTTP { // it is a flag of the root command, too, which serves
			text = "--" + name + " goes with serve only"
		}
	}
	return refused(text + "\nSee " + cmd.FullName() + " --help.")
}

func flagNames(cmd *cli.Command) (names []string) {
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			names = append(names, f.Names()...)
		}
	}
	return names
}

// noArguments refuses words that a command does not take, so that a mistyped
// command is not taken for a serving one.
func noArguments(cmd *cli.Command) error {
	if !cmd.Args().Present() {
		return nil
	}
	var known []string
	for _, c := range cmd.Root().Commands {
		known = append(known, c.Name)
	}
	word := cmd.Args().First()
	return refused(fmt.Sprintf("%.60q is not a command%s\nCommands: %s. See alitriage-mcp --help.",
		word, didYouMean(word, known, ""), strings.Join(known, ", ")))
}

// didYouMean ends a sentence about a word that is not known.
func didYouMean(word string, known []string, prefix string) string {
	if near, ok := tools.Nearest(word, known); ok {
		return "; did you mean " + prefix + near + "?"
	}
	return ""
}

// onSignal calls then at SIGTERM or Ctrl-C. The second of them ends the process
// at once.
func onSignal(ctx context.Context, then func()) (forget func()) {
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	unhook := context.AfterFunc(ctx, func() {
		restore()
		then()
	})
	return func() {
		unhook()
		restore()
	}
}

// settings reads flags and environment.
func (a *app) settings(cmd *cli.Command) (config.Config, *slog.Logger, error) {
	cfg, err := config.Read(cmd, a.lookUp)
	if err != nil {
		return cfg, nil, refused("this configuration is refused\n- " + strings.ReplaceAll(err.Error(), "\n", "\n- "))
	}
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogJSON {
		return cfg, slog.New(slog.NewJSONHandler(a.errs, options)), nil
	}
	return cfg, slog.New(slog.NewTextHandler(a.errs, options)), nil
}

// tools makes the tools for cfg, and tells what they know. drain may be nil.
func (a *app) tools(cfg config.Config, logger *slog.Logger, drain <-chan struct{}) (known tools.Config, all []tools.Tool, _ error) {
	cfg.Credentials.Warn = a.warn(logger)
	known, err := cfg.Tools(releaseVersion(), nil)
	if err != nil {
		return known, nil, refused(err.Error())
	}
	known.Drain, known.Logger, known.MarkKey = drain, logger, []byte(rand.Text())
	return known, tools.All(known), nil
}

// warn tells of credentials that somebody has to see to, also where nothing is
// logged.
func (a *app) warn(logger *slog.Logger) func(string) {
	return func(text string) {
		if logger.Handler().Enabled(context.Background(), slog.LevelWarn) {
			logger.Warn("credentials need attention", "what", text)
			return
		}
		fmt.Fprintln(a.errs, "alitriage-mcp: warning: "+text)
	}
}

// newFence makes the boundary of outputs in one text, which no output can know.
func newFence() string { return strings.ToLower(rand.Text()[:12]) }

// releaseVersion is what the linker was told, or what Go knows.
func releaseVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func (a *app) version(_ context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	return a.printVersion()
}

func (a *app) printVersion() error {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	_, err := fmt.Fprintf(a.out, "alitriage-mcp %s\ncommit %s\n%s %s/%s\n", releaseVersion(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
