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
)

type invocationResultsIn struct {
	InvokeID       cloudapi.InvokeID   `json:"invoke_id,omitempty" jsonschema:"InvokeId (t-…) or alias"`
	InstanceID     cloudapi.InstanceID `json:"instance_id,omitempty" jsonschema:"InstanceId (i-…) or alias"`
	CommandID      cloudapi.CommandID  `json:"command_id,omitempty" jsonschema:"CommandId (c-…) or alias"`
	Status         string              `json:"status,omitempty" jsonschema:"only results with this record status"`
	IncludeHistory bool                `json:"include_history,omitempty" jsonschema:"earlier runs of a periodic command; needs invoke_id"`
	MaxResults     int                 `json:"max_results,omitempty" jsonschema:"1 to 1000; default 50"`
	NextToken      string              `json:"next_token,omitempty" jsonschema:"from the result before, for the rest"`
	FullOutput     bool                `json:"full_output,omitempty" jsonschema:"one instance's whole output; needs instance_id"`
	Common
}

// recordStatuses is what the vendor's filter knows.
var recordStatuses = []string{"Running", "Finished", "Failed", "Stopped", "Success", "PartialFailed", "Stopping"}

// invocationOut remembers what was asked, because asking again needs all of it.
type invocationOut struct {
	cloudapi.InvocationResults

	asked invocationResultsIn
}

func getInvocationResults(s *set) Tool {
	return define(s, spec[invocationResultsIn, invocationOut]{
		Name:        "get_invocation_results",
		Title:       "Cloud Assistant command results",
		Description: "What did a Cloud Assistant command do on ECS instances: where did it fail, why, with which output, and may it be run again? Give at least one id. Read only.",
		IDs:         []IDKind{invokeID, instanceID, commandID},
		Actions:     []string{"ecs:DescribeInvocationResults"},
		Check:       checkInvocationResults,
		Run:         readInvocationResults,
		Report: func(a formatters.Airlock, out invocationOut) formatters.Report {
			return a.InvocationResults(out.InvocationResults)
		},
		Resume: func(out invocationOut) (invocationResultsIn, bool) {
			return out.asked, formatters.InvocationResultsChanging(out.InvocationResults)
		},
		FullOutput: func(in invocationResultsIn) bool { return in.FullOutput },
	})
}

func checkInvocationResults(in invocationResultsIn) (problems []string) {
	if in.InvokeID == "" && in.InstanceID == "" && in.CommandID == "" {
		problems = append(problems, fmt.Sprintf("at least one of invoke_id (such as %s), instance_id (%s) and command_id (%s) is required", invokeID.Example, instanceID.Example, commandID.Example))
	}
	if in.Status != "" && recordStatus(in.Status) == "" {
		problem := fmt.Sprintf("status: %.60q is not allowed; use one of %s", in.Status, strings.Join(recordStatuses, ", "))
		if near, ok := nearest(in.Status, recordStatuses); ok {
			problem += "; did you mean " + near + "?"
		}
		problems = append(problems, problem)
	}
	if in.IncludeHistory && in.InvokeID == "" {
		problems = append(problems, "include_history needs invoke_id, the InvokeId of a periodic command")
	}
	if in.MaxResults < 0 || in.MaxResults > maxResults {
		problems = append(problems, fmt.Sprintf("max_results: must be from 1 to %d, such as %d, got %d", maxResults, defaultResults, in.MaxResults))
	}
	if in.FullOutput && in.InstanceID == "" {
		problems = append(problems, "full_output needs instance_id: it shows one instance's whole output")
	}
	if len(in.NextToken) > 1024 {
		problems = append(problems, "next_token: it is too long to be one; copy it from the result before")
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
func readInvocationResults(ctx context.Context, at place, in invocationResultsIn) (invocationOut, error) {
	want := in.MaxResults
	if want == 0 {
		want = defaultResults
	}
	request := cloudapi.InvocationResultsRequest{
		InvokeID: in.InvokeID, InstanceID: in.InstanceID, CommandID: in.CommandID,
		Status: recordStatus(in.Status), IncludeHistory: in.IncludeHistory, NextToken: in.NextToken,
	}
	var all cloudapi.InvocationResults
	for {
		request.MaxResults = min(want-len(all.Results), cloudapi.MaxPageSize)
		page, err := at.DescribeInvocationResults(ctx, request)
		if err != nil {
			return invocationOut{}, err
		}
		page.Results = append(all.Results, page.Results...)
		page.RequestIDs = append(all.RequestIDs, page.RequestIDs...)
		all = page
		// A page that adds nothing but a token would be read for ever.
		if page.NextToken == "" || page.NextToken == request.NextToken || len(all.Results) >= want || len(page.RequestIDs) > maxResults/cloudapi.MaxPageSize {
			return invocationOut{all, in}, nil
		}
		request.NextToken = page.NextToken
	}
}
