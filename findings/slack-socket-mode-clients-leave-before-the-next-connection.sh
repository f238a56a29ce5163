#!/usr/bin/env bash
# One would guess: when Slack asks a connection of Socket Mode to go (type disconnect, reason warning: it stays for about
# ten seconds more, https://docs.slack.dev/apis/events-api/using-socket-mode), a client that reconnects by itself opens the
# next connection, and then lets the old one go; a request that is being worked on is acknowledged over either.
#
# What happens (checked 2026-12-01): both clients close the connection at once. github.com/slack-go/slack v0.35.0 opens
# the next one directly, and the acknowledgement of a request of the old connection goes over the new one.
# @slack/socket-mode 3.1.0 counts this as an ended connection and waits 5 s (its clientPingTimeout) before it opens the
# next one: in these the app has no connection, so commands fail, and ack() of a request that came before rejects, with
# nothing that sends it again. Who uses either needs a second client, and with the second one an error handler at ack().
#
# Usage: findings/slack-socket-mode-clients-leave-before-the-next-connection.sh   (needs go and npm; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	work  = 500 * time.Millisecond // from a request to its acknowledgement
	grace = 5 * time.Second        // from the disconnect to the end of the connection
)

// fake is Socket Mode, as far as one renewal goes.
type fake struct {
	server *httptest.Server
	mu     sync.Mutex
	count  int
	closed time.Time
	events chan string
}

func newFake() *fake {
	f := &fake{events: make(chan string, 20)}
	f.server = httptest.NewServer(f)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "apps.connections.open") {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link"}`, strings.TrimPrefix(f.server.URL, "http"))
		return
	}
	conn, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	f.mu.Lock()
	f.count++
	number := f.count
	f.mu.Unlock()
	conn.WriteJSON(map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]any{"app_id": "A1"}, "debug_info": map[string]any{}})
	if number > 1 {
		f.mu.Lock()
		f.events <- fmt.Sprintf("connection %d opens, %.0f s after that", number, time.Since(f.closed).Seconds())
		f.mu.Unlock()
	}
	if number == 1 {
		conn.WriteJSON(map[string]any{
			"type": "slash_commands", "envelope_id": "e1", "accepts_response_payload": true,
			"payload": map[string]any{"command": "/x", "text": "", "team_id": "T1", "channel_id": "C1", "user_id": "U1"},
		})
		conn.WriteJSON(map[string]any{"type": "disconnect", "reason": "warning", "debug_info": map[string]any{}})
		time.AfterFunc(grace, func() { conn.Close() })
	}
	began := time.Now()
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			if number == 1 && time.Since(began) < grace-time.Second {
				f.mu.Lock()
				f.closed = time.Now()
				f.mu.Unlock()
				f.events <- "connection 1 is closed by the client"
			}
			return
		}
		var ack struct {
			ID string `json:"envelope_id"`
		}
		if json.Unmarshal(frame, &ack) == nil && ack.ID == "e1" {
			f.events <- fmt.Sprintf("the acknowledgement comes over connection %d", number)
		}
	}
}

// seen is what happened until nothing did for a while.
func (f *fake) seen() {
	for {
		select {
		case e := <-f.events:
			fmt.Println("  " + e)
		case <-time.After(grace + 2*time.Second):
			return
		}
	}
}

func main() {
	fmt.Println("slack-go")
	f := newFake()
	client := socketmode.New(slack.New("xoxb-1", slack.OptionAppLevelToken("xapp-1"), slack.OptionAPIURL(f.server.URL+"/")), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	go client.RunContext(context.Background())
	go func() {
		for e := range client.Events {
			if e.Type == socketmode.EventTypeSlashCommand {
				time.AfterFunc(work, func() { client.Ack(*e.Request) })
			}
		}
	}()
	f.seen()

	fmt.Println("@slack/socket-mode")
	f = newFake()
	node := exec.Command("node", "main.js", f.server.URL+"/", fmt.Sprint(work.Milliseconds()))
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	if err := node.Start(); err != nil {
		panic(err)
	}
	f.seen()
	node.Process.Kill()
}
GO
cat > main.js <<'JS'
const { LogLevel, SocketModeClient } = require('@slack/socket-mode');

const [url, work] = process.argv.slice(2);
const client = new SocketModeClient({ appToken: 'xapp-1', clientOptions: { slackApiUrl: url }, logLevel: LogLevel.ERROR });
client.on('slash_commands', ({ ack }) => {
  setTimeout(() => ack().catch((error) => console.log(`  ack() rejects: ${error.code}`)), Number(work));
});
client.start();
JS
{
  go mod init finding
  go get github.com/slack-go/slack@v0.35.0
  go mod tidy
} >/dev/null 2>&1
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @slack/socket-mode@3.1.0
go list -m github.com/slack-go/slack
npm ls --depth 0 2>/dev/null | grep slack
go run . 2>/dev/null | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
slack-go
  connection 1 is closed by the client
  connection 2 opens, 0 s after that
  the acknowledgement comes over connection 2
@slack/socket-mode
  connection 1 is closed by the client
  ack() rejects: slack_socket_mode_send_while_not_ready_error
  connection 2 opens, 5 s after that
WANT
