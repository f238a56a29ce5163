package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/internal/doctor"
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check configuration, credentials, clock, endpoints and permissions; starts nothing",
		Description: "It checks all profiles of the config file, or the one of --profile. Permissions are tested by reads of what does not exist.\n\n" +
			"Exit codes: 0 nothing failed, 1 something did.",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the checks as JSON"}},
		Action:       a.doctor,
		OnUsageError: onUsageError,
	}
}

func (a *app) doctor(ctx context.Context, cmd *cli.Command) error {
	if err := noArguments(cmd); err != nil {
		return err
	}
	ctx, drain, end := interruptible(ctx)
	defer end()
	checks, simulated, err := a.examine(ctx, cmd, drain)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = a.printChecksAsJSON(checks, simulated)
	} else {
		_, err = fmt.Fprint(a.out, checksText(checks, simulated))
	}
	if err == nil && !doctor.Healthy(checks) {
		err = &exitError{code: exitBad}
	}
	return err
}

func (a *app) examine(ctx context.Context, cmd *cli.Command, drain <-chan struct{}) (checks []doctor.Check, simulated bool, _ error) {
	cfg, err := config.Read(cmd, a.lookUp)
	if err != nil {
		return doctor.Misconfigured(err), cfg.Demo, nil
	}
	if cmd.IsSet("profile") {
		cfg.Profiles = cfg.Profiles[:1]
	}
	_, logger, err := a.settings(cmd)
	if err != nil {
		return nil, false, err
	}
	known, all, err := a.tools(cfg, forTerminal(cfg, logger), drain)
	if err != nil {
		return nil, false, err
	}
	return doctor.Examine(ctx, cfg, known, all), cfg.Demo, nil
}

// checksText has a line for each check.
func checksText(checks []doctor.Check, simulated bool) string {
	var b strings.Builder
	if simulated {
		b.WriteString("SIMULATED: nothing of this is about Alibaba Cloud.\n")
	}
	widest := 0
	for _, c := range checks {
		widest = max(widest, len(title(c)))
	}
	failed, warnings, said := 0, 0, ""
	for _, c := range checks {
		fmt.Fprintf(&b, "%-7s  %-*s  %s", signs[c.Status], widest, title(c), c.Text)
		switch c.Mend {
		case "":
		case said:
			b.WriteString(" → as above")
		default:
			b.WriteString(" → " + c.Mend)
		}
		b.WriteByte('\n')
		said = c.Mend
		switch c.Status {
		case doctor.Failed:
			failed++
		case doctor.Warning:
			warnings++
		case doctor.OK, doctor.Skipped:
		}
	}
	fmt.Fprintf(&b, "\nchecks: %d, failed: %d, to look at: %d\n", len(checks), failed, warnings)
	return b.String()
}

var signs = map[doctor.Status]string{doctor.OK: "ok", doctor.Warning: "warning", doctor.Failed: "FAILED", doctor.Skipped: "-"}

func title(c doctor.Check) string {
	if c.Profile == "" {
		return c.Name
	}
	return c.Profile + ": " + c.Name
}

func (a *app) printChecksAsJSON(checks []doctor.Check, simulated bool) error {
	b, err := json.MarshalIndent(struct {
		OK        bool           `json:"ok"`
		Simulated bool           `json:"simulated"`
		Checks    []doctor.Check `json:"checks"`
	}{doctor.Healthy(checks), simulated, checks}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, string(b))
	return err
}
