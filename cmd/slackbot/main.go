package main

import (
	"context"
	"os"

	"github.com/alitriage/alitriage/internal/streams"
)

// version is set by the linker; see Makefile.
var version = ""

func main() {
	stdout, stderr := streams.Own()
	program := app{args: os.Args, out: stdout, errs: stderr, lookUp: os.LookupEnv}
	os.Exit(program.run(context.Background()))
}
