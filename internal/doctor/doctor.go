package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// Status is the outcome of a check.
type Status string

// The outcomes.
const (
	OK      Status = "ok"
	Warning Status = "warning" // some calls will not work, or may not
	Failed  Status = "failed"
	Skipped Status = "skipped" // it cannot be checked, or not before something else is mended
)

// Check is what was found out about one thing.
type Check struct {
	Status  Status `json:"status"`
	Profile string `json:"profile,omitempty"`
	Name    string `json:"check"`
	Text    string `json:"text"`
	Mend    string `json:"mend,omitempty"`
}

// Healthy tells whether no check has failed.
func Healthy(checks []Check) bool {
	for _, c := range checks {
		if c.Status == Failed {
			return false
		}
	}
	return true
}

const configuration = "configuration"

// Misconfigured is what there is to say when the configuration is refused: a
// check for each of its problems.
func Misconfigured(err error) (checks []Check) {
	for problem := range strings.Lines(err.Error()) {
		checks = append(checks, Check{Status: Failed, Name: configuration, Text: strings.TrimSpace(problem), Mend: "correct it; nothing else can be checked before"})
	}
	return checks
}

// maxAtOnce bounds the profiles that are examined at the same time: answers may
// be large.
const maxAtOnce = 8

// limit is how long one look at one endpoint, and one read, may take.
const limit = 15 * time.Second

// Examine checks the profiles of known, whose tools are all. It asks Alibaba
// Cloud, and takes up to twice limit.
func Examine(ctx context.Context, cfg config.Config, known tools.Config, all []tools.Tool) []Check {
	checks := []Check{configured(cfg)}
	if cfg.UnreadProxy != "" {
		checks = append(checks, Check{
			Status: Warning, Name: "proxy", Text: cfg.UnreadProxy + " is no URL, so it is passed over and nothing goes through a proxy",
			Mend: "write it as http://user:password@host:port, with what is special in user and password percent-encoded (@ is %40)",
		})
	}
	if names := cfg.FromEnvironment(); len(names) > 0 && !cfg.Demo {
		checks = append(checks, Check{
			Status: Skipped, Name: "variables", Text: "set here: " + strings.Join(names, ", ") + ". An MCP client that starts alitriage may not pass them on",
			Mend: `put them into "env" of the client's configuration, and --read-only into its "args"`,
		})
	}
	for _, v := range cfg.Unused {
		if v.Named {
			continue // as people have it who keep a key for other tools
		}
		checks = append(checks, Check{
			Status: Warning, Name: "environment", Text: v.Name + " is set and not used: " + v.Unused,
			Mend: "unset it if it was meant for alitriage; what is read stands in docs/credentials.md",
		})
	}
	examined := make([][]Check, len(known.Profiles))
	var profiles sync.WaitGroup
	beds := make(chan struct{}, maxAtOnce)
	for i, p := range known.Profiles {
		beds <- struct{}{}
		profiles.Go(func() {
			defer func() { <-beds }()
			e := examination{
				Profile: p, role: cfg.Profiles[i].RoleARN, tools: all, readOnly: known.ReadOnly,
				airlock: formatters.Airlock{Key: known.MarkKey, Site: p.Site},
			}
			examined[i] = e.run(ctx)
		})
	}
	profiles.Wait()
	for _, list := range examined {
		checks = append(checks, list...)
	}
	return checks
}

func configured(cfg config.Config) Check {
	text := "no file; flags and environment alone"
	switch {
	case cfg.Demo:
		text = "--demo: the simulator in this process stands in for Alibaba Cloud"
	case cfg.File != "":
		text = fmt.Sprintf("%s: %s, %s", cfg.File, count(len(cfg.Profiles), "profile", "profiles"), count(len(cfg.Aliases), "alias", "aliases"))
	}
	return Check{Status: OK, Name: configuration, Text: text}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// examination is that of one profile.
type examination struct {
	tools.Profile

	role     string
	tools    []tools.Tool
	readOnly bool
	airlock  formatters.Airlock

	source   string // of the credentials
	noKey    error  // why there are none
	reached  []reached
	answered []answered
}

type reached struct {
	product cloudapi.Product
	at      cloudapi.Reached
	err     error
}

// answered is what became of a tool's read of nothing.
type answered struct {
	tool  tools.Tool
	asked bool
	err   error
}

// run asks first and judges then: one thing explains another.
func (e *examination) run(ctx context.Context) (checks []Check) {
	e.source, e.noKey = within(ctx, e.Client.CredentialsSource)
	e.reachAll(ctx)
	e.askAll(ctx)
	checks = append(checks, e.credentials(), e.region(), e.clock())
	checks = append(checks, e.endpoints()...)
	checks = append(checks, e.permissions()...)
	for i := range checks {
		checks[i].Profile = e.Name
	}
	return checks
}

func within[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("there was no answer within %s", limit))
	defer cancel()
	return f(ctx)
}

// productOf is the one that a tool reads.
func productOf(t tools.Tool) cloudapi.Product {
	product, _, _ := strings.Cut(t.Actions[0], ":")
	return cloudapi.Product(product)
}

// placed tells whether it is known where to ask a product.
func (e *examination) placed(p cloudapi.Product) bool {
	return e.Client.Region() != "" || !p.NeedsRegion()
}

func (e *examination) reachAll(ctx context.Context) {
	if e.role != "" {
		e.reached = append(e.reached, reached{product: cloudapi.STS})
	}
	for _, t := range e.tools {
		e.reached = append(e.reached, reached{product: productOf(t)})
	}
	var looks sync.WaitGroup
	for i := range e.reached {
		if r := &e.reached[i]; e.placed(r.product) {
			looks.Go(func() {
				r.at, r.err = within(ctx, func(ctx context.Context) (cloudapi.Reached, error) { return e.Client.Reach(ctx, r.product) })
			})
		}
	}
	looks.Wait()
}

func (e *examination) unreachable(p cloudapi.Product) bool {
	for _, r := range e.reached {
		if r.product == p {
			return r.err != nil
		}
	}
	return false
}

func (e *examination) askAll(ctx context.Context) {
	e.answered = make([]answered, len(e.tools))
	var reads sync.WaitGroup
	for i, t := range e.tools {
		a := &e.answered[i]
		a.tool = t
		if a.asked = e.noKey == nil && e.placed(productOf(t)) && !e.unreachable(productOf(t)); a.asked {
			reads.Go(func() {
				_, a.err = within(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, t.Probe(ctx, e.Profile) })
			})
		}
	}
	reads.Wait()
}
