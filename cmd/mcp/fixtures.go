//go:build fixture

package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/alitriage/alitriage/tools"
)

// addFixtures adds what the official conformance suite wants to call by name, so
// that it can judge our transports with tools of its own. The names and texts
// are the suite's.
func (s *adapter) addFixtures(m *server.MCPServer) {
	s.addFixture(m, "test_simple_text", nil, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("This is a simple text response for testing."), nil
	})
	s.addFixture(m, "test_error_handling", nil, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
	s.addFixture(m, "test_tool_with_progress", nil, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return s.count(ctx, request, 3, 50*time.Millisecond)
	})
	// Not the suite's: our own test of what is late or dropped.
	s.addFixture(m, "test_many_progress", nil, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return s.count(ctx, request, 2000, 0)
	})
	s.addFixture(m, "json_schema_2020_12_tool", schema2020, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ok"), nil
	})
	s.addFixturePrompts(m)
	m.AddResource(mcp.NewResource("test://static-text", "static text", mcp.WithMIMEType("text/plain")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.TextResourceContents{
				URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource.",
			}}, nil
		})
}

// isFixture tells the names of the suite, those that we do not have included: what is
// said of them is the library's to say.
func isFixture(name string) bool {
	return strings.HasPrefix(name, "test_") || name == "json_schema_2020_12_tool"
}

func (s *adapter) addFixture(m *server.MCPServer, name string, schema json.RawMessage, call server.ToolHandlerFunc) {
	if schema == nil {
		schema = json.RawMessage(`{"type":"object"}`)
	}
	m.AddTool(mcp.NewToolWithRawSchema(name, "a fixture of the conformance suite", schema), s.guarded(tools.Tool{Name: name}, call))
}

// count sends n notifications of progress, whatever progressGap says.
func (s *adapter) count(ctx context.Context, request mcp.CallToolRequest, n int, gap time.Duration) (*mcp.CallToolResult, error) {
	if meta := request.Params.Meta; meta != nil && meta.ProgressToken != nil {
		for i := range n {
			err := s.notify(ctx, meta.ProgressToken, "notifications/progress", map[string]any{
				"progressToken": meta.ProgressToken, "progress": 100 * (i + 1) / n, "total": 100,
			})
			if err != nil {
				return nil, err
			}
			time.Sleep(gap)
		}
	}
	return mcp.NewToolResultText("counted"), nil
}

func (s *adapter) addFixturePrompts(m *server.MCPServer) {
	m.AddPrompt(mcp.NewPrompt("test_simple_prompt"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return userPrompt("This is a simple prompt for testing."), nil
	})
	m.AddPrompt(mcp.NewPrompt("test_prompt_with_arguments", mcp.WithArgument("arg1", mcp.RequiredArgument()), mcp.WithArgument("arg2", mcp.RequiredArgument())),
		func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			args := request.Params.Arguments
			return userPrompt("Prompt with arguments: arg1='" + args["arg1"] + "', arg2='" + args["arg2"] + "'"), nil
		})
}

func userPrompt(text string) *mcp.GetPromptResult {
	return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))})
}

// schema2020 uses the keywords that the suite wants to find again in tools/list.
var schema2020 = json.RawMessage(`{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`)
