package tools

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// hinted is an error with what the arguments may have to do with it.
type hinted struct {
	error

	hints []string
}

func (h *hinted) Unwrap() error { return h.error }

// explain turns an error before any request into a Refusal, and adds to "not
// found" what is odd about the ids.
func (t Tool) explain(err error, in reflect.Value) error {
	var e *cloudapi.Error
	if errors.As(err, &e) && errors.Is(e, cloudapi.ErrNoCredentials) {
		report := t.set.airlock(false).Error(err)
		return &Refusal{t.Name, append(report.Reasons, report.NextSteps...)}
	}
	if !errors.Is(err, cloudapi.ErrNotFound) {
		return err
	}
	if hints := t.oddLengths(in); len(hints) > 0 {
		return &hinted{err, hints}
	}
	return err
}

func (t Tool) oddLengths(in reflect.Value) (hints []string) {
	kinds, ids := t.given(in)
	for i, k := range kinds {
		if odd := k.oddLength(ids[i]); odd != "" {
			hints = append(hints, odd)
		}
	}
	return hints
}

// echo adds the ids that were asked for and that the answer does not repeat, so
// that every result names exactly what it is about.
func (t Tool) echo(r *formatters.Report, in reflect.Value) {
	kinds, ids := t.given(in)
	var missing formatters.Facts
	for i, k := range kinds {
		if r.Facts.Get(k.Arg) == nil {
			missing = append(missing, formatters.Fact{Name: k.Arg, Value: ids[i]})
		}
	}
	r.Facts = append(missing, r.Facts...)
	if r.Verdict == formatters.Unknown {
		r.Notes = append(r.Notes, t.oddLengths(in)...)
	}
}

// ErrorText renders an error of Call for people and models, within
// formatters.MaxError bytes.
func (t Tool) ErrorText(err error) string {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return limited(refusal.Error())
	}
	report := t.set.airlock(false).Error(err)
	report.Source.Simulated = t.set.Simulated
	var h *hinted
	if errors.As(err, &h) {
		report.NextSteps = append(h.hints, report.NextSteps...)
	}
	return limited(formatters.Text(report, "error"))
}

// limited drops whole lines from the end.
func limited(text string) string {
	const more = "\n[… shortened by alitriage …]"
	if len(text) <= formatters.MaxError {
		return text
	}
	text = strings.ToValidUTF8(text[:formatters.MaxError-len(more)], "")
	if i := strings.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text + more
}

// logged keeps texts of people and of the cloud out of logs.
func logged(err error) slog.LogValuer {
	var e *cloudapi.Error
	if errors.As(err, &e) {
		return e
	}
	return logText(fmt.Sprintf("%T", err))
}

type logText string

func (l logText) LogValue() slog.Value { return slog.StringValue(string(l)) }
