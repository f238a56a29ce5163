// Package oracle holds no code, only tests that use the vendor's generic client
// as a judge over our own signer, client and simulator. It is a module of its
// own so that the vendor's client, and what it drags in, is no dependency of
// alitriage: docs/adr has the measurements.
//
// That client is not safe for concurrent use under the race detector, so each
// test uses it in one goroutine.
package oracle
