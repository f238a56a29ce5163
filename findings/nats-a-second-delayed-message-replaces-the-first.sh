#!/usr/bin/env bash
# One would guess: two delayed messages, published and acknowledged, are two deliveries, each at its time.
#
# What happens: nats-server v2.15.3 with nats.go v1.55.0 (checked 2026-12-01). A stream that allows schedules keeps one
# schedule for each subject: the second message on it replaces the first, which is never delivered, and nothing says so.
# The subject is the name of the schedule, so each delayed message needs one of its own. And WithScheduleAt leaves out
# the fraction of the second, so that a message may come up to a second early.
#
# Usage: findings/nats-a-second-delayed-message-replaces-the-first.sh   (needs go; exits 1 when the behaviour changes)
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
	stream := must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"later.>", "now.>"}, AllowMsgSchedules: true}))
	second := time.Now().Truncate(time.Second)
	later := func(subject, target string, at time.Time) {
		must(js.Publish(ctx, subject, []byte(subject+" in "+at.Sub(second).String()), jetstream.WithScheduleAt(at), jetstream.WithScheduleTarget(target)))
	}
	later("later.same", "now.same", second.Add(3*time.Second))
	later("later.same", "now.same", second.Add(4*time.Second))
	later("later.one", "now.own", second.Add(3*time.Second))
	later("later.two", "now.own", second.Add(4*time.Second))
	later("later.fraction", "now.fraction", second.Add(3900*time.Millisecond))
	time.Sleep(time.Until(second.Add(6 * time.Second)))
	info := must(stream.Info(ctx))
	for sequence := info.State.FirstSeq; sequence <= info.State.LastSeq; sequence++ {
		message, err := stream.GetMsg(ctx, sequence)
		if err != nil {
			panic(err)
		}
		note := ""
		if message.Subject == "now.fraction" {
			note = fmt.Sprintf(", early: %t", message.Time.Before(second.Add(3900*time.Millisecond)))
		}
		fmt.Printf("%s: %s%s\n", message.Subject, message.Data, note)
	}
}
GO
{
  go mod init finding
  go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0
  go mod tidy
} >/dev/null 2>&1
go list -m github.com/nats-io/nats-server/v2 github.com/nats-io/nats.go
go run . "$dir/store" | sort | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
now.fraction: later.fraction in 3.9s, early: true
now.own: later.one in 3s
now.own: later.two in 4s
now.same: later.same in 4s
WANT
