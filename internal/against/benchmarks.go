//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// benchstat is pinned, as all tools are.
const benchstat = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

// compared are the benchmarks that say what an answer costs.
var compared = []struct{ pkg, pattern string }{
	{"cloudapi", "Benchmark(Call|Decode50Results24KB)$"},
	{"cloudapi/acs3", "BenchmarkSign$"},
	{"formatters", "Benchmark(Report50Results24KB|ReportAlone|Redact|Text)$"},
	{"tools", "BenchmarkManyResults$"},
}

// benchmarks runs them in turns, and lets benchstat compare.
func benchmarks(ctx context.Context, trees []tree, temp string, count int) error {
	results := make([]string, len(trees))
	for i, t := range trees {
		results[i] = filepath.Join(temp, []string{"new", "old"}[i]+".txt")
		for _, c := range compared {
			if _, err := run(ctx, t.dir, "go", "test", "-c", "-o", test(t, c.pkg), "./"+c.pkg); err != nil {
				return err
			}
		}
	}
	for round := range count {
		for _, c := range compared {
			for i, t := range trees {
				if err := bench(ctx, t, c.pkg, c.pattern, results[i]); err != nil {
					return fmt.Errorf("%s of %s, round %d: %w", c.pkg, t.name, round+1, err)
				}
			}
		}
	}
	cmd := exec.CommandContext(ctx, "go", "run", benchstat, "old="+results[1], "new="+results[0])
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// test is where the tests of a package are built.
func test(t tree, pkg string) string {
	return filepath.Join(t.bin, filepath.Base(pkg)+".test")
}

// bench runs the benchmarks of a package once, and adds what they say to a file.
func bench(ctx context.Context, t tree, pkg, pattern, results string) (err error) {
	out, err := os.OpenFile(results, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cmd := exec.CommandContext(ctx, test(t, pkg), "-test.run", "^$", "-test.bench", pattern, "-test.benchmem", "-test.benchtime", "300ms")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(t.dir, pkg), out, os.Stderr
	return cmd.Run()
}
