// Package tokens holds no code, only a test that weighs our reports against the
// answers of the API that they are made of, and writes the table of
// docs/benchmarks.md. It is a module of its own so that the tokenizer, whose
// vocabularies are 16 MB of source, is no dependency of alitriage.
//
// The generator is a test because only tests have a clock and a source of
// randomness that are the same each time.
package tokens

//go:generate go test -update .
