package config

import "github.com/urfave/cli/v3"

// WithoutSources is c without where it is from, for comparison.
func (c Config) WithoutSources() Config {
	c.sources, c.variables, c.File = nil, nil, ""
	return c
}

// ReadFile reads a file that may be a pipe.
var ReadFile = readFile

// ReadContent reads a file that is not on disk, with nothing else said.
func ReadContent(content string) (Config, error) {
	r := &reader{cmd: &cli.Command{}, lookUp: func(string) (string, bool) { return "", false }, sources: sources{}}
	r.file = parseDocument("alitriage.yaml", []byte(content), fileShape())
	return r.config()
}
