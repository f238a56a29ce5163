package jobs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const needle = "https://hooks.slack.test/commands/T1/2/fakeSecretNeedle"

func onDisk(t *testing.T, dir string) bool {
	t.Helper()
	var found bool
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		found = found || bytes.Contains(text, []byte(needle))
		return err
	}))
	return found
}

func TestAnErasedSecretIsInNoFile(t *testing.T) {
	for name, erase := range map[string]func(t *testing.T, q *Queue){
		"erased": func(t *testing.T, q *Queue) {
			require.NoError(t, q.EraseSecret(t.Context(), "run"))
			require.NoError(t, q.EraseSecret(t.Context(), "run"), "twice is fine")
		},
		"replaced": func(t *testing.T, q *Queue) {
			require.NoError(t, q.PutSecret(t.Context(), "run", "another", time.Minute))
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := open(t, Options{})
			for _, id := range []string{"before", "run", "after"} {
				value := "https://hooks.slack.test/" + id
				if id == "run" {
					value = needle
				}
				require.NoError(t, q.PutSecret(t.Context(), id, value, time.Minute))
			}
			value, err := q.Secret(t.Context(), "run")
			require.NoError(t, err)
			require.Equal(t, needle, value)
			require.True(t, onDisk(t, q.options.Dir))

			erase(t, q)
			require.False(t, onDisk(t, q.options.Dir))
			value, err = q.Secret(t.Context(), "after")
			require.NoError(t, err)
			require.Equal(t, "https://hooks.slack.test/after", value)

			shutdown(t, q)
			require.False(t, onDisk(t, q.options.Dir), "nor after the server has written what it keeps")
			again := open(t, Options{Dir: q.options.Dir})
			_, err = again.Secret(t.Context(), "before")
			require.NoError(t, err, "the others are still there")
		})
	}
}

func TestAnExpiredSecretIsGoneAndThenErased(t *testing.T) {
	q := open(t, Options{})
	require.NoError(t, q.PutSecret(t.Context(), "run", needle, time.Second))
	require.True(t, onDisk(t, q.options.Dir), "before it expires: the sweep may be quick")
	require.NoError(t, q.PutSecret(t.Context(), "other", "kept", time.Minute))
	eventually(t, "expired", func() bool {
		_, err := q.Secret(t.Context(), "run")
		return err != nil
	})
	_, err := q.Secret(t.Context(), "run")
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, q.eraseExpired(t.Context()))
	require.False(t, onDisk(t, q.options.Dir))
	_, err = q.Secret(t.Context(), "other")
	require.NoError(t, err)
}

func TestASecretOfAKilledProcessIsErasedByTheNext(t *testing.T) {
	dir := storeDir(t)
	dead := startChild(t, dir, "secret")
	dead.says(t, "stored")
	dead.kill(t)
	require.True(t, onDisk(t, dir))
	q := open(t, Options{Dir: dir})
	eventually(t, "expired", func() bool {
		_, err := q.Secret(t.Context(), "run")
		return err != nil
	})
	shutdown(t, q)
	open(t, Options{Dir: dir})
	eventually(t, "erased", func() bool { return !onDisk(t, dir) })
}

func TestASecretHasASizeAndALife(t *testing.T) {
	q := open(t, Options{})
	require.Error(t, q.PutSecret(t.Context(), "run", strings.Repeat("s", 4<<10+1), time.Minute))
	require.Error(t, q.PutSecret(t.Context(), "run", "s", 0))
	require.Error(t, q.PutSecret(t.Context(), "run", "s", 25*time.Hour))
	_, err := q.Secret(t.Context(), "run")
	require.ErrorIs(t, err, ErrNotFound)
}

// What no process was alive to erase: the server drops it by age, and with it the file.
func TestASecretThatAgedOutIsInNoFile(t *testing.T) {
	q := open(t, Options{})
	require.NoError(t, q.PutSecret(t.Context(), "run", needle, time.Minute))
	config := streams(q.options.MaxBytes, 1)[3]
	config.MaxAge = 200 * time.Millisecond
	_, err := q.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	eventually(t, "gone", func() bool { return !onDisk(t, q.options.Dir) })
	shutdown(t, q)
	require.False(t, onDisk(t, q.options.Dir))
}
