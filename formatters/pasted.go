package formatters

import "github.com/alitriage/alitriage/cloudapi"

// Pasted renders what a person has pasted, such as an alert, as Text renders an
// output: machines write alerts too. A long one is cut as outputs are.
func (a Airlock) Pasted(text, fence string) string {
	c := a.chamber()
	output := c.excerpt(c.output(cloudapi.Output{MachineBytes: cloudapi.NewMachineBytes([]byte(text))}), -1)
	if output == nil {
		return ""
	}
	var t textWriter
	t.output(output.Text, fence)
	return t.String()
}
