package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

const (
	defaultResults = 50
	maxResults     = 1000
	maxToken       = 1024 // bytes
	// maxPages is twice what full pages need: a filter may leave some half empty,
	// but tokens without an end must not be followed for ever.
	maxPages = 2 * maxResults / cloudapi.MaxPageSize
	// maxOutputs is how many bytes of output are held for one report: twice what
	// the most results can have when no machine has more than Cloud Assistant keeps.
	maxOutputs = 48 << 20
)

type invocationResultsIn struct {
	InvokeID       cloudapi.InvokeID   `json:"invoke_id,omitempty" jsonschema:"InvokeId (t-…) or alias"`
	InstanceID     cloudapi.InstanceID `json:"instance_id,omitempty" jsonschema:"InstanceId (i-…) or alias"`
	CommandID      cloudapi.CommandID  `json:"command_id,omitempty" jsonschema:"CommandId (c-…) or alias"`
	Status         string              `json:"status,omitempty" jsonschema:"record status to filter by"`
	IncludeHistory bool                `json:"include_history,omitempty" jsonschema:"earlier runs too; needs invoke_id"`
	MaxResults     *int                `json:"max_results,omitempty" jsonschema:"1 to 1000; default 50"`
	NextToken      string              `json:"next_token,omitempty" jsonschema:"from the report before"`
	FullOutput     bool                `json:"full_output,omitempty" jsonschema:"whole output; needs instance_id"`
	Common
}

// recordStatuses is what the vendor's filter knows.
var recordStatuses = []string{"Running", "Finished", "Failed", "Stopped", "Success", "PartialFailed", "Stopping"}

func getInvocationResults(s *set) Tool {
	return define(s, spec[invocationResultsIn, cloudapi.InvocationResults]{
		Name:        "get_invocation_results",
		Title:       "Cloud Assistant command results",
		Description: "What did a Cloud Assistant command (RunCommand, InvokeCommand) do on ECS instances: where did it fail, why, with which output, and may it be run again? Give at least one id. Runs nothing.",
		IDs:         []IDKind{invokeID, instanceID, commandID},
		Actions:     []string{"ecs:DescribeInvocationResults"},
		Check:       checkInvocationResults,
		Run:         readInvocationResults,
		Report:      reportInvocationResults,
		Nothing:     invocationResultsIn{InvokeID: "t-00000000000000"},
		Resume: func(in invocationResultsIn, page cloudapi.InvocationResults) (invocationResultsIn, bool) {
			return in, formatters.InvocationResultsChanging(page)
		},
		FullOutput: func(in invocationResultsIn) bool { return in.FullOutput },
		Whole:      wholeOutput,
	})
}

// wholeOutput is about one instance: the one that was asked for, or the first of
// the report, which begins with the worst.
func wholeOutput(in invocationResultsIn, r formatters.Report) invocationResultsIn {
	if in.InstanceID == "" && len(r.Items) > 0 {
		if ids, ok := r.Items[0].Facts.Get("instance_ids").([]string); ok && len(ids) > 0 {
			in.InstanceID = cloudapi.InstanceID(ids[0])
		}
	}
	in.FullOutput = in.InstanceID != ""
	return in
}

func checkInvocationResults(in invocationResultsIn) (problems []string) {
	if in.InvokeID == "" && in.InstanceID == "" && in.CommandID == "" {
		problems = append(problems, fmt.Sprintf("at least one of invoke_id (such as %s), instance_id (%s) and command_id (%s) is required", invokeID.Example, instanceID.Example, commandID.Example))
	}
	if in.Status != "" && recordStatus(in.Status) == "" {
		problem := "status: " + excerpt(in.Status) + " is not allowed; use one of " + strings.Join(recordStatuses, ", ")
		if near, ok := Nearest(in.Status, recordStatuses); ok {
			problem += "; did you mean " + near + "?"
		}
		problems = append(problems, problem)
	}
	if in.IncludeHistory && in.InvokeID == "" {
		problems = append(problems, "include_history needs invoke_id: it shows the earlier runs of one periodic command, such as "+invokeID.Example)
	}
	if n := in.MaxResults; n != nil && (*n < 1 || *n > maxResults) {
		problems = append(problems, fmt.Sprintf("max_results: must be from 1 to %d, such as %d, got %d", maxResults, defaultResults, *n))
	}
	if in.FullOutput && in.InstanceID == "" {
		problems = append(problems, "full_output needs instance_id: it shows the whole output of one instance, such as "+instanceID.Example)
	}
	if n := len(in.NextToken); n > maxToken {
		problems = append(problems, fmt.Sprintf("next_token: it is %d bytes long, which none is; copy it from the result before", n))
	}
	return problems
}

func recordStatus(given string) string {
	i := slices.IndexFunc(recordStatuses, func(known string) bool { return strings.EqualFold(known, strings.ReplaceAll(given, "_", "")) })
	if i < 0 {
		return ""
	}
	return recordStatuses[i]
}

// readInvocationResults reads pages until there are as many results as asked
// for, or no more.
func readInvocationResults(ctx context.Context, at place, in invocationResultsIn) (cloudapi.InvocationResults, error) {
	want := defaultResults
	if in.MaxResults != nil {
		want = *in.MaxResults
	}
	request := cloudapi.InvocationResultsRequest{
		InvokeID: in.InvokeID, InstanceID: in.InstanceID, CommandID: in.CommandID,
		Status: recordStatus(in.Status), IncludeHistory: in.IncludeHistory, NextToken: in.NextToken,
	}
	var all cloudapi.InvocationResults
	outputs := 0
	for range maxPages {
		request.MaxResults = min(want-len(all.Results), cloudapi.MaxPageSize)
		page, err := at.DescribeInvocationResults(ctx, request)
		if err != nil {
			return cloudapi.InvocationResults{}, err
		}
		for i := range page.Results {
			outputs += page.Results[i].Output.Len()
		}
		page.Results = append(all.Results, page.Results...)
		page.RequestIDs = append(all.RequestIDs, page.RequestIDs...)
		all = page
		if page.NextToken == "" || page.NextToken == request.NextToken || len(all.Results) >= want || outputs > maxOutputs {
			break
		}
		request.NextToken = page.NextToken
	}
	return all, nil
}

// reportInvocationResults adds what the answer cannot know: that it is a part of
// something.
func reportInvocationResults(a formatters.Airlock, in invocationResultsIn, page cloudapi.InvocationResults) formatters.Report {
	report := a.InvocationResults(page)
	if in.NextToken != "" {
		report.Facts = slices.DeleteFunc(report.Facts, func(f formatters.Fact) bool { return f.Name == "total" })
		report.Notes = append(report.Notes, "verdict and counts are of the results from next_token on; those before it are not in them")
	}
	if status := recordStatus(in.Status); status != "" {
		report.Notes = append(report.Notes, "verdict and counts are of the results with the record status "+status+" alone")
	}
	return report
}
