package formatters

import "encoding/json"

// Schema is the JSON Schema of a Report. Every tool sends it to every model, so
// it names the top level and no more.
var Schema = json.RawMessage(`{"type":"object","properties":{` +
	`"verdict":{"enum":["ok","in_progress","action_needed","failed","unknown"]},` +
	`"headline":{"type":"string"},` +
	`"reasons":{"type":"array","items":{"type":"string"}},` +
	`"next_steps":{"type":"array","items":{"type":"string"}},` +
	`"rerun":{"enum":["safe","check_first","unknown"]},` +
	`"facts":{"type":"object"},` +
	`"items":{"type":"array","items":{"type":"object"}},` +
	`"notes":{"type":"array","items":{"type":"string"}},` +
	`"resume":{"type":"object"},` +
	`"source":{"type":"object"}},` +
	`"required":["verdict","headline"]}`)
