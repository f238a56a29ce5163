package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	prefix       = "alitriage"
	workStream   = prefix + "-work"
	workSubject  = prefix + ".work"
	workers      = prefix + "-workers" // the consumer that all processes share
	runsBucket   = prefix + "-runs"
	runSubjects  = "$KV." + runsBucket + "."
	readyKey     = "ready" // empty, as what was taken back; no run has it, their keys are hashes
	factsBucket  = prefix + "-facts"
	secretStream = prefix + "-secrets"
	secretPrefix = prefix + ".secret."

	life       = 24 * time.Hour
	duplicates = 10 * time.Minute
	maxState   = 64 << 10
	maxFact    = 1 << 10
	maxID      = 256

	// What is unfinished at once. MaxAckPending is no smaller, so that runs which wait out their delay, and count there,
	// can never keep a new one from being delivered.
	maxRuns = 10_000
)

// storeBytes is the sum of what the streams may take, with room for the server's own files.
func storeBytes(maxBytes int64) int64 { return 4 * maxBytes }

// streams describes everything that is stored.
//
// The buckets are streams laid out as a KV, and not made by CreateKeyValue: that one allows direct reads, which a
// replica that lags may answer (a run "not found" would be given up), and denies the secure deletion of messages.
func streams(maxBytes int64, replicas int) []jetstream.StreamConfig {
	bucket := func(name string, maxValue int32) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name:              "KV_" + name,
			Subjects:          []string{"$KV." + name + ".>"},
			Retention:         jetstream.LimitsPolicy,
			Discard:           jetstream.DiscardNew,
			MaxMsgsPerSubject: 1,
			MaxMsgs:           -1,
			MaxBytes:          maxBytes,
			MaxMsgSize:        maxValue,
			MaxAge:            life,
			Duplicates:        duplicates,
			Replicas:          replicas,
			AllowRollup:       true,
		}
	}
	return []jetstream.StreamConfig{
		{
			Name:       workStream,
			Subjects:   []string{workSubject},
			Retention:  jetstream.WorkQueuePolicy,
			Discard:    jetstream.DiscardNew, // full is an error for who submits, not a loss for who waits
			MaxMsgs:    maxRuns,
			MaxBytes:   min(maxBytes, 64<<20),
			MaxMsgSize: 2 << 10,
			MaxAge:     life,
			Duplicates: duplicates,
			Replicas:   replicas,
		},
		bucket(runsBucket, maxState+8<<10),
		bucket(factsBucket, 4<<10),
		{
			Name:       secretStream,
			Subjects:   []string{secretPrefix + ">"},
			Retention:  jetstream.LimitsPolicy,
			Discard:    jetstream.DiscardNew,
			MaxMsgs:    -1, // and no limit per subject: what it drops would not be overwritten
			MaxBytes:   min(maxBytes, 64<<20),
			MaxMsgSize: 8 << 10,
			MaxAge:     life + time.Hour, // for what no process was alive to erase
			Replicas:   replicas,
		},
	}
}

// ensureStreams creates or updates all streams, and returns how many copies the least of them has.
func ensureStreams(ctx context.Context, js jetstream.JetStream, maxBytes int64, replicas int) (int, error) {
	least := replicas
	for _, config := range streams(maxBytes, replicas) {
		copies, err := ensureStream(ctx, js, config)
		if err != nil {
			return 0, fmt.Errorf("stream %s: %w", config.Name, err)
		}
		least = min(least, copies)
	}
	return least, nil
}

// ensureStream falls back to one copy where more have no place now, but never takes a copy from a stream that has them:
// a node may be down only for the moment.
func ensureStream(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) (copies int, err error) {
	_, err = js.CreateOrUpdateStream(ctx, config)
	if !noPlaceForReplicas(err) {
		return config.Replicas, err
	}
	config.Replicas = 1
	if now, err := js.Stream(ctx, config.Name); err == nil {
		config.Replicas = now.CachedInfo().Config.Replicas
	} else if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, err
	}
	_, err = js.CreateOrUpdateStream(ctx, config)
	return config.Replicas, err
}

// missingStream names one that does not exist, or nothing.
func missingStream(ctx context.Context, js jetstream.JetStream) (string, error) {
	for _, config := range streams(0, 1) {
		_, err := js.Stream(ctx, config.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return config.Name, nil
		}
		if err != nil {
			return "", fmt.Errorf("stream %s: %w", config.Name, err)
		}
	}
	return "", nil
}

// noPlaceForReplicas tells that a stream with three replicas has no place here:
// the server runs alone, or fewer than three are up.
func noPlaceForReplicas(err error) bool {
	const (
		notClustered = 10074 // replicas > 1 not supported in non-clustered mode
		noPeers      = 10005 // no suitable peers for placement
		insufficient = 10023 // insufficient resources
	)
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	return api.ErrorCode == notClustered || api.ErrorCode == noPeers || api.ErrorCode == insufficient
}

func workerConfig(ackWait time.Duration) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       workers,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait, // no BackOff: it would override this
		MaxDeliver:    -1,      // it cannot tell polls from crashes; the run record can
		MaxAckPending: maxRuns + 1,
		MaxWaiting:    512,
	}
}
