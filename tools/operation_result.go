package tools

import (
	"context"
	"regexp"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

type operationResultIn struct {
	OperationID     cloudapi.OperationID `json:"operation_id" jsonschema:"OperationId (op_…) or alias"`
	ResourceGroupID string               `json:"resource_group_id,omitempty" jsonschema:"for the permission check"`
	Common
}

var resourceGroupShape = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

const exampleGroup = "rg-acfmx0000000000"

func getOperationResult(s *set) Tool {
	return define(s, spec[operationResultIn, cloudapi.OperationResult]{
		Name:        "get_operation_result",
		Title:       "BPStudio operation result",
		Description: "Did an asynchronous BPStudio (CADT) operation succeed, on every instance? Results live for an hour. Read only.",
		IDs:         []IDKind{operationID},
		Central:     true,
		Actions:     []string{"bpstudio:GetExecuteOperationResult"},
		Check: func(in operationResultIn) (problems []string) {
			if in.OperationID == "" {
				problems = append(problems, "operation_id is required: an OperationId such as "+operationID.Example+", or an alias")
			}
			if in.ResourceGroupID != "" && !resourceGroupShape.MatchString(in.ResourceGroupID) {
				problems = append(problems, "resource_group_id: "+excerpt(in.ResourceGroupID)+" is not a ResourceGroupId; give one such as "+exampleGroup+", or leave it out")
			}
			return problems
		},
		Run: func(ctx context.Context, at place, in operationResultIn) (cloudapi.OperationResult, error) {
			return at.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{
				OperationID: in.OperationID, ResourceGroupID: in.ResourceGroupID,
			})
		},
		Report: func(a formatters.Airlock, _ operationResultIn, op cloudapi.OperationResult) formatters.Report {
			return a.OperationResult(op)
		},
		Nothing: operationResultIn{OperationID: "op_000000000000000000000000"},
		Resume: func(in operationResultIn, op cloudapi.OperationResult) (operationResultIn, bool) {
			return in, formatters.OperationResultChanging(op)
		},
	})
}
