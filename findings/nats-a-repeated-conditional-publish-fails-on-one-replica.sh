#!/usr/bin/env bash
# One would guess: a JetStream publish with a message id may be sent again when its acknowledgement was lost, also
# where it names the sequence it expects, and that what it hears does not depend on the number of replicas.
#
# What happens: nats-server v2.15.3 with nats.go v1.55.0 (checked 2026-12-01). A stream with three replicas answers
# the repetition as a duplicate, with the sequence of the first. A stream with one replica compares the expected
# sequence first, which the first attempt has moved itself, and answers "wrong last sequence" (10071): the writer takes
# its own success for somebody else's. An expected message id is compared after the duplicate in both.
#
# Usage: findings/nats-a-repeated-conditional-publish-fails-on-one-replica.sh   (needs go; exits 1 when the behaviour changes)
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
	"net"
	"net/url"
	"os"
	"path/filepath"
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

// cluster starts n servers that know each other, and connects to one of them.
func cluster(dir string, n int) jetstream.JetStream {
	ports, routes := make([]int, n), make([]*url.URL, n)
	for i := range ports {
		free := must(net.Listen("tcp", "127.0.0.1:0"))
		ports[i] = free.Addr().(*net.TCPAddr).Port
		routes[i] = must(url.Parse(fmt.Sprintf("nats://127.0.0.1:%d", ports[i])))
		free.Close()
	}
	var first *server.Server
	for i := range n {
		options := &server.Options{ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(n, "-", i)), NoLog: true}
		if n > 1 {
			options.Routes = routes
			options.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: ports[i]}
		}
		s := must(server.NewServer(options))
		go s.Start()
		if first == nil {
			first = s
		}
	}
	if !first.ReadyForConnections(10 * time.Second) {
		panic("the server did not start")
	}
	return must(jetstream.New(must(nats.Connect(first.ClientURL()))))
}

func main() {
	ctx := context.Background()
	for _, replicas := range []int{1, 3} {
		js := cluster(os.Args[1], replicas)
		config := jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, Replicas: replicas}
		_, err := js.CreateStream(ctx, config)
		for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); _, err = js.CreateStream(ctx, config) {
			time.Sleep(500 * time.Millisecond) // a new cluster elects its leaders first
		}
		if err != nil {
			panic(err)
		}
		for i, expectation := range []struct {
			name string
			opt  jetstream.PublishOpt
		}{
			{"last sequence of the stream", jetstream.WithExpectLastSequence(0)},
			{"last sequence of the subject", jetstream.WithExpectLastSequencePerSubject(0)},
			{"last message id", jetstream.WithExpectLastMsgID("1")},
		} {
			send := func() (*jetstream.PubAck, error) {
				return js.Publish(ctx, fmt.Sprint("s.", i), nil, jetstream.WithMsgID(fmt.Sprint(i)), expectation.opt)
			}
			first := must(send())
			again, err := send()
			refused := &jetstream.APIError{}
			if errors.As(err, &refused) {
				fmt.Printf("replicas %d, %s: stored as %d, repeated: error %d %s\n", replicas, expectation.name, first.Sequence, refused.ErrorCode, refused.Description)
				continue
			}
			if err != nil {
				panic(err)
			}
			fmt.Printf("replicas %d, %s: stored as %d, repeated: duplicate %t of %d\n", replicas, expectation.name, first.Sequence, again.Duplicate, again.Sequence)
		}
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
replicas 1, last sequence of the stream: stored as 1, repeated: error 10071 wrong last sequence: 1
replicas 1, last sequence of the subject: stored as 2, repeated: error 10071 wrong last sequence: 2
replicas 1, last message id: stored as 3, repeated: duplicate true of 3
replicas 3, last sequence of the stream: stored as 1, repeated: duplicate true of 1
replicas 3, last sequence of the subject: stored as 2, repeated: duplicate true of 2
replicas 3, last message id: stored as 3, repeated: duplicate true of 3
WANT
