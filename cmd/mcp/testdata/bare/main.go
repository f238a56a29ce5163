// Command bare is the least that an MCP server with our tools can be: mcp-go's
// own stdio loop, and tools that answer with a constant. Benchmarks measure
// what we add to it. Its argument is the file with the tools, as listed.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var listed []struct {
		Name, Title, Description  string
		Annotations               mcp.ToolAnnotation
		InputSchema, OutputSchema json.RawMessage
	}
	if err := json.Unmarshal(raw, &listed); err != nil {
		log.Fatal(err)
	}
	s := server.NewMCPServer("bare", "0", server.WithToolCapabilities(false))
	for _, t := range listed {
		tool := mcp.NewToolWithRawSchema(t.Name, t.Description, t.InputSchema)
		tool.RawOutputSchema, tool.Title, tool.Annotations = t.OutputSchema, t.Title, t.Annotations
		s.AddTool(tool, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ok"), nil
		})
	}
	if err := server.ServeStdio(s); err != nil {
		log.Fatal(err)
	}
}
