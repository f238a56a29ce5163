package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// How long the server may take to read its files back. They are at most a few
// hundred megabytes.
const startWithin = time.Minute

// embedded is a NATS server in this process that nobody else can reach.
type embedded struct {
	directory *directory
	server    *server.Server
	log       *serverLog
}

func startEmbedded(path string, maxBytes int64, logger *slog.Logger) (*embedded, error) {
	dir, err := openDirectory(path)
	if err != nil {
		return nil, err
	}
	e := &embedded{directory: dir, log: &serverLog{logger: logger, starting: true}}
	if err := e.start(maxBytes); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

func (e *embedded) start(maxBytes int64) error {
	s, err := server.NewServer(&server.Options{
		ServerName:         "alitriage",
		DontListen:         true,
		JetStream:          true,
		StoreDir:           e.directory.path,
		SyncAlways:         true, // the default, every 2 minutes, loses acknowledged writes at a power failure
		JetStreamMaxStore:  storeBytes(maxBytes),
		JetStreamMaxMemory: 1 << 20, // nothing of ours lives in memory; 0 would mean three quarters of the machine
		NoSigs:             true,
		NoLog:              true, // no logger of its own; ours is set below
	})
	if err != nil {
		return fmt.Errorf("embedded NATS server: %w", err)
	}
	e.server = s
	s.SetLoggerV2(e.log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startWithin) || !s.JetStreamEnabled() {
		return e.damaged("the embedded NATS server does not start on it")
	}
	return nil
}

func (e *embedded) connect(options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append(options, nats.InProcessServer(e.server))...)
}

// damaged says what the server said about its files, which it itself only logs.
func (e *embedded) damaged(what string) error {
	said := e.log.complaints()
	if said == "" {
		said = "the server gave no reason"
	}
	return fmt.Errorf("the store in %s is damaged: %s (%s). To keep its runs restore the directory; to give them up move it away and start again",
		e.directory.path, what, said)
}

// lost names streams of which records could not be read back.
func (e *embedded) lost() string {
	info, err := e.server.Jsz(&server.JSzOptions{Accounts: true, Streams: true})
	if err != nil {
		return "the server cannot describe it: " + err.Error()
	}
	for _, account := range info.AccountDetails {
		for _, stream := range account.Streams {
			if lost := stream.State.Lost; lost != nil && len(lost.Msgs) > 0 {
				return fmt.Sprintf("%d records of stream %s cannot be read", len(lost.Msgs), stream.Name)
			}
		}
	}
	return ""
}

func (e *embedded) stop() {
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	if err := e.directory.unlock(); err != nil {
		e.log.logger.Warn("the store directory could not be unlocked", "error", err)
	}
}

// serverLog hands on what the server logs. Debug and trace, which would show
// payloads, are off; what remains speaks of files, streams and sizes.
type serverLog struct {
	logger *slog.Logger

	mu       sync.Mutex
	starting bool
	said     []string
}

func (l *serverLog) write(level slog.Level, format string, args []any) {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	l.logger.Log(context.Background(), level, "nats server", "said", text)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starting && level >= slog.LevelWarn && len(l.said) < 8 {
		l.said = append(l.said, text)
	}
}

// complaints returns what was said while starting, and stops collecting.
func (l *serverLog) complaints() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting = false
	return strings.Join(l.said, "; ")
}

func (l *serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l *serverLog) Fatalf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}
