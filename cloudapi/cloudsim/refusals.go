package cloudsim

import (
	"cmp"
	"fmt"
	"net/http"
)

// documented are the errors of the gateway, of STS and of the five operations, as
// reference/cloudapi.md has them in its sections 7 and 9.
var documented = map[string]struct {
	status  int
	message string
}{
	"MissingAccessKeyId":                         {400, "AccessKeyId is mandatory for this action."},
	"IncompleteSignature":                        {400, "The request signature does not conform to Aliyun standards."},
	"InvalidSignatureMethod":                     {400, "Specified signature method is not valid."},
	"InvalidAccessKeyId.NotFound":                {404, "Specified access key is not found."},
	"InvalidAccessKeyId.Inactive":                {400, "Specified access key is disabled."},
	"SignatureDoesNotMatch":                      {400, "Specified signature does not match our calculation."},
	"InvalidTimeStamp.Format":                    {400, "Specified time stamp or date value is not well formatted."},
	"InvalidTimeStamp.Expired":                   {400, "Specified time stamp or date value is expired."},
	"IllegalTimestamp":                           {400, "The input parameter \"Timestamp\" that is mandatory for processing this request is not supplied."},
	"RequestTimeExpired":                         {400, "Request time has expired."},
	"SignatureNonceUsed":                         {400, "Specified signature nonce was used already."},
	"MissingSecurityToken":                       {400, "SecurityToken is mandatory for this action."},
	"InvalidSecurityToken.Expired":               {400, "Specified SecurityToken is expired."},
	"InvalidSecurityToken.Malformed":             {400, "Specified SecurityToken is malformed."},
	"InvalidSecurityToken.MismatchWithAccessKey": {400, "Specified SecurityToken mismatch with the AccessKey."},
	"SecurityTokenExpired":                       {400, "Specified SecurityToken is expired."},
	"InvalidApi.NotFound":                        {404, "Specified api is not found, please check your url and method."},
	"InvalidAction.NotFound":                     {404, "Specified api is not found, please check your url and method."},
	"UnsupportedHTTPMethod":                      {400, "This http method is not supported."},
	"RequestEntityTooLarge":                      {413, "The request is larger than this gateway takes."},
	"Throttling":                                 {400, "Request was denied due to request throttling."},
	"Throttling.User":                            {400, "Request was denied due to user flow control."},
	"Throttling.Api":                             {400, "Request was denied due to api flow control."},
	"ServiceUnavailable":                         {503, "The request has failed due to a temporary failure of the server."},
	"InternalError":                              {500, "The request processing has failed due to some unknown error."},
	"InternalError.Dispatch":                     {500, "An error occurred when you dispatched the request."},
	"UnknownError":                               {500, "The request processing has failed due to some unknown error."},
	"NoPermission":                               {403, "You are not authorized to do this action."},
	"Forbidden":                                  {403, "User not authorized to operate on the specified resource."},
	"Forbidden.RAM":                              {403, "User not authorized to operate on the specified resource, or this API doesn't support RAM."},
	"Forbidden.NotSupportRAM":                    {403, "This action does not support accessed by RAM mode."},
	"AuthenticationFailed":                       {403, "Authentication failed."},
	"ResourceAuthFailed":                         {403, "The resource does not exist or you are not authorized to access it."},
	"EntityNotExist.Role":                        {404, "The role not exists."},
	"InvalidAppId.NotFound":                      {404, "The specified AppId does not exist."},
	"InvalidApplication.NotFound":                {400, "The current application does not exist."},
	"InvalidParameter.NotEmpty":                  {400, "You must specify the parameter."},
	"EnvNotExists":                               {404, "The specified environment does not exist."},
	"ChangeNotExists":                            {404, "The specified change does not exist."},
	"InstanceNotExists":                          {404, "The specified instance does not exist in the environment."},
	"EnvOnChanging":                              {400, "The environment is being changed by another change."},
	"GatherStatsOnTerminatedEnvNotAllowed":       {403, "Gathering stats of a terminated environment is not allowed."},
	"CreateCommandFailed":                        {400, "The Cloud Assistant command could not be created."},
	"AgentSetupTimeout":                          {400, "The agent did not answer in time."},
	"InvalidParam.PageNumber":                    {403, "The specified parameter is invalid."},
	"InvalidParam.PageSize":                      {403, "The specified parameter is invalid."},
	"InvalidParameter":                           {400, "The specified parameter is not valid."},
	"RegionId.ApiNotSupported":                   {400, "The api is not supported in this region."},
	"InvalidServerlessRegion.Unsupported":        {400, "The current region is currently not supported."},
}

// refuse is a documented error; of one that is not documented it knows only the
// code.
func refuse(code string) *refusal {
	known := documented[code]
	return &refusal{status: cmp.Or(known.status, http.StatusBadRequest), code: code, message: known.message}
}

func missing(name string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "Missing" + name, message: fmt.Sprintf(
		"The input parameter %q that is mandatory for processing this request is not supplied.", name)}
}

func invalid(name string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "InvalidParameter", message: fmt.Sprintf(
		"The specified parameter %q is not valid.", name)}
}
