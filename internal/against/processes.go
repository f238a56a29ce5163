//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"against","version":"1"}}}` + "\n"
	listTools  = `{"jsonrpc":"2.0","id":2,"method":"tools/list"}` + "\n"
)

// figure is what is measured of each program in turns; the median counts.
type figure struct {
	name, unit string
	of         func(ctx context.Context, t tree) (float64, error)
	once       bool // it does not vary
	beside     func(ctx context.Context) (float64, error)
}

// processes measures whole processes of both trees, and of the bare server.
func processes(ctx context.Context, trees []tree, bare string, rounds int) (string, error) {
	list := filepath.Join(trees[0].dir, "cmd/mcp/testdata/tools-list.json")
	cloud, stop, err := simulate(ctx, trees[0])
	if err != nil {
		return "", err
	}
	defer stop()
	call := []string{"call", "get_invocation_results", "--invoke-id", cloud.invocation}
	figures := []figure{
		{name: "start to initialize", unit: "ms",
			of:     func(ctx context.Context, t tree) (float64, error) { return started(ctx, t.mcp()) },
			beside: func(ctx context.Context) (float64, error) { return started(ctx, bare, list) }},
		{name: "peak memory after tools/list", unit: "MB",
			of:     func(ctx context.Context, t tree) (float64, error) { return listed(ctx, t.mcp()) },
			beside: func(ctx context.Context) (float64, error) { return listed(ctx, bare, list) }},
		{name: "call get_invocation_results of 50 results", unit: "ms",
			of: func(ctx context.Context, t tree) (float64, error) { return took(ctx, cloud.env, t.mcp(), call...) }},
		{name: "its peak memory", unit: "MB",
			of: func(ctx context.Context, t tree) (float64, error) { return peaked(ctx, cloud.env, t.mcp(), call...) }},
		{name: "alitriage-mcp, stripped", unit: "MB", once: true,
			of:     func(_ context.Context, t tree) (float64, error) { return size(t.mcp()) },
			beside: func(context.Context) (float64, error) { return size(bare) }},
		{name: "alitriage-slackbot, stripped", unit: "MB", once: true,
			of: func(_ context.Context, t tree) (float64, error) { return size(filepath.Join(t.bin, "slackbot")) }},
	}
	var out strings.Builder
	line(&out, "", trees[0].name, trees[1].name, "ratio", "bare mcp-go", "ratio")
	for _, f := range figures {
		if err := f.row(ctx, &out, trees, rounds); err != nil {
			return "", fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return out.String(), nil
}

func (t tree) mcp() string { return filepath.Join(t.bin, "mcp") }

func (f figure) row(ctx context.Context, w io.Writer, trees []tree, rounds int) error {
	if f.once {
		rounds = 1
	}
	var ours, theirs, floor []float64
	for range rounds {
		for _, side := range []struct {
			list *[]float64
			of   func(context.Context) (float64, error)
		}{
			{&ours, func(ctx context.Context) (float64, error) { return f.of(ctx, trees[0]) }},
			{&theirs, func(ctx context.Context) (float64, error) { return f.of(ctx, trees[1]) }},
			{&floor, f.beside},
		} {
			if side.of == nil {
				continue
			}
			value, err := side.of(ctx)
			if err != nil {
				return err
			}
			*side.list = append(*side.list, value)
		}
	}
	x, y := median(ours), median(theirs)
	bare, besideBare := "", ""
	if z := median(floor); z > 0 {
		bare, besideBare = f.value(z), fmt.Sprintf("%.2f", x/z)
	}
	line(w, f.name, f.value(x), f.value(y), fmt.Sprintf("%.2f", x/y), bare, besideBare)
	return nil
}

func (f figure) value(v float64) string { return fmt.Sprintf("%.2f %s", v, f.unit) }

func line(w io.Writer, name, ours, theirs, ratio, bare, besideBare string) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-42s %20s %10s %6s %12s %6s", name, ours, theirs, ratio, bare, besideBare), " "))
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// started is the time from the start of a server to its answer to initialize.
func started(ctx context.Context, program string, args ...string) (ms float64, err error) {
	began := time.Now()
	err = converse(ctx, program, args, []string{initialize}, func(int) error {
		ms = float64(time.Since(began).Microseconds()) / 1e3
		return nil
	})
	return ms, err
}

// listed is the peak memory of a server that has listed its tools.
func listed(ctx context.Context, program string, args ...string) (mb float64, err error) {
	err = converse(ctx, program, args, []string{initialize, listTools}, func(pid int) error {
		mb, err = peakOf(pid)
		return err
	})
	return mb, err
}

// converse sends lines to a server, each after the answer to the one before, calls
// then while it lives, and ends it.
func converse(ctx context.Context, program string, args, lines []string, then func(pid int) error) error {
	home, err := os.MkdirTemp("", "against-home-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"HOME=" + home}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	answers := bufio.NewReader(out)
	failed := func() error {
		for _, line := range lines {
			if _, err := io.WriteString(in, line); err != nil {
				return err
			}
			if _, err := answers.ReadBytes('\n'); err != nil {
				return err
			}
		}
		return then(cmd.Process.Pid)
	}()
	in.Close()
	_, _ = io.Copy(io.Discard, answers)
	return errors.Join(failed, cmd.Wait())
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func peakOf(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	found := peakLine.FindSubmatch(status)
	if found == nil {
		return 0, errors.New("/proc tells no peak memory")
	}
	kB, err := strconv.ParseFloat(string(found[1]), 64)
	return kB * 1024 / 1e6, err
}

// took is how long a program runs until it has ended.
func took(ctx context.Context, env []string, program string, args ...string) (ms float64, err error) {
	began := time.Now()
	_, err = ended(ctx, env, program, args)
	return float64(time.Since(began).Microseconds()) / 1e3, err
}

// peaked is the peak memory of a program that ends by itself. Linux counts what the
// parent had when it started it: a program that needs less cannot be measured.
func peaked(ctx context.Context, env []string, program string, args ...string) (float64, error) {
	floor, err := peakOf(os.Getpid())
	if err != nil {
		return 0, err
	}
	state, err := ended(ctx, env, program, args)
	if err != nil {
		return 0, err
	}
	mb := float64(state.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / 1e6
	if mb <= floor {
		return 0, fmt.Errorf("it needs no more than the %.1f MB of the measuring program", floor)
	}
	return mb, nil
}

// ended runs a program to its end. Exit code 1 is a verdict, which a call has.
func ended(ctx context.Context, env []string, program string, args []string) (*os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && strings.Contains(string(out), "Source: ") {
		return exit.ProcessState, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return cmd.ProcessState, nil
}

func size(program string) (float64, error) {
	info, err := os.Stat(program)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()) / 1e6, nil
}

// world is a simulator that runs.
type world struct {
	env        []string
	invocation string
}

// simulate starts the simulator of t. It prints exports and ids.
func simulate(ctx context.Context, t tree) (w world, stop func(), err error) {
	cmd := exec.CommandContext(ctx, t.mcp(), "simulate")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return world{}, nil, err
	}
	if err := cmd.Start(); err != nil {
		return world{}, nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for lines := bufio.NewScanner(out); w.invocation == "" && lines.Scan(); {
		if export, ok := strings.CutPrefix(lines.Text(), "export "); ok {
			w.env = append(w.env, export)
		}
		if words := strings.Fields(lines.Text()); len(words) == 3 && words[0] == "disk-cleanup" {
			w.invocation = words[2]
		}
	}
	if w.invocation == "" {
		stop()
		return world{}, nil, errors.New("the simulator told no ids")
	}
	w.env = append(w.env, "HOME="+t.bin)
	return w, stop, nil
}
