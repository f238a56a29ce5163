package cloudapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var describeApplicationStatus = operation{
	name: "DescribeApplicationStatus", product: SAE, version: "2019-05-06",
	method: http.MethodGet, path: "/pop/v1/sam/app/describeApplicationStatus",
	// A success may carry an ErrorCode: it decides nothing.
	ok: func(e *envelope) bool {
		code, err := strconv.Atoi(e.Code.trimmed())
		return err == nil && code/100 == 2 && strings.EqualFold(e.Success.trimmed(), "true")
	},
}

// AppStatus is the state of an SAE application. Texts are as the vendor spelt
// them, "" where it did not say.
type AppStatus struct {
	Source

	AppID                  AppID
	CurrentStatus          string
	SubStatus              string
	RunningInstances       *int64 // nil: not reported
	LastChangeOrderID      string
	LastChangeOrderStatus  string
	LastChangeOrderRunning Flag
	AppCreatedAt           time.Time // of the application, not of a deployment
	EnableAgent            Flag
	ARMSAdvancedEnabled    Flag
	ARMSLinked             bool   // the application has metadata in ARMS
	FileSizeLimitKB        *int64 // nil: not reported
	TraceID                string
}

// DescribeApplicationStatus reads one SAE application. The number of instances
// that it should have is not in the answer.
func (c *Client) DescribeApplicationStatus(ctx context.Context, id AppID) (AppStatus, error) {
	var wire struct {
		envelope

		TraceID looseString
		Data    struct {
			AppID, CurrentStatus, SubStatus, LastChangeOrderID, LastChangeOrderStatus looseString
			LastChangeOrderRunning, EnableAgent, ArmsAdvancedEnabled                  looseFlag
			RunningInstances, FileSizeLimit, CreateTime                               looseInt
			ArmsApmInfo                                                               presence
		}
	}
	query := url.Values{"AppId": {string(id)}}
	source, err := c.call(ctx, request{describeApplicationStatus, query, nil}, &wire)
	if err != nil {
		return AppStatus{}, err
	}
	data := wire.Data
	return AppStatus{
		Source:                 source,
		AppID:                  AppID(data.AppID.trimmed()),
		CurrentStatus:          data.CurrentStatus.trimmed(),
		SubStatus:              data.SubStatus.trimmed(),
		RunningInstances:       data.RunningInstances.pointer(),
		LastChangeOrderID:      data.LastChangeOrderID.trimmed(),
		LastChangeOrderStatus:  data.LastChangeOrderStatus.trimmed(),
		LastChangeOrderRunning: data.LastChangeOrderRunning.Flag,
		AppCreatedAt:           data.CreateTime.millis(),
		EnableAgent:            data.EnableAgent.Flag,
		ARMSAdvancedEnabled:    data.ArmsAdvancedEnabled.Flag,
		ARMSLinked:             bool(data.ArmsApmInfo),
		FileSizeLimitKB:        data.FileSizeLimit.pointer(),
		TraceID:                wire.TraceID.trimmed(),
	}, nil
}

// presence keeps of a value only that there is one. ArmsApmInfo holds a licence
// key.
type presence bool

func (p *presence) UnmarshalJSON(data []byte) error {
	var text looseText
	if err := text.UnmarshalJSON(data); err != nil {
		return err
	}
	*p = !presence(blank([]byte(text.trimmed())))
	return nil
}
