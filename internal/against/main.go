//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ref := flag.String("ref", "", "the `COMMIT` to measure beside")
	rounds := flag.Int("rounds", 30, "how many times each process is measured")
	count := flag.Int("count", 6, "how many times each Go benchmark is run; 0: none")
	flag.Parse()
	if *ref == "" || *rounds < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/against -ref COMMIT [-rounds N] [-count N]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := compare(ctx, *ref, *rounds, *count)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "against:", err)
		os.Exit(1)
	}
}

// tree is a checkout, and where its programs are built.
type tree struct{ name, dir, bin string }

func compare(ctx context.Context, ref string, rounds, count int) (err error) {
	temp, err := os.MkdirTemp("", "against-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	here, err := run(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	commit, err := run(ctx, here, "git", "rev-parse", "--short", ref+"^{commit}")
	if err != nil {
		return err
	}
	there := filepath.Join(temp, "tree")
	if _, err := run(ctx, here, "git", "worktree", "add", "--detach", there, commit); err != nil {
		return err
	}
	defer func() { // also after an interrupt
		_, removed := run(context.WithoutCancel(ctx), here, "git", "worktree", "remove", "--force", there)
		if err == nil {
			err = removed
		}
	}()
	described, err := run(ctx, here, "git", "describe", "--always", "--dirty")
	if err != nil {
		return err
	}
	trees := []tree{{"here, " + described, here, filepath.Join(temp, "new")}, {commit, there, filepath.Join(temp, "old")}}
	bare := filepath.Join(temp, "bare")
	if err := build(ctx, here, bare, "./cmd/mcp/testdata/bare"); err != nil {
		return err
	}
	for _, t := range trees {
		for name, pkg := range map[string]string{"mcp": "./cmd/mcp", "slackbot": "./cmd/slackbot"} {
			if err := build(ctx, t.dir, filepath.Join(t.bin, name), pkg); err != nil {
				return err
			}
		}
	}
	table, err := processes(ctx, trees, bare, rounds)
	if err != nil {
		return err
	}
	fmt.Println(table)
	if count == 0 {
		return nil
	}
	return benchmarks(ctx, trees, temp, count)
}

// build makes a program as it is released, but for its version.
func build(ctx context.Context, dir, out, pkg string) error {
	_, err := run(ctx, dir, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pkg)
	return err
}

// run gives what a command prints, without the end of its last line.
func run(ctx context.Context, dir string, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}
