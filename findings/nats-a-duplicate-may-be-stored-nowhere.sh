#!/usr/bin/env bash
# One would guess: the answer "duplicate" to a JetStream publish means that the stream has the message already.
#
# What happens: nats-server v2.15.3 (checked 2026-12-01) remembers message ids apart from messages, for the whole
# stream. Within the window (two minutes unless set) a publish is acknowledged as a duplicate, and not stored, when its
# message was deleted or purged, when its own TTL ended, when a stream with interest retention dropped it because
# nobody listened yet, and when another message on another subject had the same id. An id has to name one attempt to
# say one thing, and "put it back" needs a new one.
#
# Usage: findings/nats-a-duplicate-may-be-stored-nowhere.sh   (needs go; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import (
	"context"
	"errors"
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

func start(dir string) jetstream.JetStream {
	s := must(server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true}))
	go s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		panic("the server did not start")
	}
	return must(jetstream.New(must(nats.Connect(s.ClientURL()))))
}

func main() {
	ctx := context.Background()
	js := start(os.Args[1])
	again := func(what, name, subject string, between func(jetstream.Stream)) {
		stream := must(js.Stream(ctx, name))
		must(js.Publish(ctx, name+".a", nil, jetstream.WithMsgID(what), jetstream.WithMsgTTL(time.Second)))
		between(stream)
		ack := must(js.Publish(ctx, name+subject, nil, jetstream.WithMsgID(what)))
		_, err := stream.GetLastMsgForSubject(ctx, name+subject)
		fmt.Printf("%s: duplicate %t, nothing on the subject: %t\n", what, ack.Duplicate, errors.Is(err, jetstream.ErrMsgNotFound))
	}
	must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "limits", Subjects: []string{"limits.>"}, AllowMsgTTL: true}))
	must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "interest", Subjects: []string{"interest.>"}, AllowMsgTTL: true, Retention: jetstream.InterestPolicy}))
	again("deleted", "limits", ".a", func(s jetstream.Stream) {
		if err := s.DeleteMsg(ctx, must(s.GetLastMsgForSubject(ctx, "limits.a")).Sequence); err != nil {
			panic(err)
		}
	})
	again("purged", "limits", ".a", func(s jetstream.Stream) {
		if err := s.Purge(ctx); err != nil {
			panic(err)
		}
	})
	again("expired", "limits", ".a", func(jetstream.Stream) { time.Sleep(3 * time.Second) })
	again("nobody listened", "interest", ".a", func(s jetstream.Stream) {
		must(s.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "worker"}))
	})
	again("other subject", "limits", ".b", func(jetstream.Stream) {})
}
GO
{
  go mod init finding
  go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0
  go mod tidy
} >/dev/null 2>&1
go list -m github.com/nats-io/nats-server/v2 github.com/nats-io/nats.go
go run . "$dir/store" | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
deleted: duplicate true, nothing on the subject: true
purged: duplicate true, nothing on the subject: true
expired: duplicate true, nothing on the subject: true
nobody listened: duplicate true, nothing on the subject: true
other subject: duplicate true, nothing on the subject: true
WANT
