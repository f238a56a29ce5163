package tools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// log writes one line about a call: about what and how, never texts or outputs.
func (t Tool) log(ctx context.Context, about asked, took time.Duration, r formatters.Report, err error) {
	logger := t.set.Logger
	if logger == nil {
		return
	}
	attrs := []slog.Attr{slog.String("tool", t.Name), slog.Duration("took", took)}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		logger.LogAttrs(ctx, slog.LevelInfo, "call refused", append(attrs, slog.Int("problems", len(refusal.Problems)))...)
		return
	}
	attrs = append(attrs, slog.String("profile", about.profile), slog.String("region", about.region))
	for _, id := range about.ids {
		attrs = append(attrs, slog.Any(id.Name, id.Value))
	}
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelWarn, "call without an answer", append(attrs, slog.Any("error", logged(err)))...)
		return
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "call", append(attrs,
		slog.String("verdict", string(r.Verdict)), slog.Any("request_ids", r.Source.RequestIDs))...)
}

// logged keeps texts of people and of the cloud out of logs.
func logged(err error) slog.Value {
	if e, ok := errors.AsType[*cloudapi.Error](err); ok {
		return e.LogValue()
	}
	return slog.StringValue(fmt.Sprintf("%T", err))
}

// bug logs a panic where its stack can still be seen. What was panicked with may
// hold text of cloud origin.
func (s *set) bug(ctx context.Context, where string, value any) {
	if s.Logger != nil {
		s.Logger.LogAttrs(ctx, slog.LevelError, "internal error",
			slog.String("tool", where), slog.String("kind", fmt.Sprintf("%T", value)), slog.String("stack", string(debug.Stack())))
	}
}
