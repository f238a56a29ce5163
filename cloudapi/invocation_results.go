package cloudapi

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxPageSize is the most results that one call to DescribeInvocationResults
// returns.
const MaxPageSize = 50

var describeInvocationResults = operation{
	name: "DescribeInvocationResults", product: ECS, version: "2014-05-26",
	method: http.MethodPost, path: "/",
	// A success has no Code.
	ok: func(e *envelope) bool { return e.Code == "" || e.Code == "200" },
}

// InvocationResultsRequest selects results of Cloud Assistant commands. At
// least one of the ids is needed to find something.
type InvocationResultsRequest struct {
	InvokeID       InvokeID
	InstanceID     InstanceID
	CommandID      CommandID
	Status         string // InvokeRecordStatus, "" for all
	IncludeHistory bool   // earlier runs of a periodic command; needs InvokeID
	MaxResults     int    // of this page, 1 to MaxPageSize; 0 for the vendor's default
	NextToken      string // from the page before
}

// InvocationResults is one page of results. How many there are in all is known
// only when NextToken is empty: the vendor's TotalCount is not valid with
// tokens, and is not read.
type InvocationResults struct {
	Source

	Results   []InvocationResult
	NextToken string
	History   bool // earlier runs of a periodic command were asked for
}

// InvocationResult is what one instance made of a command.
type InvocationResult struct {
	InvokeID           InvokeID
	CommandID          CommandID
	InstanceID         InstanceID
	InvocationStatus   string
	InvokeRecordStatus string
	ErrorCode          string
	ErrorInfo          string
	ExitCode           *int64 // nil: the command did not end by itself
	Output             Output
	Repeats            int64
	Username           string
	ContainerName      string
	OSSOutputURI       string
	// Zero times are not set. The vendor's resolution is one second.
	StartedAt, FinishedAt, StoppedAt time.Time
	// TimesWithoutZone tells that the times came without a zone and were read as
	// UTC.
	TimesWithoutZone bool
}

// Output is what a command printed, stdout and stderr merged, as far as it was
// kept.
type Output struct {
	MachineBytes

	// DroppedBytes were cut away by the agent on the instance, from the
	// beginning or the middle: it keeps the end.
	DroppedBytes int64
	// Undecoded tells that the answer was not Base64, and the bytes are as they
	// came.
	Undecoded bool
}

type wireInvocationResult struct {
	InvokeID, CommandID, InstanceID, InvocationStatus, InvokeRecordStatus,
	ErrorCode, ErrorInfo, Output, Username, ContainerName, OssOutputURI,
	StartTime, FinishedTime, StopTime looseString
	ExitCode, Dropped, Repeats looseInt
}

// DescribeInvocationResults reads one page of results of Cloud Assistant
// commands. An empty page is not an error.
func (c *Client) DescribeInvocationResults(ctx context.Context, req InvocationResultsRequest) (InvocationResults, error) {
	var wire wireInvocationResults
	source, err := c.call(ctx, request{describeInvocationResults, c.invocationQuery(req), nil}, &wire)
	if err != nil {
		return InvocationResults{}, err
	}
	page := InvocationResults{Source: source, History: req.IncludeHistory}
	if wire.Invocation != nil {
		page.NextToken = wire.Invocation.NextToken.trimmed()
		for i := range wire.Invocation.InvocationResults {
			page.Results = append(page.Results, wire.Invocation.InvocationResults[i].result())
		}
	}
	return page, nil
}

func (c *Client) invocationQuery(req InvocationResultsRequest) url.Values {
	query := url.Values{"RegionId": {c.region}, "ContentEncoding": {"Base64"}}
	for name, value := range map[string]string{
		"InvokeId":           string(req.InvokeID),
		"InstanceId":         string(req.InstanceID),
		"CommandId":          string(req.CommandID),
		"InvokeRecordStatus": req.Status,
		"NextToken":          req.NextToken,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if req.IncludeHistory {
		query.Set("IncludeHistory", "true")
	}
	if req.MaxResults > 0 {
		query.Set("MaxResults", strconv.Itoa(req.MaxResults))
	}
	return query
}

type wireInvocationResults struct {
	envelope

	Invocation *struct {
		InvocationResults invocationResults
		NextToken         looseString
	}
}

// complete holds that some JSON of another origin does not pass as "no results".
func (w *wireInvocationResults) complete() error {
	if w.Invocation == nil && w.RequestID.trimmed() == "" {
		return errors.New("it holds neither an Invocation nor a RequestId")
	}
	return nil
}

type invocationResults []wireInvocationResult

func (r *invocationResults) UnmarshalJSON(data []byte) (err error) {
	*r, err = looseList[wireInvocationResult](data, "InvocationResult")
	return err
}

func (w *wireInvocationResult) result() InvocationResult {
	started, zoneless1 := ecsTime(w.StartTime)
	finished, zoneless2 := ecsTime(w.FinishedTime)
	stopped, zoneless3 := ecsTime(w.StopTime)
	return InvocationResult{
		InvokeID:           InvokeID(w.InvokeID.trimmed()),
		CommandID:          CommandID(w.CommandID.trimmed()),
		InstanceID:         InstanceID(w.InstanceID.trimmed()),
		InvocationStatus:   w.InvocationStatus.trimmed(),
		InvokeRecordStatus: w.InvokeRecordStatus.trimmed(),
		ErrorCode:          w.ErrorCode.trimmed(),
		ErrorInfo:          w.ErrorInfo.trimmed(),
		ExitCode:           w.ExitCode.pointer(),
		Output:             w.output(),
		Repeats:            w.Repeats.n,
		Username:           w.Username.trimmed(),
		ContainerName:      w.ContainerName.trimmed(),
		OSSOutputURI:       w.OssOutputURI.trimmed(),
		StartedAt:          started,
		FinishedAt:         finished,
		StoppedAt:          stopped,
		TimesWithoutZone:   zoneless1 || zoneless2 || zoneless3,
	}
}

var lineBreaks = strings.NewReplacer("\n", "", "\r", "", " ", "")

func (w *wireInvocationResult) output() Output {
	out := Output{DroppedBytes: max(w.Dropped.n, 0)}
	unpadded := strings.TrimRight(lineBreaks.Replace(string(w.Output)), "=")
	bytes, err := base64.RawStdEncoding.DecodeString(unpadded)
	if err != nil {
		bytes, out.Undecoded = []byte(w.Output), true
	}
	out.MachineBytes = NewMachineBytes(bytes)
	return out
}

// ecsTime reads a time of today's answers, or of older ones, which name no zone.
// What is no time is not set.
func ecsTime(s looseString) (t time.Time, zoneless bool) {
	if t, err := time.Parse(time.RFC3339, s.trimmed()); err == nil {
		return t.UTC(), false
	}
	t, err := time.Parse(time.DateTime, s.trimmed())
	return t, err == nil
}
