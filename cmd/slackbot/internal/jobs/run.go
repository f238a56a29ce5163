package jobs

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Job is a run as it was when it was read. It belongs to one goroutine.
type Job struct {
	ID      string
	State   json.RawMessage // what Submit or the last Save stored
	Created time.Time
	// Crashes is how many deliveries in a row began and had no outcome: the process died, or the handler panicked.
	Crashes int
	// Finished is zero while there is something to do.
	Finished time.Time
	// Reason is why the run was given up, empty for one that is done or under way.
	Reason string

	record   record
	revision uint64
}

// record is what is stored of a run.
type record struct {
	ID       string          `json:"id"`
	State    json.RawMessage `json:"state"`
	Created  time.Time       `json:"created"`
	Finished time.Time       `json:"finished,omitzero"`
	Reason   string          `json:"reason,omitempty"`
	// Birth tells this record from an earlier one of the same id that was taken back. Without it the server would drop
	// the new one's message as a duplicate of the old one's.
	Birth string `json:"birth"`
	// Message is the sequence of the message that the run lives on; another one for the same run is a duplicate.
	Message uint64 `json:"message,omitempty"`
	// Delivery has the run: only it may write as the handler.
	Delivery string `json:"delivery,omitempty"`
	// Due is when the next poll may come. The server forgets it when it starts anew.
	Due time.Time `json:"due,omitzero"`
	// Begun counts deliveries since the last outcome.
	Begun int `json:"begun,omitempty"`
}

func (r record) job(revision uint64) Job {
	return Job{
		ID: r.ID, State: r.State, Created: r.Created, Finished: r.Finished, Reason: r.Reason,
		Crashes: max(r.Begun-1, 0), record: r, revision: revision,
	}
}

var errFull = errors.New("the store is nearly full: runs leave it a day after their last change")

// Decode reads the state.
func (j *Job) Decode(state any) error {
	if err := json.Unmarshal(j.State, state); err != nil {
		return fmt.Errorf("jobs: state of run %s: %w", j.ID, err)
	}
	return nil
}

// Submit stores a run and queues it; both are on disk when it returns. The id is any text of up to 256 bytes that the
// same request always has, such as a hash of Slack's trigger_id, and no secret. For an id that is known the run is
// returned as it is, and created is false; should a crash have kept it from being queued, it is queued now.
//
// After an error nothing is stored that would be worked on, unless it is ErrUncertain: then the store stopped answering
// between two writes. In both cases the same id can be submitted again. A broken disk may not answer at all, so give ctx
// an end; it is exceeded by at most half a second.
func (q *Queue) Submit(ctx context.Context, id string, state any) (job Job, created bool, err error) {
	data, err := encodeState(state)
	if err != nil {
		return Job{}, false, err
	}
	if id == "" || len(id) > maxID {
		return Job{}, false, fmt.Errorf("jobs: an id has 1 to %d bytes, this one has %d", maxID, len(id))
	}
	if q.full.Load() {
		return Job{}, false, notStored(errFull)
	}
	job, created, err = q.enter(ctx, id, data)
	if err != nil {
		return Job{}, false, notStored(err)
	}
	if !created {
		return q.replay(ctx, job)
	}
	if err := q.publish(ctx, job); err != nil {
		return q.takeBack(ctx, job, err)
	}
	return job, true, nil
}

// replay queues a run again unless it was delivered, and so was queued. It writes the record first, so that whoever
// created it and fails to queue it does not take it back, and never takes it back itself: the other may have succeeded.
func (q *Queue) replay(ctx context.Context, job Job) (Job, bool, error) {
	for job.record.Message == 0 {
		revision, err := q.write(ctx, job.record, job.revision)
		if err == nil {
			job.revision = revision
			if err = q.publish(ctx, job); err == nil {
				return job, false, nil
			}
		}
		if !errors.Is(err, ErrConflict) {
			return Job{}, false, uncertain(err) // who submitted it first may have succeeded
		}
		if job, err = q.Get(ctx, job.ID); err != nil {
			return Job{}, false, uncertain(err)
		}
	}
	return job, false, nil
}

func notStored(err error) error {
	return fmt.Errorf("jobs: the run could not be stored and nothing was started: %w", err)
}

func uncertain(err error) error { return fmt.Errorf("%w: %w", ErrUncertain, err) }

func encodeState(state any) (json.RawMessage, error) {
	data, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("jobs: state: %w", err)
	}
	if len(data) > maxState {
		return nil, fmt.Errorf("jobs: a state has at most %d bytes, this one has %d", maxState, len(data))
	}
	return data, nil
}

// enter writes the record of a new run, or reads that of a known one.
func (q *Queue) enter(ctx context.Context, id string, state json.RawMessage) (Job, bool, error) {
	r := record{ID: id, State: state, Created: time.Now().UTC(), Birth: rand.Text()}
	data, err := json.Marshal(r)
	if err != nil {
		return Job{}, false, err
	}
	revision, err := q.runs.Create(ctx, key(id), data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		job, err := q.Get(ctx, id)
		return job, false, err
	}
	// After any other error the record may be there all the same. Nothing is queued, so nothing works on it, and the next
	// Submit of this id finds and queues it.
	return r.job(revision), err == nil, err
}

func (q *Queue) publish(ctx context.Context, job Job) error {
	return q.enqueue(ctx, job.ID, job.record.Birth)
}

func (q *Queue) enqueue(ctx context.Context, id, birth string) error {
	msg := nats.NewMsg(workSubject)
	msg.Data = []byte(id)
	_, err := q.js.PublishMsg(ctx, msg, jetstream.WithMsgID(key(id+" "+birth)))
	// Too many runs are no trouble of the disk. The server has one code for both.
	q.unqueued.Store(q.embedded != nil && err != nil && !strings.Contains(err.Error(), "maximum"))
	return err
}

// tryQueue queues a run that does not exist, and so is dropped, after one could not be
// queued. Else nothing is queued to try it: who works on it has better things to do.
func (q *Queue) tryQueue(ctx context.Context) error {
	if !q.unqueued.Load() {
		return nil
	}
	if err := q.runs.Delete(ctx, key(readyKey)); err != nil { // the mark of one that was taken back
		return err
	}
	return q.enqueue(ctx, readyKey, rand.Text())
}

// How much longer than its ctx Submit may take, for who must answer within 3 s.
const takeBackWithin = 500 * time.Millisecond

// takeBack removes the record of a run that could not be queued. The publish may
// have come through all the same; then its message finds no record and is
// dropped, or a delivery has begun and the run is under way.
func (q *Queue) takeBack(ctx context.Context, job Job, cause error) (Job, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
	defer cancel()
	err := q.runs.Delete(ctx, key(job.ID), jetstream.LastRevision(job.revision))
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		now, err := q.Get(ctx, job.ID)
		if err == nil && now.record.Birth == job.record.Birth && now.record.Message != 0 {
			return now, true, nil
		}
		return Job{}, false, uncertain(cause) // a replay has it
	}
	var refused *jetstream.APIError
	if err != nil && !errors.As(cause, &refused) {
		return Job{}, false, uncertain(cause)
	}
	return Job{}, false, notStored(cause) // at worst its record stays, which nothing leads to
}

// Get reads a run. Whoever reads it may Save it: a click changes a run that way, whoever is at work on it.
func (q *Queue) Get(ctx context.Context, id string) (Job, error) {
	entry, err := q.runs.Get(ctx, key(id))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Job{}, fmt.Errorf("run: %w", ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("jobs: the run could not be read: %w", err)
	}
	var r record
	if err := json.Unmarshal(entry.Value(), &r); err != nil {
		return Job{}, fmt.Errorf("jobs: the record of the run is damaged: %w", err)
	}
	return r.job(entry.Revision()), nil
}

// Save stores a new state if nobody has written since job was read, and then job is the new one. Else it is ErrConflict
// and job is as it was: a handler goes on with Reload, others with Get. After any other error it may have been stored.
func (q *Queue) Save(ctx context.Context, job *Job, state any) error {
	data, err := encodeState(state)
	if err != nil {
		return err
	}
	r := job.record
	r.State = data
	revision, err := q.write(ctx, r, job.revision)
	if err != nil {
		return err
	}
	job.State, job.record, job.revision = data, r, revision
	return nil
}

// Reload reads a handler's job anew. ErrSuperseded says that it is no longer this handler's: stop.
func (q *Queue) Reload(ctx context.Context, job *Job) error {
	now, err := q.Get(ctx, job.ID)
	if err != nil {
		return err
	}
	if now.record.Birth != job.record.Birth || now.record.Delivery != job.record.Delivery {
		return ErrSuperseded
	}
	*job = now
	return nil
}

func (q *Queue) write(ctx context.Context, r record, revision uint64) (uint64, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("jobs: record: %w", err)
	}
	written, err := q.runs.Update(ctx, key(r.ID), data, revision)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("jobs: the run could not be saved: %w", err)
	}
	return written, nil
}
