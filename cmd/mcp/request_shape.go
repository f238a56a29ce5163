package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
	"github.com/alitriage/alitriage/tools"
)

// shapes are the requests that have parameters of a shape of their own.
var shapes = map[mcp.MCPMethod]func() any{
	mcp.MethodInitialize:         func() any { return new(mcp.InitializeRequest) },
	mcp.MethodToolsList:          func() any { return new(mcp.ListToolsRequest) },
	mcp.MethodToolsCall:          func() any { return new(mcp.CallToolRequest) },
	mcp.MethodPromptsList:        func() any { return new(mcp.ListPromptsRequest) },
	mcp.MethodPromptsGet:         func() any { return new(mcp.GetPromptRequest) },
	mcp.MethodResourcesList:      func() any { return new(mcp.ListResourcesRequest) },
	mcp.MethodResourcesRead:      func() any { return new(mcp.ReadResourceRequest) },
	mcp.MethodCompletionComplete: func() any { return new(mcp.CompleteRequest) },
}

// checkRequest says what is wrong with a request for one of all tools, in words and
// with the code of invalid parameters. The library answers the same requests, but
// quotes Go's types, its own encoding of cursors, or nothing that helps.
func checkRequest(all []tools.Tool) func(method string, message []byte) *rpc.Error {
	return func(method string, message []byte) *rpc.Error {
		for _, why := range []string{wrongShape(method, message), givenTwice(method, message), wrongCursor(method, message), wrongName(method, message, all)} {
			if why != "" {
				return &rpc.Error{Code: rpc.InvalidParams, Message: method + ": " + why}
			}
		}
		if !slices.Contains(methods, method) {
			return unknownMethod(method)
		}
		return nil
	}
}

// wrongShape names the parameter that is of the wrong type.
func wrongShape(method string, message []byte) string {
	shape, known := shapes[mcp.MCPMethod(method)]
	if !known {
		return ""
	}
	wrong := new(json.UnmarshalTypeError)
	if err := json.Unmarshal(message, shape()); !errors.As(err, &wrong) {
		return ""
	}
	_, field, _ := strings.Cut("."+wrong.Field, ".params") // Go's own names of embedded structs may stand before it and in it
	field = strings.ReplaceAll(field, ".Alias", "")
	return fmt.Sprintf("params%.100s must be %s, got %s", strings.ToValidUTF8(field, "?"), inWords(wrong.Type), wrong.Value)
}

// givenTwice names an argument that stands twice: the library takes the last, and the
// first may have said where something is to be started.
func givenTwice(method string, message []byte) string {
	var m struct {
		Params struct {
			Arguments json.RawMessage `json:"arguments"`
		} `json:"params"`
	}
	if mcp.MCPMethod(method) != mcp.MethodToolsCall || json.Unmarshal(message, &m) != nil {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(m.Params.Arguments))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return ""
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return ""
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return ""
		}
		text, _ := name.(string)
		if seen[text] {
			return fmt.Sprintf("params.arguments: %.60q is given twice; give it once", text)
		}
		seen[text] = true
	}
	return ""
}

// wrongCursor: every list of this server is one page, so that any cursor is of
// somewhere else.
func wrongCursor(method string, message []byte) string {
	var m struct{ Params struct{ Cursor string } }
	if _ = json.Unmarshal(message, &m); m.Params.Cursor == "" || !strings.HasSuffix(method, "/list") {
		return ""
	}
	return "params.cursor is not one of this server, which gives none: all is on the first page, so leave cursor out"
}

// wrongName is about a tool or prompt that there is not.
func wrongName(method string, message []byte, all []tools.Tool) string {
	var m struct{ Params struct{ Name string } }
	_ = json.Unmarshal(message, &m) // wrongShape has looked at it
	name := m.Params.Name
	if isFixture(name) {
		return ""
	}
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsCall:
		tool, err := tools.Find(all, name)
		if err != nil {
			return err.Error()
		}
		if tool.Name != name {
			return fmt.Sprintf("%.60q is not a tool; did you mean %s?", name, tool.Name)
		}
	case mcp.MethodPromptsGet:
		if name != promptName {
			return fmt.Sprintf("%.60q is not a prompt; there is %s alone", name, promptName)
		}
	}
	return ""
}

// methods are those that the library knows.
var methods = []string{
	string(mcp.MethodInitialize), string(mcp.MethodPing), string(mcp.MethodToolsList), string(mcp.MethodToolsCall), string(mcp.MethodPromptsList),
	string(mcp.MethodPromptsGet), string(mcp.MethodResourcesList), string(mcp.MethodResourcesRead), string(mcp.MethodResourcesTemplatesList),
	string(mcp.MethodResourcesSubscribe), string(mcp.MethodResourcesUnsubscribe), string(mcp.MethodSetLogLevel), string(mcp.MethodCompletionComplete),
	string(mcp.MethodTasksGet), string(mcp.MethodTasksList), string(mcp.MethodTasksResult), string(mcp.MethodTasksCancel),
	string(mcp.MethodServerDiscover), string(mcp.MethodSubscriptionsListen),
}

// unknownMethod is about a method that is near one of those; of others the library
// knows more.
func unknownMethod(method string) *rpc.Error {
	near, found := tools.Nearest(method, methods)
	if !found {
		return nil
	}
	return &rpc.Error{Code: rpc.MethodNotFound, Message: fmt.Sprintf("%.60q is not a method of MCP; did you mean %s?", method, near)}
}

func inWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		return "an object"
	default:
		return "a number"
	}
}
