package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/internal/config"
)

func (a *app) simulateCommand() *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "run the simulator alone, for tests and for trying alitriage with its own endpoint",
		Flags: []cli.Flag{&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "`ADDR` to listen on"}},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArguments(cmd); err != nil {
				return err
			}
			if cmd.String("listen") == "" { // it would be any port on all interfaces
				return refused(config.EmptyFlag("listen").Error())
			}
			return a.simulate(ctx, cmd.String("listen"))
		},
		OnUsageError: onUsageError,
	}
}

func (a *app) simulate(ctx context.Context, address string) error {
	stopped := make(chan struct{})
	defer onSignal(ctx, func() { close(stopped) })()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return refused("cannot listen on " + address + ": " + err.Error() + "\nGive another --listen, such as 127.0.0.1:0 for a free port.")
	}
	sim := cloudsim.New(cloudsim.Options{})
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprint(a.out, simulateText("http://"+listener.Addr().String(), sim)); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-failed:
		return err
	case <-stopped:
		return server.Close()
	}
}

// simulateText says how to use the simulator. Its first line is for programs.
func simulateText(url string, sim *cloudsim.Sim) string {
	key := sim.Key()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n\n", url, key.ID, key.Secret)
	fmt.Fprintf(&b, "# In another terminal:\nexport ALITRIAGE_ENDPOINT=%s\nexport ALIBABA_CLOUD_ACCESS_KEY_ID=%s\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s\nexport ALIBABA_CLOUD_REGION_ID=%s\n\n",
		url, key.ID, key.Secret, cloudsim.Region)
	b.WriteString("# Ids\n")
	for _, alias := range sim.Aliases() {
		fmt.Fprintf(&b, "%-13s %-12s %s\n", alias.Name, alias.Argument, alias.ID)
	}
	fmt.Fprintf(&b, "\n# A config file with the demo aliases, for --config\nprofiles:\n  default: {region: %s}\naliases:\n", cloudsim.Region)
	for _, alias := range sim.Aliases() {
		fmt.Fprintf(&b, "  %s: {%s: %s, region: %s}\n", alias.Name, alias.Argument, alias.ID, alias.Region)
	}
	return b.String()
}
