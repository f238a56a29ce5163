//go:build !fixture

package main

import "github.com/mark3labs/mcp-go/server"

// addFixtures is for builds that are never released: see fixtures.go.
func (*adapter) addFixtures(*server.MCPServer) {}

func isFixture(string) bool { return false }
