package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "slacksim: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "`ADDRESS` on the loopback interface")
	bot := flags.String("bot", "", "`URL` of the bot; empty means Socket Mode")
	oneEndpoint := flags.String("events", "", "`PATH` of all three endpoints of the bot, where it has only one")
	options := slacksim.Options{Control: true}
	flags.DurationVar(&options.AckTimeout, "ack", 3*time.Second, "how long an answer may take")
	flags.DurationVar(&options.PingInterval, "ping", 5*time.Second, "the pause between PINGs of Socket Mode")
	flags.BoolVar(&options.ShouldEscape, "escape", false, "write mentions and URLs in the text of commands as should_escape asks for")
	retries := flags.String("retries", "", "pauses before an event is sent again, such as 0s,1s,1s; empty means Slack's own")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options.BotURL = *bot
	options.Paths = slacksim.Paths{Commands: *oneEndpoint, Interactions: *oneEndpoint, Events: *oneEndpoint}
	var err error
	if options.EventRetries, err = pauses(*retries); err != nil {
		return err
	}
	sim, err := slacksim.Listen(options, *listen)
	if err != nil {
		return err
	}
	defer sim.Close()
	if err := json.NewEncoder(out).Encode(sim.Identity()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func pauses(text string) ([]time.Duration, error) {
	if text == "" {
		return nil, nil
	}
	var list []time.Duration
	for part := range strings.SplitSeq(text, ",") {
		d, err := time.ParseDuration(part)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
