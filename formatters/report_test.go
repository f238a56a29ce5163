package formatters

import (
	"testing"
)

func checkReport(t *testing.T, r Report, full bool) { t.Helper() }
