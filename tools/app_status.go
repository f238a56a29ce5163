package tools

import (
	"context"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

type appStatusIn struct {
	AppID cloudapi.AppID `json:"app_id" jsonschema:"AppId (lower-case UUID) or alias"`
	Common
}

func getAppStatus(s *set) Tool {
	return define(s, spec[appStatusIn, cloudapi.AppStatus]{
		Name:        "get_app_status",
		Title:       "SAE application status",
		Description: "Is a Serverless App Engine (SAE) application healthy, and is its last release done, waiting for a person, or broken? Read only.",
		IDs:         []IDKind{appID},
		Actions:     []string{"sae:DescribeApplicationStatus"},
		Check: func(in appStatusIn) []string {
			if in.AppID == "" {
				return []string{"app_id is required: an AppId such as " + appID.Example + ", or an alias"}
			}
			return nil
		},
		Run: func(ctx context.Context, at place, in appStatusIn) (cloudapi.AppStatus, error) {
			return at.DescribeApplicationStatus(ctx, in.AppID)
		},
		Report: func(a formatters.Airlock, _ appStatusIn, app cloudapi.AppStatus) formatters.Report {
			return a.AppStatus(app)
		},
		Nothing: appStatusIn{AppID: "00000000-0000-0000-0000-000000000000"},
		Resume: func(in appStatusIn, app cloudapi.AppStatus) (appStatusIn, bool) {
			return in, formatters.AppStatusChanging(app)
		},
	})
}
