#!/usr/bin/env bash
# One would guess: a key of a JetStream key-value bucket that was created with KeyTTL(1 s) is gone after about a second,
# whatever else the bucket is set to.
#
# What happens: nats-server v2.15.3 with nats.go v1.55.0 (checked 2026-12-01) raises a TTL to the bucket's
# LimitMarkerTTL as soon as the bucket keeps more than one value of a key. LimitMarkerTTL has to be set for keys to have
# a TTL at all, and is meant for the markers of what is gone; with one minute there, a lock of one second holds for a
# minute. The header Nats-TTL of the stored message is rewritten, and neither client nor server says so. With History 1
# the TTL is kept. The reason stands in a comment of the server: a shorter life could hide an older marker.
#
# Usage: findings/nats-a-key-with-history-outlives-its-ttl.sh   (needs go; exits 1 when the behaviour changes)
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
	for _, history := range []uint8{1, 2} {
		name := fmt.Sprint("locks", history)
		kv := must(js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, History: history, LimitMarkerTTL: time.Minute}))
		revision := must(kv.Create(ctx, "lock", []byte("me"), jetstream.KeyTTL(time.Second)))
		stored := must(must(js.Stream(ctx, "KV_"+name)).GetMsg(ctx, revision))
		time.Sleep(5 * time.Second)
		_, err := kv.Get(ctx, "lock")
		fmt.Printf("history %d: asked for 1s, stored with Nats-TTL %s, after 5 s: %v\n", history, stored.Header.Get("Nats-TTL"), err)
	}
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
history 1: asked for 1s, stored with Nats-TTL 1s, after 5 s: nats: key not found
history 2: asked for 1s, stored with Nats-TTL 60, after 5 s: <nil>
WANT
