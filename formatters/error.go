package formatters

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/alitriage/alitriage/cloudapi"
)

// Error reports that nothing could be found out. It is not for commands that
// failed on a machine: those are data. Its text stays within MaxError bytes,
// with some room for hints.
func (a Airlock) Error(err error) Report {
	const room = 200
	var r Report
	for _, foreign := range []int{500, 250, 100} { // bytes of one text that is not ours
		r = a.through(func(c *chamber) Report { return errorLock{c, foreign}.report(err) })
		if len(Text(r, "")) <= MaxError-room {
			break
		}
	}
	return r
}

// errorLock lets so many bytes of each text through. What stands in quotes is
// shortened before they are put around it.
type errorLock struct {
	*chamber

	limit int
}

func (a errorLock) line(s string) string { return shortenTo(a.chamber.line(s), a.limit) }

func (a errorLock) quote(s string) string { return inQuotes(a.line(s)) }

func (a errorLock) word(s string) string {
	if passes(s, min(maxWord, a.limit)) {
		return s
	}
	return a.quote(s)
}

func (a errorLock) orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return a.word(s)
}

func (a errorLock) report(err error) Report {
	var e *cloudapi.Error
	if !errors.As(err, &e) {
		r := newReport(cloudapi.Source{})
		r.Verdict, r.Headline = Unknown, couldNot+a.line(err.Error())
		r.NextSteps = append(r.NextSteps, "Ask again; if it stays so, report it with the arguments that you gave.")
		return r
	}
	source := cloudapi.Source{Product: e.Product, Operation: e.Op, Region: e.Region, AsOf: e.At}
	if e.RequestID != "" {
		source.RequestIDs = []string{a.word(e.RequestID)}
	}
	r := newReport(source)
	r.Verdict = Unknown
	r.Reasons = append(r.Reasons, a.reasons(e)...)
	r.Headline, r.NextSteps, r.Rerun = couldNot+a.headline(e), errorSteps(e, a.Site), rerunOfStart(e)
	switch {
	case r.Rerun == RerunUnknown:
		r.Headline = "Could not find out, and the gather may have started: " + a.headline(e)
		r.NextSteps = []string{noSecondGather(a.Site.webPlusConsole(e.Region))}
	case r.Rerun == RerunSafe && !oneOf(e.Code, refusedLate...):
		r.Headline = "Nothing was started: " + a.headline(e)
	}
	if link := a.troubleshootLink(e); link != "" {
		r.NextSteps = append(slices.Clip(r.NextSteps), "Alibaba Cloud's troubleshooting link: "+link)
	}
	return r
}

// rerunOfStart speaks of the one operation that starts something. What was
// refused or never sent may be sent again; a gather only collects.
func rerunOfStart(e *cloudapi.Error) Rerun {
	switch {
	case e.MayHaveStarted:
		return RerunUnknown
	case e.Op == "GatherAppEnvStats":
		return RerunSafe
	default:
		return ""
	}
}

// refusedLate are refusals before which WebPlus had begun with the instances.
var refusedLate = []string{"CreateCommandFailed", "AgentSetupTimeout"}

const couldNot = "Could not find out: "

func (a errorLock) headline(e *cloudapi.Error) string {
	switch {
	case errors.Is(e, context.Canceled):
		return e.Op + " was cancelled"
	case errors.Is(e, context.DeadlineExceeded):
		return "the time for " + e.Op + " was over"
	case errors.Is(e, cloudapi.ErrNoCredentials):
		return "there are no Alibaba Cloud credentials to ask with"
	case e.Code != "":
		return fmt.Sprintf("%s was refused with %s", e.Op, a.word(e.Code))
	default:
		return e.Op + ": " + e.Kind.Error()
	}
}

func (a errorLock) reasons(e *cloudapi.Error) []string {
	var reasons []string
	if e.For != "" {
		reasons = append(reasons, "it was asked for the key of "+a.line(e.For))
	}
	switch {
	case e.Message != "" && e.Status != 0:
		reasons = append(reasons, fmt.Sprintf("Alibaba Cloud says (HTTP %d): %s", e.Status, a.quote(e.Message)))
	case e.Message != "":
		reasons = append(reasons, "Alibaba Cloud says: "+a.quote(e.Message))
	case e.Status != 0:
		reasons = append(reasons, fmt.Sprintf("HTTP status %d", e.Status))
	}
	if e.Cause != nil {
		if text := a.line(e.Cause.Error()); text != "" {
			reasons = append(reasons, text)
		}
	}
	if e.Denied != nil {
		reasons = append(reasons, a.denied(e.Denied))
	}
	return reasons
}
