package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A secret lies in a stream of its own, since overwriting, deleting or letting it
// age out would leave its bytes in the block file until that is compacted: only
// SecureDeleteMsg overwrites them. In a cluster the Raft logs keep a copy until
// their next snapshot; there only the value's own lifetime protects it.

const (
	expiresHeader = "Alitriage-Expires" // Unix milliseconds
	maxSecret     = 4 << 10
	eraseWithin   = 30 * time.Second
)

// PutSecret keeps a bearer secret such as a response_url, up to 4 KiB, until it is erased or ttl (up to a day) is over.
// It replaces what was there.
func (q *Queue) PutSecret(ctx context.Context, id, value string, ttl time.Duration) error {
	if len(value) > maxSecret || ttl <= 0 || ttl > life {
		return fmt.Errorf("jobs: a secret has at most %d bytes and lives up to %s; this one has %d and lives %s", maxSecret, life, len(value), ttl)
	}
	if err := q.EraseSecret(ctx, id); err != nil {
		return err
	}
	msg := nats.NewMsg(secretSubject(id))
	msg.Data = []byte(value)
	msg.Header.Set(expiresHeader, strconv.FormatInt(time.Now().Add(ttl).UnixMilli(), 10))
	if _, err := q.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("jobs: the secret could not be stored: %w", err)
	}
	return nil
}

// Secret returns it, or ErrNotFound when it was erased or its time is over.
func (q *Queue) Secret(ctx context.Context, id string) (string, error) {
	msg, err := q.secrets.GetLastMsgForSubject(ctx, secretSubject(id))
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && expired(msg) {
		return "", fmt.Errorf("secret: %w", ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("jobs: the secret could not be read: %w", err)
	}
	return string(msg.Data), nil
}

// EraseSecret overwrites it on disk. Erasing what is not there is fine.
func (q *Queue) EraseSecret(ctx context.Context, id string) error {
	subject := secretSubject(id)
	for { // two that put at once may both have stored
		msg, err := q.secrets.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err == nil {
			err = q.erase(ctx, msg.Sequence)
		}
		if err != nil {
			return fmt.Errorf("jobs: the secret could not be erased: %w", err)
		}
	}
}

func (q *Queue) erase(ctx context.Context, sequence uint64) error {
	err := q.secrets.SecureDeleteMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		if _, err := q.secrets.GetMsg(ctx, sequence); errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil // another process was quicker
		}
	}
	return err
}

func secretSubject(id string) string { return secretPrefix + key(id) }

// expired is also true for a time that cannot be read.
func expired(msg *jetstream.RawStreamMsg) bool {
	ms, err := strconv.ParseInt(msg.Header.Get(expiresHeader), 10, 64)
	return err != nil || !time.Now().Before(time.UnixMilli(ms))
}

// tend is the chore: erase expired secrets, and see that the runs that are under
// way have room to go on.
func (q *Queue) tend() {
	for {
		if err := q.eraseExpired(q.handler); err != nil && q.handler.Err() == nil {
			q.log.Warn("expired secrets could not be erased, will try again", "error", err)
		}
		if err := q.measure(q.handler); err != nil && q.handler.Err() == nil {
			q.log.Warn("the size of the store could not be read", "error", err)
		}
		select {
		case <-q.closing:
			return
		case <-time.After(eraseWithin):
		}
	}
}

func (q *Queue) eraseExpired(ctx context.Context) error {
	for next := uint64(1); ; {
		msg, err := q.secrets.GetMsg(ctx, next, jetstream.WithGetMsgSubject(secretPrefix+">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err == nil && expired(msg) {
			err = q.erase(ctx, msg.Sequence)
		}
		if err != nil {
			return err
		}
		next = msg.Sequence + 1
	}
}

// measure keeps new runs out when nine tenths are used: the others still have to
// write their state and their end.
func (q *Queue) measure(ctx context.Context) error {
	stream, err := q.js.Stream(ctx, "KV_"+runsBucket)
	if err != nil {
		return err
	}
	used := stream.CachedInfo().State.Bytes
	q.full.Store(used > uint64(q.options.MaxBytes)/10*9) //nolint:gosec // positive
	return nil
}
