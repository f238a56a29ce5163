package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Claim gives key to owner for up to a day unless somebody has it, and returns who has it now. So the same command
// joins the run that is active. Keys are any text; an owner has up to 1 KiB.
//
// An owner that turns out to be finished without having released is replaced by releasing in its name and claiming again.
func (q *Queue) Claim(ctx context.Context, key, owner string) (current string, err error) {
	if err := checkFact(owner); err != nil {
		return "", err
	}
	for ctx.Err() == nil {
		_, err := q.facts.Create(ctx, claimKey(key), []byte(owner))
		if err == nil {
			return owner, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return "", fmt.Errorf("jobs: claim: %w", err)
		}
		current, err := q.fact(ctx, claimKey(key))
		if !errors.Is(err, ErrNotFound) { // else it was released in between
			return current, err
		}
	}
	return "", fmt.Errorf("jobs: claim: %w", context.Cause(ctx))
}

// Release frees key if owner has it, and does nothing else.
func (q *Queue) Release(ctx context.Context, key, owner string) error {
	entry, err := q.facts.Get(ctx, claimKey(key))
	if errors.Is(err, jetstream.ErrKeyNotFound) || err == nil && string(entry.Value()) != owner {
		return nil
	}
	if err == nil {
		err = q.facts.Delete(ctx, claimKey(key), jetstream.LastRevision(entry.Revision()))
	}
	if err != nil && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) { // another was quicker: it is no longer owner's
		return fmt.Errorf("jobs: release: %w", err)
	}
	return nil
}

// Put keeps a small fact for a day: up to 1 KiB under any text, over what was there.
func (q *Queue) Put(ctx context.Context, key, value string) error {
	if err := checkFact(value); err != nil {
		return err
	}
	if _, err := q.facts.Put(ctx, factKey(key), []byte(value)); err != nil {
		return fmt.Errorf("jobs: put: %w", err)
	}
	return nil
}

// Lookup returns what Put has kept, or ErrNotFound.
func (q *Queue) Lookup(ctx context.Context, key string) (string, error) {
	return q.fact(ctx, factKey(key))
}

func (q *Queue) fact(ctx context.Context, name string) (string, error) {
	entry, err := q.facts.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return "", fmt.Errorf("fact: %w", ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("jobs: lookup: %w", err)
	}
	return string(entry.Value()), nil
}

func claimKey(text string) string { return "claim." + key(text) }
func factKey(text string) string  { return "fact." + key(text) }

func checkFact(value string) error {
	if len(value) > maxFact {
		return fmt.Errorf("jobs: a value has at most %d bytes, this one has %d", maxFact, len(value))
	}
	return nil
}
