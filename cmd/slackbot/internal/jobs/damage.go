package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// checkStore finds what the server keeps silent about: it leaves out a stream whose description it cannot read, and cuts
// off what follows a record that it cannot. A kill leaves a cut-off last record too, so its warnings prove nothing; what
// does is that one stream knows of something that another should have and has not.
func (q *Queue) checkStore(ctx context.Context) error {
	missing, err := missingStream(ctx, q.js)
	if err != nil {
		return err
	}
	if missing != "" {
		return q.embedded.damaged("stream " + missing + " cannot be read")
	}
	if lost := q.embedded.lost(); lost != "" {
		return q.embedded.damaged(lost)
	}
	work, err := q.js.Stream(ctx, workStream)
	if err != nil {
		return err
	}
	runs, err := q.js.Stream(ctx, "KV_"+runsBucket)
	if err != nil {
		return err
	}
	if err := q.checkRecords(ctx, work, runs); err != nil {
		return err
	}
	return q.checkMessages(ctx, work, runs)
}

// checkRecords is about the queue: the message of a run stays there until the record says that the run has ended. The
// newest thousand writes are enough to notice.
func (q *Queue) checkRecords(ctx context.Context, work, runs jetstream.Stream) error {
	last := runs.CachedInfo().State.LastSeq
	for next := last - min(last, 1000) + 1; next <= last; {
		msg, err := runs.GetMsg(ctx, next, jetstream.WithGetMsgSubject(runSubjects+">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		var r record
		if err == nil && len(msg.Data) > 0 { // none: it was taken back
			err = json.Unmarshal(msg.Data, &r)
		}
		if err != nil {
			return q.embedded.damaged("a run cannot be read: " + err.Error())
		}
		if r.Message != 0 && r.Finished.IsZero() && time.Since(r.Created) < life-time.Hour {
			_, err = work.GetMsg(ctx, r.Message)
		}
		if err != nil {
			return q.embedded.damaged("a run that has not ended is not in the queue: " + err.Error())
		}
		next = msg.Sequence + 1
	}
	return nil
}

// checkMessages is about the runs: each message was queued after its record was stored. A record that was taken back
// leaves a mark.
func (q *Queue) checkMessages(ctx context.Context, work, runs jetstream.Stream) error {
	for next, seen := uint64(1), uint64(0); ; seen++ {
		msg, err := work.GetMsg(ctx, next, jetstream.WithGetMsgSubject(workSubject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return q.checkNumber(ctx, seen)
		}
		if err != nil {
			return q.embedded.damaged("the queue cannot be read: " + err.Error())
		}
		_, err = runs.GetLastMsgForSubject(ctx, runSubjects+key(string(msg.Data)))
		gone := errors.Is(err, jetstream.ErrMsgNotFound)
		if gone && time.Since(msg.Time) > life-time.Hour {
			err = nil // it may have expired just now
		}
		if err != nil {
			return q.embedded.damaged("a run that is queued cannot be read: " + err.Error())
		}
		next = msg.Sequence + 1
	}
}

// checkNumber finds messages that the server knows of and passes over.
func (q *Queue) checkNumber(ctx context.Context, seen uint64) error {
	work, err := q.js.Stream(ctx, workStream)
	if err != nil {
		return err
	}
	if state := work.CachedInfo().State; state.Msgs != seen {
		return q.embedded.damaged(fmt.Sprintf("of %d messages in the queue %d can be read", state.Msgs, seen))
	}
	return nil
}
