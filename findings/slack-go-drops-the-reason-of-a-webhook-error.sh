#!/usr/bin/env bash
# One would guess: when Slack refuses a message to an incoming webhook or a response_url, the error holds Slack's word
# for it. Slack sends that word as the body of the 4xx (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks),
# and only the word tells a removed app (no_service) from an archived channel or from blocks that are wrong.
#
# What happens: github.com/slack-go/slack v0.35.0 (checked 2026-12-01) returns a StatusCodeError with the status alone;
# the body is read, and is in none of its fields. A response_url that was used up (404, used_url) looks like one whose
# app is gone. The other way round, PostWebhook takes any 200 for success, also {"ok":false,…}, while a response_url's
# answer {"ok":false,…} is an error. @slack/webhook 8.0.2 keeps the body in error.body.
#
# Usage: findings/slack-go-drops-the-reason-of-a-webhook-error.sh   (needs go and npm; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"

	"github.com/slack-go/slack"
)

func main() {
	for _, answer := range []struct {
		status int
		body   string
	}{
		{400, "invalid_blocks"},
		{404, "no_service"},
		{404, `{"ok":false,"error":"used_url"}`},
		{410, "channel_is_archived"},
		{200, `{"ok":false,"error":"expired_url"}`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if strings.HasPrefix(answer.body, "{") {
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(answer.status)
			io.WriteString(w, answer.body)
		}))
		fmt.Println(answer.status, answer.body)
		fmt.Printf("  slack-go, webhook:      %v\n", slack.PostWebhook(server.URL, &slack.WebhookMessage{Text: "x"}))
		_, _, _, err := slack.New("token").SendMessage("C1", slack.MsgOptionText("x", false), slack.MsgOptionResponseURL(server.URL, "ephemeral"))
		fmt.Printf("  slack-go, response_url: %v\n", err)
		node := exec.Command("node", "main.js", server.URL)
		node.Stdout, node.Stderr = os.Stdout, os.Stderr
		if err := node.Run(); err != nil {
			panic(err)
		}
		server.Close()
	}
}
GO
cat > main.js <<'JS'
const { IncomingWebhook } = require('@slack/webhook');

new IncomingWebhook(process.argv[2]).send({ text: 'x' }).then(
  (result) => console.log(`  @slack/webhook:         ${JSON.stringify(result.text)}`),
  (error) => console.log(`  @slack/webhook:         ${JSON.stringify(error.body)}`),
);
JS
{
  go mod init finding
  go get github.com/slack-go/slack@v0.35.0
  go mod tidy
} >/dev/null 2>&1
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @slack/webhook@8.0.2
go list -m github.com/slack-go/slack
npm ls --depth 0 2>/dev/null | grep slack
go run . | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
400 invalid_blocks
  slack-go, webhook:      slack server error: 400 Bad Request
  slack-go, response_url: slack server error: 400 Bad Request
  @slack/webhook:         "invalid_blocks"
404 no_service
  slack-go, webhook:      slack server error: 404 Not Found
  slack-go, response_url: slack server error: 404 Not Found
  @slack/webhook:         "no_service"
404 {"ok":false,"error":"used_url"}
  slack-go, webhook:      slack server error: 404 Not Found
  slack-go, response_url: slack server error: 404 Not Found
  @slack/webhook:         "{\"ok\":false,\"error\":\"used_url\"}"
410 channel_is_archived
  slack-go, webhook:      slack server error: 410 Gone
  slack-go, response_url: slack server error: 410 Gone
  @slack/webhook:         "channel_is_archived"
200 {"ok":false,"error":"expired_url"}
  slack-go, webhook:      <nil>
  slack-go, response_url: expired_url
  @slack/webhook:         "{\"ok\":false,\"error\":\"expired_url\"}"
WANT
