// Package cloudapi reads the five Alibaba Cloud operations that alitriage
// explains, and is the only part of it that talks to Alibaba Cloud.
//
// It promises: every request is signed afresh and bounded by its context; reads
// are tried again when that can help, and a gather is never started twice; an
// answer is a typed value with its RequestId, and everything else (a network
// fault, an HTTP error, a failure inside HTTP 200, a body of another shape) is
// an *Error of one of seven kinds. Secrets do not leave it: credentials are in
// no error or log line, the licence key inside ArmsApmInfo is dropped while it
// is decoded, and bytes from cloud machines are a MachineBytes, which does not
// print.
//
// It must not import any other package of alitriage but acs3. Of the environment
// it reads the proxy variables, through net/http, and those of the vendor's own
// tools (Variables), and of files those that they keep keys in. It writes one: the
// aliyun CLI's, when the OAuth tokens in it were renewed.
package cloudapi
