// Package acs3 signs requests to Alibaba Cloud with ACS3-HMAC-SHA256, the
// signature version 3 of its OpenAPI gateway.
//
// It promises that what is signed is what is sent: the canonical query is put
// into the URL itself. The same steps, read from the other side, serve the
// simulator as its verifier. The package knows no product and no credential
// source, and imports the standard library alone.
package acs3
