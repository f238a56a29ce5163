package formatters

import "encoding/json"

// Schema is the JSON Schema of a Report. Every tool sends it to every model, so
// it names the top level and no more, and of that not what no caller decides by.
// Arrays say what is in them: some vendors of models refuse those that do not.
var Schema = json.RawMessage(`{"type":"object","properties":{` +
	`"verdict":{"enum":["ok","in_progress","action_needed","failed","unknown"]},` +
	`"headline":{"type":"string"},` +
	`"reasons":{"type":"array","items":{"type":"string"}},` +
	`"next_steps":{"type":"array","items":{"type":"string"}},` +
	`"rerun":{"enum":["safe","check_first","unknown"]},` +
	`"items":{"type":"array","items":{"type":"object"}},` +
	`"resume":{"type":"object"}},` +
	`"required":["verdict","headline"]}`)
