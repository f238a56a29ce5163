package cloudapi_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*cloudapi.Error{
		`DescribeX: the credentials do not allow this: "NoPermission": "no" (HTTP 403, RequestId "R-1")`: {
			Op: "DescribeX", Kind: cloudapi.ErrForbidden, Code: "NoPermission", Message: "no", Status: 403, RequestID: "R-1",
		},
		`DescribeX: Alibaba Cloud did not answer: no way`: {
			Op: "DescribeX", Kind: cloudapi.ErrUnavailable, Cause: errors.New("no\nway"),
		},
		`DescribeX: the answer cannot be understood (HTTP 302)`: {
			Op: "DescribeX", Kind: cloudapi.ErrBadResponse, Status: 302,
		},
	} {
		require.EqualError(t, e, want)
	}
}

func TestErrorTextIsBoundedAndPrintable(t *testing.T) {
	for name, text := range map[string]string{
		"long":              strings.Repeat("x", 10000),
		"quotes":            strings.Repeat(`"`, 10000),
		"not printable":     strings.Repeat("\U000E0041", 10000),
		"escape sequences":  strings.Repeat("\x1b[31m", 10000),
		"not UTF-8":         strings.Repeat("\xff", 10000),
		"wide":              strings.Repeat("界", 10000),
		"right to left":     strings.Repeat("\u202e", 10000),
		"lines":             strings.Repeat("a\n", 10000),
		"one byte too long": strings.Repeat("é", 2000),
	} {
		e := &cloudapi.Error{
			Op: "DescribeInvocationResults", Kind: cloudapi.ErrUnauthenticated, Code: text, Message: text, RequestID: text,
			Status: 500, Cause: errors.New(text), Recommend: text, Denied: &cloudapi.Denial{Action: text},
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Error("m", "error", e)
		for _, shown := range []string{e.Error(), log.String()} {
			require.Less(t, len(shown), 2000, name)
			require.True(t, utf8.ValidString(shown), name)
			require.NotContains(t, strings.TrimSpace(shown), "\n", name)
			require.NotContains(t, shown, "\x1b", name)
			require.NotContains(t, shown, "\u202e", name)
		}
		require.Contains(t, e.Error(), "HTTP 500", name)
	}
}

func TestLogsHoldNoFreeTextOfTheCloud(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Error("m", "error", &cloudapi.Error{
		Op: "DescribeX", Kind: cloudapi.ErrForbidden, Code: "NoPermission", Message: "free text", RequestID: "R-1", Status: 403,
		Recommend: "free text", Cause: errors.New("free text"), Denied: &cloudapi.Denial{Principal: "free text"}, Sent: true,
	})
	require.NotContains(t, log.String(), "free text")
	require.Contains(t, log.String(), "NoPermission")
	require.Contains(t, log.String(), "R-1")
}

func TestKindAndCauseAreVisibleToErrorsIs(t *testing.T) {
	e := &cloudapi.Error{Kind: cloudapi.ErrUnavailable, Cause: context.Canceled}
	require.ErrorIs(t, e, cloudapi.ErrUnavailable)
	require.ErrorIs(t, e, context.Canceled)
	require.NotErrorIs(t, e, cloudapi.ErrThrottled)
	require.NotErrorIs(t, &cloudapi.Error{Kind: cloudapi.ErrUnavailable}, context.Canceled)
	require.False(t, errors.As(&cloudapi.Error{Kind: cloudapi.ErrUnavailable}, new(interface{ Timeout() bool })))
}

func TestFlagsHaveNames(t *testing.T) {
	require.Equal(t, "absent false true", strings.Join([]string{
		cloudapi.Absent.String(), cloudapi.False.String(), cloudapi.True.String(),
	}, " "))
}
