package main

import (
	"context"
	"os"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/internal/streams"
)

// version is set by the linker; see Makefile.
var version = ""

func main() {
	stdout, stderr := streams.Own()
	program := app{args: os.Args, out: stdout, errs: stderr, lookUp: os.LookupEnv}
	code := program.run(context.Background())
	cloudapi.EndHelpers()
	os.Exit(code)
}
