package house

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/alitriage/alitriage/"
	root   = "../.."
)

// arrows says which of our packages each of our packages may import. A package
// may always import those below its own folder. To add an arrow on purpose, add
// it here, and say in an ADR why the layers still hold.
var arrows = map[string][]string{
	"cloudapi/acs3":     {},
	"cloudapi":          {"cloudapi/acs3"},
	"cloudapi/cloudsim": {"cloudapi", "cloudapi/acs3"},
	"formatters":        {"cloudapi"},

	"formatters/blockkit": {"formatters"},

	"tools":            {"formatters", "cloudapi"},
	"internal/config":  {"tools", "formatters", "cloudapi", "cloudapi/cloudsim"},
	"internal/doctor":  {"tools", "formatters", "cloudapi", "internal/config"},
	"internal/gendocs": {"formatters", "internal/config", "tools"},
	"internal/growth":  {},
	"internal/house":   {},
	"internal/against": {},
	"internal/streams": {},
	"cmd/mcp":          {"tools", "formatters", "cloudapi", "cloudapi/cloudsim", "internal/config", "internal/doctor", "internal/streams"},
	"cmd/slackbot":     {"tools", "formatters", "formatters/blockkit", "cloudapi", "cloudapi/cloudsim", "internal/config", "internal/streams"},

	"internal/gendocs/section": {},

	"cmd/mcp/internal/guard": {"cmd/mcp/internal/rpc"},
	"cmd/mcp/internal/gate":  {"cmd/mcp/internal/rpc"},

	"cmd/slackbot/internal/slacksim/serve": {"cmd/slackbot/internal/slacksim"},
}

// owners says who may import a library that the rest of the house must not know.
var owners = map[string][]string{
	"github.com/mark3labs/mcp-go":          {"cmd/mcp"},
	"github.com/slack-go/slack":            {"cmd/slackbot", "formatters/blockkit"},
	"github.com/aliyun/credentials-go":     {"cloudapi"},
	"github.com/urfave/cli":                {"cmd/mcp", "cmd/slackbot", "internal/config", "internal/gendocs"},
	"github.com/google/jsonschema-go":      {"tools", "internal/config"},
	"golang.org/x/text/encoding":           {"formatters", "cloudapi/cloudsim"},
	"github.com/stretchr/testify":          {},
	"github.com/rogpeppe/go-internal":      {},
	"github.com/agnivade/levenshtein":      {"tools"},
	"github.com/cenkalti/backoff":          {"cloudapi", "cmd/slackbot", "cmd/slackbot/internal/jobs", "cmd/slackbot/internal/socketmode"},
	"github.com/gorilla/websocket":         {"cmd/slackbot/internal/socketmode", "cmd/slackbot/internal/slacksim"},
	"golang.org/x/time":                    {"cloudapi"},
	"github.com/zricethezav/gitleaks":      {"formatters"},
	"github.com/pelletier/go-toml":         {"formatters"},
	"github.com/nats-io/nats-server":       {"cmd/slackbot/internal/jobs", "cmd/slackbot/internal/jobs/natstest"},
	"github.com/nats-io/nats.go":           {"cmd/slackbot/internal/jobs"},
	"github.com/alibabacloud-go/darabonba": {}, // the oracle is a module of its own
	"github.com/tiktoken-go/tokenizer":     {}, // so is internal/tokens
}

type goPackage struct {
	ImportPath, Dir, Name string
	Imports, GoFiles      []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Name,Imports,GoFiles", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		list = append(list, p)
	}
	require.NotEmpty(t, list)
	return list
}

func within(folder, path string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func TestArrowsRunOneWay(t *testing.T) {
	for _, p := range packages(t) {
		allowed, known := arrows[p.ImportPath]
		if !known && strings.Contains(p.ImportPath, "/internal/") {
			allowed, known = []string{}, true // private to one command: knows nobody
		}
		require.Truef(t, known, "%s: a new package needs its arrows in internal/house", p.ImportPath)
		for _, imported := range p.Imports {
			ours, isOurs := strings.CutPrefix(imported, module)
			if !isOurs || within(p.ImportPath, ours) {
				continue
			}
			require.Containsf(t, allowed, ours, "%s must not import %s: arrows run cmd → tools → formatters → cloudapi", p.ImportPath, ours)
		}
	}
}

func TestLibrariesHaveOwners(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for library, who := range owners {
				if within(library, imported) || strings.HasPrefix(imported, library+"-") {
					require.Containsf(t, who, p.ImportPath, "%s must not import %s: only %v may", p.ImportPath, imported, who)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 || p.Dir == "" {
			continue
		}
		require.Containsf(t, p.GoFiles, "doc.go", "%s needs a doc.go: what it promises and what it must not import", p.ImportPath)
	}
}

func TestNothingIsCalledUtil(t *testing.T) {
	forbidden := []string{"util", "utils", "common", "helper", "helpers", "manager", "models", "misc"}
	for _, p := range packages(t) {
		require.NotContains(t, forbidden, p.Name, p.Dir)
		for _, file := range p.GoFiles {
			stem := strings.TrimSuffix(file, ".go")
			require.Falsef(t, slices.Contains(forbidden, stem), "%s/%s: name the idea", p.ImportPath, file)
		}
	}
}

// The vendor's operations carry one file stem through all layers, so that a
// feature can be listed by it.
func TestAFeatureHasOneFileStemInEveryLayer(t *testing.T) {
	for _, stem := range []string{"gather_env_stats", "invocation_results", "app_status", "operation_result"} {
		for _, layer := range []string{"cloudapi", "cloudapi/cloudsim", "formatters", "tools"} {
			require.FileExists(t, filepath.Join(root, layer, stem+".go"))
		}
	}
}

// The generic plumbing of tools has to stay small; see docs/adr.
func TestTheToolTypeStaysSmall(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "tools", "tool.go"))
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(text), "\n"), 150, "stop and write an ADR")
}
