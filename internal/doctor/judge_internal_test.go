package doctor

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALookUpThatTakesTooLongIsNoMatterOfTheKey(t *testing.T) {
	late := errors.New("there was no answer within 15s")
	for role, want := range map[string]string{
		"":                    "Nothing was sent. Check the network",
		"acs:ram::1:role/any": "The role was not assumed, so nothing else was sent. Check the network",
	} {
		e := examination{role: role, noKey: late}
		c := e.credentials()
		require.Equal(t, Failed, c.Status)
		require.Equal(t, late.Error(), c.Text)
		require.Contains(t, c.Mend, want)
	}
}
