package deps

import (
	_ "github.com/agnivade/levenshtein"
	_ "github.com/aliyun/credentials-go/credentials/providers"
	_ "github.com/cenkalti/backoff/v5"
	_ "github.com/google/jsonschema-go/jsonschema"
	_ "github.com/mark3labs/mcp-go/client"
	_ "github.com/mark3labs/mcp-go/server"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/slack-go/slack"
	_ "github.com/stretchr/testify/require"
	_ "github.com/urfave/cli/v3"
	_ "go.uber.org/goleak"
	_ "golang.org/x/sync/singleflight"
	_ "golang.org/x/text/encoding/simplifiedchinese"
)
