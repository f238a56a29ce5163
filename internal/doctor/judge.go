package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/tools"
)

// credentials are judged by where they are from, and by whether the gateway
// takes them.
func (e *examination) credentials() Check {
	c := Check{Status: OK, Name: "credentials", Text: e.source}
	switch refused := e.refusal(cloudapi.ErrUnauthenticated); {
	case e.noKey != nil:
		c.Status = Failed
		c.Text, c.Mend = e.explain(e.asCallError(e.noKey))
		if of, ok := errors.AsType[*cloudapi.Error](e.noKey); ok && of.For != "" {
			c.Text = of.For + ": " + c.Text
		}
		if errors.Is(e.noKey, cloudapi.ErrNoCredentials) { // in our own words, and to be read whole
			c.Text = e.noKey.Error()
		}
	case refused != nil && !clockIsOff(refused):
		c.Status = Failed
		text, mend := e.explain(refused)
		c.Text, c.Mend = e.source+": "+text, mend
	}
	return c
}

// asCallError is what a call would have ended with.
func (e *examination) asCallError(err error) error {
	_, refused := errors.AsType[*cloudapi.Error](err)
	switch {
	case refused: // of assuming a role
		return err
	case errors.Is(err, cloudapi.ErrNoCredentials):
		return &cloudapi.Error{Kind: cloudapi.ErrUnauthenticated, Cause: err, Sent: cloudapi.SomebodyWasAsked(err)}
	case e.role != "": // the time was over
		return &cloudapi.Error{Product: cloudapi.STS, Kind: cloudapi.ErrUnavailable, Cause: err}
	default:
		return &cloudapi.Error{Kind: cloudapi.ErrUnavailable, Cause: err}
	}
}

// refusal is the first answer of a kind.
func (e *examination) refusal(kind error) *cloudapi.Error {
	for _, a := range e.answered {
		if refused, ok := errors.AsType[*cloudapi.Error](a.err); ok && errors.Is(refused, kind) {
			return refused
		}
	}
	return nil
}

// The vendor takes what was signed up to 15 minutes ago, or ahead.
const (
	clockLimit = 15 * time.Minute
	clockOff   = time.Minute
)

func clockIsOff(e *cloudapi.Error) bool { return e.Skew.Abs() > clockLimit }

// clock compares this machine's with the Date of the answers, to a second. Of
// several the worst counts: at that endpoint calls are refused.
func (e *examination) clock() Check {
	c := Check{Status: Skipped, Name: "clock", Text: "not checked: no endpoint has told the time"}
	var skew time.Duration
	for _, r := range e.reached {
		if r.err == nil && r.at.SkewKnown {
			c.Status = OK
			if one := r.at.Skew.Round(time.Second); one.Abs() > skew.Abs() {
				skew = one
			}
		}
	}
	if c.Status == Skipped {
		return c
	}
	c.Text = "as Alibaba Cloud's, to a second or two"
	if skew.Abs() > 2*time.Second {
		way := "ahead of"
		if skew > 0 {
			way = "behind"
		}
		c.Text = fmt.Sprintf("%s %s Alibaba Cloud's", skew.Abs(), way)
	}
	if skew.Abs() > clockOff {
		c.Status, c.Mend = Warning, "set it by NTP (chronyc makestep; Windows: w32tm /resync): at 15 minutes every call is refused"
	}
	if skew.Abs() > clockLimit {
		c.Status, c.Mend = Failed, "set it by NTP (chronyc makestep; Windows: w32tm /resync): beyond 15 minutes every call is refused"
	}
	return c
}

// region is the profile's, which calls and aliases may replace.
func (e *examination) region() Check {
	c := Check{Status: OK, Name: "region", Text: e.Client.Region()}
	if c.Text == "" {
		return Check{
			Status: Warning, Name: c.Name, Text: "none: every call has to name one, or its alias",
			Mend: "give this profile a region in the config file, or set --region or ALIBABA_CLOUD_REGION_ID",
		}
	}
	for _, a := range e.answered {
		if refused, ok := errors.AsType[*cloudapi.Error](a.err); ok && isAboutRegion(refused) {
			text, mend := e.explain(refused)
			return Check{Status: Failed, Name: c.Name, Text: c.Text + ": " + text, Mend: mend}
		}
	}
	if near, known := tools.KnownRegion(c.Text); !known {
		c.Status, c.Text = Warning, c.Text+" is not among the regions that this version knows"
		if near != "" {
			c.Text += "; did you mean " + near + "?"
		}
		c.Mend = "check it with `aliyun ecs DescribeRegions`; a new one works all the same"
	}
	return c
}

func isAboutRegion(e *cloudapi.Error) bool {
	return slices.ContainsFunc([]string{"InvalidRegionId", "RegionId.", "InvalidServerlessRegion"}, func(prefix string) bool {
		return strings.HasPrefix(e.Code, prefix)
	})
}

func (e *examination) endpoints() (checks []Check) {
	for _, r := range e.reached {
		c := Check{Status: OK, Name: "endpoint " + string(r.product)}
		switch {
		case !e.placed(r.product):
			c.Status, c.Text = Skipped, "not checked: its host depends on the region, and there is none"
		case r.err == nil:
			c.Text = way(r.at)
		default:
			c.Status = Failed
			c.Text, c.Mend = e.lost(r)
		}
		if region := e.Client.Region(); c.Status == Failed && r.product.NeedsRegion() && !r.product.OfferedIn(region) {
			c.Status, c.Mend = Warning, fmt.Sprintf("%s is not documented for %s: its tool will not work there; the others can", r.product, region)
		}
		checks = append(checks, c)
	}
	return checks
}

// lost is why an endpoint was not reached; what mends it is what a call would be
// told.
func (e *examination) lost(r reached) (text, mend string) {
	way, _ := errors.AsType[*cloudapi.ReachError](r.err)
	return e.explain(&cloudapi.Error{
		Product: r.product, Region: e.Client.Region(), Kind: cloudapi.ErrUnavailable, Cause: r.err,
		Sent: way != nil && way.Phase == cloudapi.PhaseAnswer,
	})
}

// way says how an endpoint was reached.
func way(at cloudapi.Reached) string {
	text := at.Host
	if at.Proxy != "" {
		text += " through the proxy " + at.Proxy
	}
	text += fmt.Sprintf(": an answer in %s", max(at.Took.Round(time.Millisecond), time.Millisecond))
	if at.TLS != "" {
		return text + ", " + at.TLS
	}
	return text + ", without TLS"
}

// permissions are judged by reads of what does not exist.
func (e *examination) permissions() (checks []Check) {
	for _, a := range e.answered {
		actions := a.tool.Actions
		for i, action := range actions[:len(actions)-1] {
			c := Check{Status: Skipped, Name: "permission " + action, Text: "cannot be tested without starting something", Mend: "if a start is denied, give its error to alitriage-mcp policy --from-error"}
			if i > 0 {
				c.Text, c.Mend = "not tested: it is read only after a start was refused because another change runs, to name that change", ""
			}
			checks = append(checks, c)
		}
		c := e.permission(a)
		c.Name = "permission " + actions[len(actions)-1]
		checks = append(checks, c)
	}
	return checks
}

func (e *examination) permission(a answered) Check {
	refused, _ := errors.AsType[*cloudapi.Error](a.err)
	switch {
	case !a.asked:
		return Check{Status: Skipped, Text: "not checked: " + e.whyNotAsked(a.tool)}
	case a.err == nil:
		return Check{Status: OK, Text: "allowed"}
	case refused == nil:
		return Check{Status: Failed, Text: a.err.Error()}
	case errors.Is(refused, cloudapi.ErrUnauthenticated) && clockIsOff(refused):
		return Check{Status: Skipped, Text: "not checked: the clock is off"}
	case errors.Is(refused, cloudapi.ErrUnauthenticated):
		return Check{Status: Skipped, Text: "not checked: the credentials are not accepted"}
	case isAboutRegion(refused):
		return Check{Status: Skipped, Text: "not checked: the region is not accepted"}
	case refused.Code == "ResourceAuthFailed":
		return Check{Status: Skipped, Text: "cannot be told: WebPlus gives one answer for what does not exist and for what may not be read"}
	case errors.Is(refused, cloudapi.ErrInvalid):
		return Check{Status: OK, Text: "allowed: the call was let in, and its arguments refused (" + refused.Code + ")"}
	}
	text, mend := e.explain(a.err)
	status := Failed
	if errors.Is(refused, cloudapi.ErrThrottled) {
		status = Warning
	}
	return Check{Status: status, Text: text, Mend: mend}
}

func (e *examination) whyNotAsked(t tools.Tool) string {
	switch {
	case e.noKey != nil:
		return "there are no credentials"
	case !e.placed(productOf(t)):
		return "there is no region"
	default:
		return "the endpoint cannot be reached"
	}
}

// explain says in one line what an error is, and what mends it.
func (e *examination) explain(err error) (text, mend string) {
	report := e.airlock.Error(err)
	if n := len(report.Reasons); n > 0 {
		text = report.Reasons[n-1]
	}
	if refused, ok := errors.AsType[*cloudapi.Error](err); ok && refused.Op != "" {
		text = strings.TrimPrefix(report.Headline, "Could not find out: ") + ": " + text
	}
	if len(report.Source.RequestIDs) > 0 {
		text += " (RequestId " + report.Source.RequestIDs[0] + ")"
	}
	if len(report.NextSteps) > 0 {
		mend = report.NextSteps[0]
	}
	return text, mend
}
