package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/config"
)

// TestTheFileIsReadAsYAML12AndJSON: want is a part of the problem; "" where the
// file is taken.
func TestTheFileIsReadAsYAML12AndJSON(t *testing.T) {
	for _, c := range []struct{ fact, content, want string }{
		{"true", "read_only: true\n", ""},
		{"True", "read_only: True\n", ""},
		{"TRUE", "read_only: TRUE\n", ""},
		{"yes is a text in YAML 1.2", "read_only: yes\n", `alitriage.yaml:1: read_only: "yes" is neither true nor false`},
		{"a number is no flag", "read_only: 1\n", "is neither true nor false"},
		{"mixed capitals are no flag", "read_only: tRue\n", "is neither true nor false"},
		{"a mention", "read_only: true\nslack: {can_start: [@bob]}\n", "alitriage.yaml:2: this is no YAML: found character that cannot start any token; a value that begins with @ has to be in quotes"},
		{"a tab", "read_only: true\nprofiles:\n\tprod: {}\n", "indent with spaces, not tabs"},
		{"version 1.2", "%YAML 1.2\n---\nread_only: true\n", ""},
		{"version 1.2 behind a comment, with a comment", "# ours\n%YAML 1.2 # the one there is\n---\nread_only: true\n", ""},
		{"version 1.1", "%YAML 1.1\n---\nread_only: true\n", ""},
		{"a byte order mark", "\ufeffread_only: true\n", ""},
		{"UTF-16, as Windows saves it", "\xff\xfer\x00e\x00a\x00d\x00_\x00o\x00n\x00l\x00y\x00:\x00 \x00t\x00r\x00u\x00e\x00\r\x00\n\x00", ""},
		{"CRLF", "read_only: true\r\n# x\r\n", ""},
		{"JSON", "{\"read_only\": true}", ""},
		{"JSON with its slashes", `{"read_only": true, "profiles": {"prod": {"endpoints": {"ecs": "https:\/\/ecs.example.com\/x"}}}}`, ""},
		{"a backslash before a slash in plain text stays", `{"read_only": true, "default_profile": "a\\/b"}`, `a\\/b`},
		{"NEL in a comment", "read_only: true # x\u0085confirm: false\n", "alitriage.yaml:1: a character that some programs take for the end of a line"},
		{"LINE SEPARATOR in a comment", "read_only: true\n# x\u2028max_wait: 10m\n", "alitriage.yaml:2: a character that some programs take for the end of a line"},
		{"PARAGRAPH SEPARATOR in a comment", "read_only: true # x\u2029max_wait: 10m\n", "for the end of a line"},
		{"a lone carriage return in a comment", "read_only: true # x\rmax_wait: 10m\n", "for the end of a line"},
		{"a vertical tab in a comment", "read_only: true # x\vmax_wait: 10m\n", "this is no YAML"},
		{"a form feed in a comment", "read_only: true # x\fmax_wait: 10m\n", "this is no YAML"},
		{"a separator of files in a comment", "read_only: true # x\x1cmax_wait: 10m\n", "this is no YAML"},
		{"NEL in a value", "read_only: true\ndefault_profile: \"a\u0085b\"\n", "for the end of a line"},
		{"a key twice", "read_only: true\nread_only: false\n", "read_only is given twice, first in line 1"},
		{"an unknown anchor", "read_only: *x\n", "this is no YAML"},
		{"an anchor", "profiles:\n  a: &a {region: cn-hangzhou}\n  default: *a\nread_only: true\n", ""},
	} {
		t.Run(c.fact, func(t *testing.T) {
			got, err := config.ReadContent(c.content)
			if c.want == "" {
				require.NoError(t, err)
				require.True(t, got.ReadOnly)
				return
			}
			require.Error(t, err)
			require.Contains(t, err.Error(), c.want)
			require.NotContains(t, strings.ToLower(err.Error()), "max_wait")
		})
	}
}
