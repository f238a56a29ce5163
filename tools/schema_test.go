package tools_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// documented are the arguments of DESIGN, section 3.4.
var documented = map[string][]string{
	"gather_env_stats":       {"env_id", "change_id", "target_instances"},
	"get_invocation_results": {"invoke_id", "instance_id", "command_id", "status", "include_history", "max_results", "next_token", "full_output"},
	"get_app_status":         {"app_id"},
	"get_operation_result":   {"operation_id", "resource_group_id"},
}

var common = []string{"profile", "region", "wait_seconds"}

func requiredBy(tool string) []string {
	switch tool {
	case "get_app_status":
		return []string{"app_id"}
	case "get_operation_result":
		return []string{"operation_id"}
	default:
		return nil // one of several
	}
}

func readSchema(t testing.TB, tool tools.Tool) *jsonschema.Schema {
	t.Helper()
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(tool.InputSchema, &schema))
	return &schema
}

// arguments are the names in a schema, in their order.
func arguments(t testing.TB, tool tools.Tool) (names []string) {
	t.Helper()
	var schema formatters.Facts // keeps the order
	require.NoError(t, json.Unmarshal(tool.InputSchema, &schema))
	for _, p := range schema.Get("properties").(formatters.Facts) {
		names = append(names, p.Name)
	}
	return names
}

func indented(t testing.TB, raw json.RawMessage) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, raw, "", "  "))
	b.WriteByte('\n')
	return b.Bytes()
}

func TestSchemasAreReviewed(t *testing.T) {
	for _, tool := range newWorld(t).tools {
		golden(t, "schemas/"+tool.Name+".json", indented(t, tool.InputSchema))
	}
	readers := newWorld(t, readOnly).tools
	golden(t, "schemas/gather_env_stats.read_only.json", indented(t, readers[0].InputSchema))
	for i, tool := range newWorld(t).tools[1:] {
		require.Equal(t, tool.InputSchema, readers[i+1].InputSchema, "only the one that starts something changes")
	}
}

func TestSchemasAreValid(t *testing.T) {
	for _, tool := range append(newWorld(t).tools, newWorld(t, readOnly).tools...) {
		schema := readSchema(t, tool)
		_, err := schema.Resolve(nil)
		require.NoError(t, err, tool.Name)
		require.Equal(t, "object", schema.Type, tool.Name)
		require.NotNil(t, schema.AdditionalProperties, "unknown arguments are refused, and the schema says so")
		for name, p := range schema.Properties {
			require.NotEmpty(t, p.Description, name)
			require.NotEmpty(t, p.Type, "%s has one type, and null is not one", name)
		}
	}
}

func TestSchemasHaveTheDocumentedArgumentsAndNoOthers(t *testing.T) {
	for _, tool := range newWorld(t).tools {
		require.Equal(t, slices.Concat(documented[tool.Name], common), arguments(t, tool), tool.Name)
		require.Equal(t, requiredBy(tool.Name), readSchema(t, tool).Required, tool.Name)
	}
	require.Equal(t, slices.Concat([]string{"change_id"}, common), arguments(t, newWorld(t, readOnly).tools[0]))
}

func TestTheSchemaAcceptsWhatCallAccepts(t *testing.T) {
	w := newWorld(t)
	for tool, args := range map[string]string{
		"gather_env_stats":       `{"env_id":"checkout-env","target_instances":["db-host"],"wait_seconds":0,"profile":"prod","region":"cn-hangzhou"}`,
		"get_invocation_results": `{"invoke_id":"disk-cleanup","status":"Failed","include_history":true,"max_results":1000,"wait_seconds":0}`,
		"get_app_status":         `{"app_id":"web"}`,
		"get_operation_result":   `{"operation_id":"resize","resource_group_id":"rg-1"}`,
	} {
		resolved, err := readSchema(t, w.tool(t, tool)).Resolve(nil)
		require.NoError(t, err)
		var value map[string]any
		require.NoError(t, json.Unmarshal([]byte(args), &value))
		require.NoError(t, resolved.Validate(value), tool)
		a := w.ok(t, tool, args)
		if len(a.Resume) > 0 {
			require.NoError(t, json.Unmarshal([]byte(toJSON(t, a.Resume)), &value))
		}
		require.NoError(t, resolved.Validate(value), "the resume arguments of %s", tool)
	}
}

func TestTheSchemaNamesTheServersLongestWait(t *testing.T) {
	for limit, want := range map[time.Duration]float64{0: 45, 45 * time.Second: 45, 2500 * time.Millisecond: 2, 10 * time.Minute: 600} {
		w := newWorld(t, func(cfg *tools.Config) { cfg.MaxWait = limit })
		for _, tool := range w.tools {
			require.Equal(t, want, *readSchema(t, tool).Properties["wait_seconds"].Maximum)
		}
	}
}

func TestToolsAreDeclaredInFull(t *testing.T) {
	for _, tool := range newWorld(t).tools {
		require.NotEmpty(t, tool.Title)
		require.NotEmpty(t, tool.Description)
		require.NotEmpty(t, tool.Actions)
		require.Equal(t, tool.Name == "gather_env_stats", tool.Starts)
		for _, id := range tool.IDs {
			require.Equal(t, tool.Name, id.Tool)
			require.Regexp(t, id.Shape, id.Example)
			require.Contains(t, documented[tool.Name], id.Arg)
		}
	}
}

func TestAConfigWithoutAProfileIsABug(t *testing.T) {
	require.Panics(t, func() { tools.All(tools.Config{}) })
}

func TestArgumentsAreThoseOfTheSchema(t *testing.T) {
	for _, tool := range newWorld(t).tools {
		var listed []string
		for _, a := range tool.Arguments() {
			listed = append(listed, a.Name)
			p := readSchema(t, tool).Properties[a.Name]
			require.Equal(t, tools.Argument{
				Name: a.Name, Type: p.Type, Description: p.Description, Required: slices.Contains(requiredBy(tool.Name), a.Name),
			}, a)
		}
		require.Equal(t, arguments(t, tool), listed)
	}
}

func TestToolsAreFoundByTheirNames(t *testing.T) {
	all := newWorld(t).tools
	for _, name := range []string{"get_app_status", "get-app-status"} {
		found, err := tools.Find(all, name)
		require.NoError(t, err)
		require.Equal(t, "get_app_status", found.Name)
	}
	const known = " (tools: gather_env_stats, get_invocation_results, get_app_status, get_operation_result)"
	for name, want := range map[string]string{
		"":           "which tool?",
		"app_status": `"app_status" is not a tool; did you mean get_app_status?`,
		"gather":     `"gather" is not a tool; did you mean gather_env_stats?`,
		"delete_all": `"delete_all" is not a tool`,
	} {
		_, err := tools.Find(all, name)
		require.EqualError(t, err, want+known)
	}
}
