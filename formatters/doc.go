// Package formatters turns an answer of Alibaba Cloud into a Report (what
// happened, whether it is bad, what to do next) and a Report into text.
//
// It promises: a verdict for every combination of fields, which claims no
// success that the fields do not prove; no clock, no network, no randomness, so
// the same input gives the same report; and an airlock through which every byte
// of cloud origin passes before it stands in a report: decoded, stripped of
// what a terminal or a model would obey, relieved of secrets, shortened, and
// marked as what it is.
//
// It must not import tools, any command, an MCP or a Slack library.
package formatters
