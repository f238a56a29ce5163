package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheGeneratedPartsOfTheReadmeAreFresh(t *testing.T) {
	page, err := os.ReadFile(readme)
	require.NoError(t, err)
	want, err := render(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(page), "run: go generate ./...")
}

func TestAMissingMarkerIsAnError(t *testing.T) {
	_, err := render([]byte("# no markers\n"))
	require.ErrorContains(t, err, `"tools"`)
}
