package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestMain puts this binary into the PATH once more under the program's own
// name, where it runs main: so real processes run the code under test, race
// detector included.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){program: main})
}

const program = "alitriage-mcp"
