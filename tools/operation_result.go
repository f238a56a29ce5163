package tools

import (
	"context"
	"regexp"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

type operationResultIn struct {
	OperationID     cloudapi.OperationID `json:"operation_id" jsonschema:"OperationId (op_…) or alias; expires after 1 hour"`
	ResourceGroupID string               `json:"resource_group_id,omitempty" jsonschema:"ResourceGroupId, for the permission check"`
	Common
}

// operationOut remembers what was asked, because asking again needs all of it.
type operationOut struct {
	cloudapi.OperationResult

	asked operationResultIn
}

var resourceGroupShape = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func getOperationResult(s *set) Tool {
	return define(s, spec[operationResultIn, operationOut]{
		Name:        "get_operation_result",
		Title:       "BPStudio operation result",
		Description: "Did an asynchronous BPStudio (CADT) operation succeed, on every instance? Read only.",
		IDs:         []IDKind{operationID},
		Central:     true,
		Actions:     []string{"bpstudio:GetExecuteOperationResult"},
		Check: func(in operationResultIn) (problems []string) {
			if in.OperationID == "" {
				problems = append(problems, "operation_id is required: an OperationId such as "+operationID.Example+", or an alias")
			}
			if in.ResourceGroupID != "" && !resourceGroupShape.MatchString(in.ResourceGroupID) {
				problems = append(problems, "resource_group_id: must be a ResourceGroupId such as rg-acfmx0000000000")
			}
			return problems
		},
		Run: func(ctx context.Context, at place, in operationResultIn) (operationOut, error) {
			result, err := at.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{
				OperationID: in.OperationID, ResourceGroupID: in.ResourceGroupID,
			})
			return operationOut{result, in}, err
		},
		Report: func(a formatters.Airlock, out operationOut) formatters.Report {
			return a.OperationResult(out.OperationResult)
		},
		Resume: func(out operationOut) (operationResultIn, bool) {
			return out.asked, formatters.OperationResultChanging(out.OperationResult)
		},
	})
}
