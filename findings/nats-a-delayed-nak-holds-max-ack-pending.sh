#!/usr/bin/env bash
# One would guess: a message that a JetStream worker gives back with NakWithDelay has left its hands, so that it may
# take the next one, and MaxAckPending counts only what workers hold.
#
# What happens: nats-server v2.15.3 with nats.go v1.55.0 (checked 2026-11-30) counts a message that was given back with
# a delay as ack pending until the delay is over. With MaxAckPending 1 one postponed message stops the whole consumer:
# Fetch returns nothing although a second message waits. A plain Nak frees the place at once, but brings the same
# message again. A queue that postpones work this way needs a MaxAckPending above all that may be postponed at a time.
#
# Usage: findings/nats-a-delayed-nak-holds-max-ack-pending.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// fetch returns the text of the next message, which is given back with delay.
func fetch(consumer jetstream.Consumer, delay time.Duration) string {
	batch := must(consumer.Fetch(1, jetstream.FetchMaxWait(500*time.Millisecond)))
	for message := range batch.Messages() {
		if err := message.NakWithDelay(delay); err != nil {
			panic(err)
		}
		return string(message.Data())
	}
	return "nothing"
}

func main() {
	ctx := context.Background()
	node := must(server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: os.Args[1]}))
	node.Start()
	defer node.Shutdown()
	if !node.ReadyForConnections(10 * time.Second) {
		panic("the server did not start")
	}
	connection := must(nats.Connect("", nats.InProcessServer(node)))
	js := must(jetstream.New(connection))
	for _, limit := range []int{1, 2} {
		name := fmt.Sprintf("work%d", limit)
		stream := must(js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy}))
		consumer := must(stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: name, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: limit,
		}))
		for _, text := range []string{"first", "second"} {
			must(js.Publish(ctx, name, []byte(text)))
		}
		got := fetch(consumer, time.Hour)
		must(js.AccountInfo(ctx)) // a round trip behind the nak
		fmt.Printf("MaxAckPending %d: %s postponed for an hour, then %s", limit, got, fetch(consumer, time.Hour))
		info := must(consumer.Info(ctx))
		fmt.Printf("; ack pending %d, waiting %d\n", info.NumAckPending, info.NumPending)
	}
}
GO
{
  go mod init finding
  go get github.com/nats-io/nats-server/v2/server@v2.15.3 github.com/nats-io/nats.go/jetstream@v1.55.0
} >/dev/null 2>&1
go build -o finding .
go list -m github.com/nats-io/nats-server/v2 github.com/nats-io/nats.go
./finding "$dir/store" | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
MaxAckPending 1: first postponed for an hour, then nothing; ack pending 1, waiting 1
MaxAckPending 2: first postponed for an hour, then second; ack pending 2, waiting 0
WANT
