// Command serve runs the fake Slack alone, for clients that are not written in
// Go: the scripts of internal/peers, and black-box tests of alitriage-slackbot.
//
//	go run ./cmd/slackbot/internal/slacksim/serve [-listen 127.0.0.1:0] [-bot http://127.0.0.1:8080] [-ack 3s] [-ping 5s] [-events one] [-escape]
//
// Its first line of stdout is a JSON object with all URLs, tokens, secrets and
// ids. People are played by POST /_sim/ORDER with a JSON body, from the same
// machine only. It ends with its stdin, so it does not outlive its caller.
//
// It must not import anything of alitriage but slacksim.
package main
