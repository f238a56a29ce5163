// Command gendocs writes those parts of the documentation that the code knows
// better: the tables of tools and settings in README.md, those of verdicts in
// docs/verdicts.md, and the JSON Schema of the config file. A test fails when
// they are stale, and a missing marker is an error.
package main

//go:generate go run .
