package section

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const start, end = "<!-- generated: a -->\n", "<!-- end of generated: a -->"

func TestReplaceTouchesNothingOutsideOfTheMarkers(t *testing.T) {
	page, err := Replace([]byte("before\n"+start+"old\n"+end+"\nafter "+end), "a", "new\n")
	require.NoError(t, err)
	require.Equal(t, "before\n"+start+"new\n"+end+"\nafter "+end, string(page))
}

func TestBothMarkersAreNeeded(t *testing.T) {
	for _, page := range []string{"", start, end, end + start} {
		_, err := Replace([]byte(page), "a", "new\n")
		require.ErrorContains(t, err, `"a"`, page)
	}
}
