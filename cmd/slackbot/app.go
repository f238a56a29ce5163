package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitRefused = 2 // before anything was done: usage, configuration
)

// app is the program with everything it touches, so that tests can run it.
type app struct {
	args      []string
	out, errs io.Writer
	lookUp    func(string) (string, bool) // the environment
}

// exitError ends the program with a code.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func refused(text string) error { return &exitError{exitRefused, text} }

// run returns the exit code.
func (a *app) run(ctx context.Context) (code int) {
	defer func() {
		if value := recover(); value != nil { // which may quote anything, so only its type is shown
			fmt.Fprintf(a.errs, "alitriage-slackbot: internal error (%T). Please report it with what follows.\n%s", value, debug.Stack())
			code = exitFailed
		}
	}()
	err := a.command().Run(ctx, a.args)
	if err == nil {
		return exitOK
	}
	exit := &exitError{exitRefused, err.Error()} // the library's own are of usage
	_ = errors.As(err, &exit)
	if exit.text != "" {
		fmt.Fprintln(a.errs, "alitriage-slackbot: "+exit.text)
	}
	return exit.code
}

func (a *app) command() *cli.Command {
	return &cli.Command{
		Name:           "alitriage-slackbot",
		Usage:          "the tools of alitriage as Slack slash commands",
		Description:    "Without a command: serve, over Socket Mode if SLACK_APP_TOKEN is set, else over HTTP.",
		Flags:          append(append(config.Flags(), config.SlackFlags()...), &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version", Local: true}),
		Writer:         a.out,
		ErrWriter:      a.errs,
		HideVersion:    true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError:   func(_ context.Context, _ *cli.Command, err error, _ bool) error { return err },
		Before:         a.versionInstead,
		Action:         a.serve,
		Commands: []*cli.Command{
			{Name: "serve", Usage: "serve Slack (the default)", Action: a.serve},
			manifestCommand(a.out),
			{Name: "version", Usage: "print the version", Action: func(context.Context, *cli.Command) error { return a.version() }},
		},
	}
}

func (a *app) version() error {
	_, err := fmt.Fprintln(a.out, "alitriage-slackbot "+releaseVersion())
	return err
}

// versionInstead does for --version what the command does, and nothing else.
func (a *app) versionInstead(ctx context.Context, cmd *cli.Command) (context.Context, error) {
	if !cmd.Bool("version") {
		return ctx, nil
	}
	if err := a.version(); err != nil {
		return ctx, err
	}
	return ctx, &exitError{code: exitOK}
}

// serve runs the bot until it is told to stop.
func (a *app) serve(ctx context.Context, cmd *cli.Command) error {
	if word := cmd.Args().First(); word != "" {
		return refused(fmt.Sprintf("%.60q is not a command; there are serve, manifest and version", word))
	}
	cfg, err := config.Read(cmd, a.lookUp)
	access, accessErr := config.ReadSlackAccess(a.lookUp)
	if err = errors.Join(err, accessErr, checkListen(cmd.String(config.FlagListen))); err != nil {
		return refused("this configuration is refused\n- " + strings.ReplaceAll(err.Error(), "\n", "\n- "))
	}
	logger := a.logger(cfg)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	address := listenAt(cmd, access)
	for {
		b, err := a.bot(ctx, cfg, access, logger)
		if err != nil {
			return err
		}
		if err = b.serve(ctx, stop, address, access); !errors.Is(err, errStoreStuck) {
			return err
		}
		logger.WarnContext(ctx, "the bot starts anew, in the same process, as its store took no writes and has room again")
	}
}

// listenAt is where to listen. In Socket Mode there is nothing for others to ask but
// health and metrics, so unless an address is given only this machine may.
func listenAt(cmd *cli.Command, access config.SlackAccess) string {
	if access.AppToken != "" && !cmd.IsSet(config.FlagListen) {
		return "127.0.0.1:8080"
	}
	return cmd.String(config.FlagListen)
}

func checkListen(address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("--%s: %.80q is not an address with a port; give one such as :8080 or 127.0.0.1:8081", config.FlagListen, address)
	}
	return nil
}

func (a *app) logger(cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(a.errs, options))
	}
	return slog.New(slog.NewTextHandler(a.errs, options))
}

// openLimit is how long the store may take to open, a cluster's election
// included.
const openLimit = 30 * time.Second

// bot opens the store. Slack was not asked for anything yet.
func (a *app) bot(ctx context.Context, cfg config.Config, access config.SlackAccess, logger *slog.Logger) (*bot, error) {
	m := newMetrics()
	cfg.Credentials.Warn = func(text string) { logger.WarnContext(ctx, "credentials need attention", "what", text) }
	known, err := cfg.Tools(releaseVersion(), func(operation, outcome string) { m.calls.WithLabelValues(operation, outcome).Inc() })
	if err != nil {
		return nil, refused(err.Error())
	}
	known.Logger, known.MarkKey, known.KeepReadings = logger, []byte(rand.Text()), readingsKept
	options := jobs.Options{Dir: access.DataDir, Logger: logger}
	if cfg.Demo { // a button of a demo must not ask in a real account later, nor the other way round
		options.Dir = filepath.Join(access.DataDir, "demo")
	}
	if access.NATSURL != "" {
		options = jobs.Options{URL: access.NATSURL.Reveal(), Logger: logger}
	}
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	queue, err := jobs.Open(ctx, options)
	if err != nil {
		return nil, &exitError{exitFailed, "the store cannot be opened: " + err.Error()}
	}
	m.watchQueue(queue)
	b := &bot{
		known: known, tools: tools.All(known), slack: newWorkspace(access, m.delivered), queue: queue, health: newHealth(), metrics: m,
		logger: logger, auditor: slog.New(slog.NewJSONHandler(a.out, nil)), edits: newEdits(), cfg: cfg, hello: a.errs,
		large: make(chan struct{}, maxLarge), closing: make(chan struct{}),
	}
	b.slack.trouble = b.trouble
	return b, nil
}

const (
	// shutdownLimit is how long runs may still take, and requestLimit open requests
	// before that: an acknowledgement is written within storeLimit.
	shutdownLimit = 5 * time.Second
	requestLimit  = 3 * time.Second
	signInPause   = 5 * time.Second
)

// serve takes requests and works on runs until ctx ends, and hands over then what
// is not done.
func (b *bot) serve(ctx context.Context, stop func(), address string, access config.SlackAccess) error {
	defer close(b.closing)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
		defer cancel()
		// What was not handed over comes again by itself, so it is no failure.
		if problem := b.queue.Close(closing); problem != nil {
			b.logger.WarnContext(closing, "the store did not close in order", "error", problem)
		}
	}()
	mux := http.NewServeMux()
	b.operations(mux)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(b.logger.Handler(), slog.LevelDebug),
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return &exitError{exitFailed, "cannot listen on " + address + ": " + err.Error() + "; give another --listen, such as 127.0.0.1:8081"}
	}
	b.health.slack(errors.New("not signed in yet"))
	failed := make(chan error, 4)
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	go func() { failed <- server.Serve(listener) }()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
		defer cancel()
		if server.Shutdown(closing) != nil {
			_ = server.Close() // who is so slow is not Slack
		}
	}()
	fmt.Fprintf(b.hello, "alitriage-slackbot %s: operations on http://%s/healthz, /readyz, /metrics\n", releaseVersion(), listener.Addr())
	if err := b.signIn(ctx); err != nil {
		return err
	}
	if access.AppToken == "" {
		web{b, access.SigningSecret.Reveal()}.routes(mux)
	}
	b.takeWork(ctx, access, &background, failed)
	b.health.open()
	select {
	case <-ctx.Done():
		stop() // a second signal ends the process at once
		return nil
	case err := <-failed:
		if errors.Is(err, errSignedIn) {
			return &exitError{exitFailed, "Slack does not accept the tokens: install the app again, and set SLACK_BOT_TOKEN and SLACK_APP_TOKEN anew"}
		}
		return err
	}
}

// takeWork starts the workers, and Socket Mode where that is used.
func (b *bot) takeWork(ctx context.Context, access config.SlackAccess, background *sync.WaitGroup, failed chan<- error) {
	background.Go(func() {
		if b.storeIsStuck(ctx) {
			failed <- errStoreStuck
		}
	})
	go func() {
		if err := b.queue.Work(ctx, b.work); err != nil && ctx.Err() == nil {
			failed <- err
		}
	}()
	if access.AppToken == "" {
		return
	}
	s := &socket{bot: b, slots: make(chan struct{}, maxAtOnce)}
	for number := range connections {
		b.health.socket(number, false)
	}
	background.Go(func() {
		if err := s.serve(ctx); err != nil {
			failed <- err
		}
	})
}

// errStoreStuck ends a bot whose store has to be opened anew.
var errStoreStuck = errors.New("the store takes no writes although there is room")

const storeWatch = 5 * time.Second

// storeIsStuck returns when the store has to be opened anew, or the bot ends. It is
// looked at twice, as a disk may be slow for a moment.
func (b *bot) storeIsStuck(ctx context.Context) bool {
	for times := 0; ; {
		pause(ctx, storeWatch)
		if ctx.Err() != nil {
			return false
		}
		limited, cancel := context.WithTimeout(ctx, readyLimit)
		stuck := b.queue.Stuck(limited)
		cancel()
		if times++; !stuck {
			times = 0
		}
		if times == 2 {
			return true
		}
	}
}

// signIn finds out who the bot is. Slack may be away for a while; tokens that are
// wrong stay wrong.
func (b *bot) signIn(ctx context.Context) error {
	for {
		team, org, self, err := b.slack.self(ctx)
		if err != nil {
			b.health.slack(err)
		}
		switch {
		case err == nil:
			b.self = self
			b.rules = newRules(b.cfg, team, b.slack.members, b.logger)
			b.rules.org = org
			return nil
		case errors.Is(err, errSignedIn):
			return &exitError{exitFailed, "Slack does not accept SLACK_BOT_TOKEN (" + err.Error() + "): install the app again, and set it anew"}
		}
		b.logger.WarnContext(ctx, "signing in to Slack failed, trying again", "error", err)
		select {
		case <-time.After(signInPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// releaseVersion is what the linker was told.
func releaseVersion() string {
	if version != "" {
		return version
	}
	return "dev"
}
