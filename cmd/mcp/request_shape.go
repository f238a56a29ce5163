package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
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

// refuseShape says in words which parameter is of the wrong type. The library
// would answer the same requests with the same code, and quote Go's types.
func refuseShape(_ context.Context, _ any, message any) error {
	raw, ok := message.(json.RawMessage)
	if !ok {
		return nil
	}
	var envelope struct{ Method mcp.MCPMethod }
	_ = json.Unmarshal(raw, &envelope) // the library has read it already
	shape, known := shapes[envelope.Method]
	if !known {
		return nil
	}
	wrong := new(json.UnmarshalTypeError)
	if err := json.Unmarshal(raw, shape()); !errors.As(err, &wrong) {
		return nil
	}
	_, field, _ := strings.Cut("."+wrong.Field, ".params") // Go's own names of embedded structs may stand before it and in it
	field = strings.ReplaceAll(field, ".Alias", "")
	return fmt.Errorf("%s: params%.100s must be %s, got %s", envelope.Method, strings.ToValidUTF8(field, "?"), inWords(wrong.Type), wrong.Value)
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
