package main

import (
	"context"
	"os"
)

// version is set by the linker; see Makefile.
var version = ""

func main() {
	program := app{args: os.Args, out: os.Stdout, errs: os.Stderr, lookUp: os.LookupEnv}
	os.Exit(program.run(context.Background()))
}
