package cloudapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

var getExecuteOperationResult = operation{
	name: "GetExecuteOperationResult", product: BPStudio, version: "2021-09-31",
	method: http.MethodPost, path: "/",
	// It says only that the API answered, not that the operation succeeded.
	ok: func(e *envelope) bool {
		return e.Code.trimmed() == "200" && !strings.EqualFold(e.Success.trimmed(), "false")
	},
}

// OperationResultRequest names an operation. ResourceGroupID is optional and
// serves the vendor's permission check.
type OperationResultRequest struct {
	OperationID     OperationID
	ResourceGroupID string
}

// OperationResult is the state of a BPStudio operation.
type OperationResult struct {
	Source

	Found       bool // false: the answer held no Data; the id has expired or never existed
	OperationID OperationID
	Status      string
	// Message and Arguments are texts that often hold JSON, in several layers,
	// and in it output of machines.
	Message, Arguments MachineBytes
}

// GetExecuteOperationResult reads a BPStudio operation. An OperationId lives one
// hour.
func (c *Client) GetExecuteOperationResult(ctx context.Context, req OperationResultRequest) (OperationResult, error) {
	form := url.Values{"OperationId": {string(req.OperationID)}}
	if req.ResourceGroupID != "" {
		form.Set("ResourceGroupId", req.ResourceGroupID)
	}
	var wire struct {
		envelope

		Data optional[struct {
			OperationID, Status looseString
			Message, Arguments  looseText
		}]
	}
	source, err := c.call(ctx, request{getExecuteOperationResult, nil, form}, &wire)
	if err != nil {
		return OperationResult{}, err
	}
	data := wire.Data.p
	if data == nil {
		return OperationResult{Source: source, OperationID: req.OperationID}, nil
	}
	return OperationResult{
		Source:      source,
		Found:       true,
		OperationID: OperationID(data.OperationID.trimmed()),
		Status:      data.Status.trimmed(),
		Message:     NewMachineBytes([]byte(data.Message)),
		Arguments:   NewMachineBytes([]byte(data.Arguments)),
	}, nil
}
