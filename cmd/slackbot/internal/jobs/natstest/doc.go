// Package natstest is a NATS cluster of three nodes in the process of a test.
//
// It promises nothing to what is released, which does not hold it, and must not
// import anything of alitriage.
package natstest
