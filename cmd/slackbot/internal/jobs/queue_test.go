package jobs

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

func TestEveryWriteIsSynced(t *testing.T) {
	q := open(t, Options{})
	require.True(t, q.embedded.server.JetStreamConfig().SyncAlways)
}

func TestNobodyCanConnectToTheEmbeddedServer(t *testing.T) {
	q := open(t, Options{})
	require.Nil(t, q.embedded.server.Addr())
}

func TestTheStoreIsPrivate(t *testing.T) {
	q := open(t, Options{})
	submit(t, q, "run")
	require.NoError(t, q.PutSecret(t.Context(), "run", needle, life))
	require.NoError(t, filepath.WalkDir(q.options.Dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		if os.IsNotExist(err) {
			return nil // renamed by the server meanwhile
		}
		require.NoError(t, err)
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		require.Equal(t, want, info.Mode().Perm(), path)
		return nil
	}))
}

func TestOpenSaysWhatIsWrongWithTheDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		want    []string
	}{
		"others may read it": {
			func(t *testing.T, dir string) { require.NoError(t, os.Mkdir(dir, 0o755)) },
			[]string{"mode 0755", "chmod 700"},
		},
		"a file": {
			func(t *testing.T, dir string) { require.NoError(t, os.WriteFile(dir, nil, 0o600)) },
			[]string{"cannot be created", "not a directory"},
		},
		"of a newer version": {
			func(t *testing.T, dir string) {
				require.NoError(t, os.Mkdir(dir, 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, formatFile), []byte("alitriage jobs 2\n"), 0o600))
			},
			[]string{`format "alitriage jobs 2"`, "use the version that wrote it"},
		},
		"of another open queue": {
			func(t *testing.T, dir string) { open(t, Options{Dir: dir}) },
			[]string{"in use by another process"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := storeDir(t)
			c.prepare(t, dir)
			_, err := Open(t.Context(), Options{Dir: dir})
			require.Error(t, err)
			for _, want := range append(c.want, dir) {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestALockFileThatCannotBeOpenedIsNamed(t *testing.T) {
	dir := storeDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, lockFile), 0o700)) // not by mode: root may do everything
	_, err := Open(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, "store directory "+dir+" cannot be locked")
}

func TestADirectoryThatIsNotWritableIsNamed(t *testing.T) {
	for _, cause := range []error{fs.ErrPermission, errReadOnly} {
		err := lockError("/store", &fs.PathError{Op: "open", Path: "/store/lock", Err: cause})
		require.ErrorContains(t, err, "store directory /store is not writable for this user")
	}
}

func TestADamagedStoreIsAnErrorAndNoFreshStart(t *testing.T) {
	damage := func(pattern string, change func(text []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			paths, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", pattern))
			require.NoError(t, err)
			require.NotEmpty(t, paths)
			for _, path := range paths {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, change(text), 0o600))
			}
		}
	}
	flip := func(text []byte) []byte {
		text[len(text)-30] ^= 0xff // in what is newest
		return text
	}
	none := func([]byte) []byte { return nil }
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"a stream's description is changed": damage("KV_alitriage-runs/meta.inf", flip),
		"a stream's description is empty":   damage("alitriage-work/meta.inf", none),
		"a stream's checksum is empty":      damage("alitriage-work/meta.sum", none),
		"a record is changed":               damage("KV_alitriage-runs/msgs/*.blk", flip),
		"the records are gone":              damage("KV_alitriage-runs/msgs/*.blk", none),
		"the queue is gone":                 damage("alitriage-work/msgs/*.blk", none),
		"a message of the queue is changed": damage("alitriage-work/msgs/*.blk", flip),
		"the store is gone": func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "jetstream")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := open(t, Options{})
			work(t, q, func(context.Context, *Job) Outcome { return Again(time.Minute) })
			for _, id := range []string{"a", "b", "c"} {
				submit(t, q, id)
			}
			eventually(t, "begun", func() bool {
				depth, err := q.Depth(t.Context())
				return err == nil && depth.InFlight == 3
			})
			shutdown(t, q)
			spoil(t, q.options.Dir)
			_, err := Open(t.Context(), Options{Dir: q.options.Dir})
			t.Log(err)
			require.ErrorContains(t, err, "is damaged")
			require.ErrorContains(t, err, "restore the directory")
			_, err = Open(t.Context(), Options{Dir: q.options.Dir})
			require.ErrorContains(t, err, "is damaged", "the second start does not forget")
		})
	}
}

func TestTheLogHoldsNoPayload(t *testing.T) {
	log := &journal{}
	q := open(t, Options{Logger: log.logger()})
	_, _, err := q.Submit(t.Context(), "run", state{Note: "fakeSecretNeedle"})
	require.NoError(t, err)
	require.NoError(t, q.PutSecret(t.Context(), "run", needle, life))
	shutdown(t, q)
	require.Contains(t, log.String(), "nats server")
	require.NotContains(t, log.String(), "fakeSecretNeedle")
}

func TestReadyWritesWithoutHarm(t *testing.T) {
	q := open(t, Options{})
	require.NoError(t, q.Ready(t.Context()))
	require.NoError(t, q.Ready(t.Context()))
	shutdown(t, q)
	open(t, Options{Dir: q.options.Dir}) // what it wrote is no damage
}

func TestReadySeesEachStreamThatTakesNoWrites(t *testing.T) {
	for _, stream := range []string{"KV_" + runsBucket, "KV_" + factsBucket, secretStream} {
		t.Run(stream, func(t *testing.T) {
			q := open(t, Options{})
			require.NoError(t, q.js.DeleteStream(t.Context(), stream))
			require.ErrorContains(t, soon(q.Ready), "takes no writes; make room on its disk")
			require.NoError(t, soon(func(ctx context.Context) error {
				require.True(t, q.Stuck(ctx), "there is room")
				return nil
			}))
		})
	}
}

func TestReadySeesThatRunsCannotBeQueued(t *testing.T) {
	q := open(t, Options{})
	require.NoError(t, q.js.DeleteStream(t.Context(), workStream))
	require.NoError(t, soon(q.Ready), "nobody has tried")
	require.Error(t, soon(func(ctx context.Context) error {
		_, _, err := q.Submit(ctx, "run", state{})
		return err
	}))
	require.ErrorContains(t, soon(q.Ready), "takes no writes")

	_, err := ensureStreams(t.Context(), q.js, q.options.MaxBytes, 1)
	require.NoError(t, err)
	require.NoError(t, soon(q.Ready), "it is tried with a run that does not exist")
	calls := count(t, q)
	eventually(t, "dropped", func() bool { return empty(t, q) })
	require.Zero(t, calls.Load())
	shutdown(t, q)
	open(t, Options{Dir: q.options.Dir}) // and is no damage
}

func TestAClusterThatIsAwayIsSaidByAll(t *testing.T) {
	s := startLoneServer(t)
	q, err := Open(t.Context(), Options{URL: s.ClientURL()})
	require.NoError(t, err)
	require.NoError(t, q.Ready(t.Context()))
	s.Shutdown()
	require.ErrorContains(t, soon(q.Ready), "takes no writes")
	require.ErrorContains(t, soon(func(ctx context.Context) error {
		_, _, err := q.Submit(ctx, "run", state{})
		return err
	}), "nothing was started")
	_, _, err = q.takeBack(t.Context(), Job{ID: "run", revision: 1}, context.DeadlineExceeded)
	require.ErrorIs(t, err, ErrUncertain, "the message may have come through, and the record cannot be removed")
	require.ErrorContains(t, q.Close(t.Context()), "what they were about comes again")
}

func TestOpenNeedsOneStore(t *testing.T) {
	for name, o := range map[string]Options{"none": {}, "two": {Dir: "/x", URL: "nats://x:1"}} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), o)
			require.ErrorContains(t, err, "either a store directory or the URL")
		})
	}
}

func TestOpenSaysWhatIsWrongWithTheCluster(t *testing.T) {
	without := startServer(t, &server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	for name, c := range map[string]struct {
		url  string
		want []string
	}{
		"nobody there":    {"nats://fakeuser:fakepassword@127.0.0.1:1", []string{"NATS at 127.0.0.1:1 cannot be used"}},
		"no JetStream":    {without.ClientURL(), []string{"JetStream not enabled"}},
		"not a URL":       {"127.0.0.1:4222", []string{"address 1 of the NATS URL", "nats://host:4222"}},
		"another service": {"https://fakeuser:fakepassword@host", []string{"address 1 of the NATS URL"}},
		"unknown option":  {"nats://host?tls=on", []string{`unknown option "tls"`}},
		"no such file":    {"nats://127.0.0.1:1?ca=/does/not/exist.pem", []string{"/does/not/exist.pem"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{URL: c.url})
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "fakepassword")
			require.NotContains(t, err.Error(), "fakeuser")
		})
	}
}

func TestEverythingStoredIsUnderOurPrefix(t *testing.T) {
	for _, config := range streams(1<<20, 1) {
		require.Contains(t, strings.TrimPrefix(config.Name, "KV_"), "alitriage-")
		for _, subject := range config.Subjects {
			require.Contains(t, strings.TrimPrefix(subject, "$KV."), "alitriage")
		}
	}
}

func TestWaitingRunsCannotUseUpWhatMayBePending(t *testing.T) {
	q := open(t, Options{})
	consumer, err := q.js.Consumer(t.Context(), workStream, workers)
	require.NoError(t, err)
	config := consumer.CachedInfo().Config
	require.Greater(t, int64(config.MaxAckPending), streams(1, 1)[0].MaxMsgs)
	require.Equal(t, -1, config.MaxDeliver, "polls are deliveries too")
	require.Empty(t, config.BackOff, "it would override AckWait")
	require.Equal(t, 10*time.Second, config.AckWait)
}

func startServer(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(o)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(patience))
	return s
}
