// Package rpc knows of JSON-RPC what both wires have to know beside the library:
// ids and progress tokens that the library would round, the messages of a batch,
// and the id of a message that is too long to be read. It promises that nothing it
// gives back differs from what a client wrote by one digit. It does not import the
// library, and knows no tool.
package rpc
