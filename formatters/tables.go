package formatters

// VerdictTable is a verdict table as people review it. The first row whose
// condition holds decides.
type VerdictTable struct {
	Tool string // what the reports are of
	Rows []VerdictRow
}

// VerdictRow is a row with what a report says, here of an example.
type VerdictRow struct {
	When    string
	Verdict Verdict
	Why     string
	Next    []string
	Rerun   Rerun // "": nothing failed, or nothing can be run again
}

// VerdictTables shows all verdict tables, in the order of the tools.
func VerdictTables() []VerdictTable {
	return []VerdictTable{
		{"gather_env_stats", rowsOf(gatherRules)},
		{"get_invocation_results", rowsOf(invocationRules)},
		{"get_app_status", rowsOf(appRules)},
		{"get_operation_result", rowsOf(operationRules)},
	}
}

func rowsOf[S any](rules []rule[S]) []VerdictRow {
	rows := make([]VerdictRow, len(rules))
	for i, r := range rules {
		j := r.judge(r.example)
		rows[i] = VerdictRow{r.when, j.verdict, j.why, j.next, j.rerun}
	}
	return rows
}

// FailureRow is what an ErrorCode of Cloud Assistant means.
type FailureRow struct {
	Code  string // a trailing asterisk stands for any rest
	Cause string
	Ran   string // whether the command has run: no, maybe, yes, unknown; "" when the code does not speak of it
	Rerun Rerun  // by this code alone; the more careful of it and the status counts
	Next  []string
}

// CommandFailures shows the table of ErrorCodes.
func CommandFailures() []FailureRow {
	rows := make([]FailureRow, len(commandFailures))
	for i, f := range commandFailures {
		rows[i] = FailureRow{f.code, f.cause, string(f.ran), f.ran.rerun(), f.steps}
	}
	return rows
}
