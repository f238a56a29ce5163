package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/config"
)

func TestTheGeneratedPartsOfAllPagesAreFresh(t *testing.T) {
	for path, parts := range pages() {
		page, err := os.ReadFile(path)
		require.NoError(t, err)
		want, err := render(page, parts)
		require.NoError(t, err)
		require.Equal(t, string(want), string(page), "%s: run: go generate ./...", path)
	}
}

func TestTheSchemaOfTheConfigFileIsFresh(t *testing.T) {
	page, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	require.Equal(t, string(config.Schema()), string(page), "run: go generate ./...")
}

func TestAMissingMarkerIsAnError(t *testing.T) {
	_, err := render([]byte("# no markers\n"), []part{{"tools", "x"}})
	require.ErrorContains(t, err, `"tools"`)
}

func TestACellStaysOne(t *testing.T) {
	require.Equal(t, `a\|b<br>&lt;region>`, cell("a|b", "<region>"))
	require.Equal(t, "run `x <id>` in &lt;region>", cell("run `x <id>` in <region>"))
}
