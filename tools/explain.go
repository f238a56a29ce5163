package tools

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// unanswered is an error with what was asked, and what may be odd about it.
type unanswered struct {
	error

	about asked
	hints []string
}

func (u *unanswered) Unwrap() error { return u.error }

// explain turns an error before the first request into a Refusal, and adds to
// "not found" what is odd about the ids.
func (t Tool) explain(err error, about asked) error {
	e, ok := errors.AsType[*cloudapi.Error](err)
	if ok && errors.Is(e, cloudapi.ErrNoCredentials) {
		return &Refusal{Tool: t.Name, Problems: append([]string{"credentials: " + e.Cause.Error()}, t.set.airlock(about.profile, false).Error(err).NextSteps...)}
	}
	u := &unanswered{error: err, about: about}
	if ok && errors.Is(e, cloudapi.ErrNotFound) && e.Product != cloudapi.STS { // which knows no role
		u.hints = t.oddLengths(about)
	}
	return u
}

func (t Tool) oddLengths(about asked) (hints []string) {
	for _, id := range about.ids {
		k, _ := t.takes(id.Name)
		if odd := k.oddLength(id.Value.(string)); odd != "" {
			hints = append(hints, odd)
		}
	}
	return hints
}

// asked collects what the arguments in are about.
func (t Tool) asked(in reflect.Value, at place, central bool) asked {
	about := asked{profile: at.profile}
	if !central {
		about.region = at.Region()
	}
	for _, f := range t.fields {
		if _, isID := t.takes(f.name); !isID {
			continue
		}
		if id := in.FieldByIndex(f.index).String(); id != "" {
			about.ids = append(about.ids, formatters.Fact{Name: f.name, Value: id})
		}
	}
	return about
}

// place names account, region and ids.
func (a asked) place() string {
	words := []string{a.profile, a.region}
	for _, id := range a.ids {
		words = append(words, fmt.Sprint(id.Name, "=", id.Value))
	}
	return strings.Join(words, " ")
}

// echo adds the ids that were asked for and that the answer does not repeat, so
// that every result names exactly what it is about, and says so where it repeats
// another one.
func (t Tool) echo(r *formatters.Report, about asked) {
	var missing formatters.Facts
	var odd []string // about the ids
	for _, id := range about.ids {
		switch answered := r.Facts.Get(id.Name); answered {
		case nil:
			missing = append(missing, id)
		case id.Value:
		default:
			odd = append(odd, fmt.Sprintf("fields disagree: %s %s was asked for, and the answer is about another one", id.Name, id.Value))
			if r.Verdict == formatters.OK { // of something else
				r.Verdict = formatters.Unknown
				r.NextSteps = append(slices.Clip(r.NextSteps), "Ask again; if the answer stays about another one, check the endpoint and the proxy, and report it with the RequestId.")
			}
		}
	}
	if r.Verdict == formatters.Unknown {
		odd = append(odd, t.oddLengths(about)...)
	}
	r.Facts = slices.Concat(missing, r.Facts)
	r.Notes = append(slices.Clip(r.Notes), odd...)
}

// why is an error in half a sentence.
func why(a formatters.Airlock, err error) string {
	headline := a.Error(err).Headline
	if _, after, found := strings.Cut(headline, ": "); found { // behind what could not be found out, or was not started
		return after
	}
	return headline
}

// ErrorText renders an error of Call or ParseArgs for people and models, within
// formatters.MaxError bytes.
func (t Tool) ErrorText(err error) string {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return limited(refusal.Error())
	}
	u, ok := errors.AsType[*unanswered](err)
	if !ok {
		u = &unanswered{}
	}
	report := t.set.airlock(u.about.profile, false).Error(err)
	report.Source.Profile, report.Source.Simulated = u.about.profile, t.set.Simulated
	report.NextSteps = slices.Concat(u.hints, report.NextSteps)
	t.explainStart(&report, err, u.about)
	return limited(formatters.Text(report, "error"))
}

// explainStart says of a start whose fate is not known what it was about, and of
// one that was refused which change is in its way.
func (t Tool) explainStart(report *formatters.Report, err error, about asked) {
	if e, ok := errors.AsType[*cloudapi.Error](err); ok && e.MayHaveStarted && len(about.ids) > 0 {
		report.Reasons = append([]string{"it was to start in " + t.spelledOut(about)}, report.Reasons...)
	}
	if o, ok := errors.AsType[*obstructed](err); ok {
		report.NextSteps = slices.Concat(o.steps(t.set.airlock(about.profile, false)), report.NextSteps)
	}
}

// spelledOut names each id with its aliases.
func (t Tool) spelledOut(about asked) string {
	var things []string
	for _, id := range about.ids {
		k, _ := t.takes(id.Name)
		text := fmt.Sprint(k.Term, " ", id.Value)
		if _, owners := t.set.aliasesOf(k, id.Value.(string)); len(owners) > 0 {
			text += " (alias " + owners[0].Name + ")"
		}
		things = append(things, text)
	}
	return strings.Join(things, ", ")
}

// limited leaves out whole lines before the last one, which holds the RequestId.
func limited(text string) string {
	const more = "\n[… shortened by alitriage …]\n"
	if len(text) <= formatters.MaxError {
		return text
	}
	text = strings.TrimRight(text, "\n")
	last := text[strings.LastIndexByte(text, '\n')+1:]
	head := text[:max(formatters.MaxError-len(more)-len(last), 0)]
	short := head[:max(strings.LastIndexByte(head, '\n'), 0)] + more + last
	return strings.ToValidUTF8(short[:min(len(short), formatters.MaxError)], "")
}
