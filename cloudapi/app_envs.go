package cloudapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

var describeAppEnvs = operation{
	name: "DescribeAppEnvs", product: WebPlus, version: webPlusVersion,
	method: http.MethodGet, path: "/pop/v1/wam/appEnv", ok: webPlusOK,
}

// AppEnv is a WebPlus environment, as far as it tells of its changes.
type AppEnv struct {
	EnvID          EnvID
	Name, Status   string
	LatestChangeID ChangeID // "" when there was none
	Changing       Flag     // ApplyingChange: a change is being carried out
}

// AppEnvs are environments that were asked for.
type AppEnvs struct {
	Source

	Envs []AppEnv
}

// DescribeAppEnvs reads one environment. The SDK of WebPlus (alibaba-cloud-sdk-go
// 1.63) takes EnvId alone; the vendor's page calls AppId required, and the API's
// own description does not.
func (c *Client) DescribeAppEnvs(ctx context.Context, id EnvID) (AppEnvs, error) {
	var wire struct {
		envelope

		AppEnvs appEnvs
	}
	query := url.Values{"EnvId": {string(id)}, "PageSize": {strconv.Itoa(1)}, "RegionId": {c.region}}
	source, err := c.call(ctx, request{describeAppEnvs, query, nil}, &wire)
	if err != nil {
		return AppEnvs{}, err
	}
	result := AppEnvs{Source: source}
	for _, e := range wire.AppEnvs {
		result.Envs = append(result.Envs, AppEnv{
			EnvID:          EnvID(e.EnvID.trimmed()),
			Name:           e.EnvName.trimmed(),
			Status:         e.EnvStatus.trimmed(),
			LatestChangeID: ChangeID(e.LatestChangeID.trimmed()),
			Changing:       e.ApplyingChange.Flag,
		})
	}
	return result, nil
}

type wireAppEnv struct {
	EnvID, EnvName, EnvStatus, LatestChangeID looseString
	ApplyingChange                            looseFlag
}

type appEnvs []wireAppEnv

func (e *appEnvs) UnmarshalJSON(data []byte) (err error) {
	*e, err = looseList[wireAppEnv](data, "AppEnv")
	return err
}
