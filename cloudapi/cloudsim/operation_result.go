package cloudsim

import (
	"net/http"
	"time"
)

var getExecuteOperationResult = &operation{
	name: "GetExecuteOperationResult", version: "2021-09-31", product: "bpstudio",
	method: http.MethodPost, path: "/", run: (*Sim).getExecuteOperationResult,
}

// blank is how BPStudio spells an empty message.
const blank = `" "`

// Operation is a BPStudio operation.
type Operation struct {
	ID string
	// RunsFor is how long it is RUNNING, counted from when somebody first asks
	// for it: so a demonstration sees it run whenever it begins.
	RunsFor   time.Duration
	Status    string    // in the end
	Message   string    // in the end
	Arguments string    // in the end; usually JSON
	ExpiresAt time.Time // from then on it is not known any more; zero: never

	Raw []byte // replaces the answer
}

// PutOperation adds an operation, or replaces the one with its ID, which then
// has not been asked for.
func (s *Sim) PutOperation(o Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.operations[o.ID] = &operationRun{Operation: o}
}

type operationRun struct {
	Operation

	askedAt time.Time // the first time; zero: never
}

func (s *Sim) getExecuteOperationResult(c *call) (answer, *refusal) {
	id := c.form.Get("OperationId")
	if id == "" {
		return answer{}, missing("OperationId")
	}
	fields := map[string]any{"Code": 200, "Message": blank}
	op, now := s.operations[id], s.now()
	if op == nil || !op.ExpiresAt.IsZero() && !now.Before(op.ExpiresAt) {
		return answer{fields: fields}, nil
	}
	if op.Raw != nil {
		return answer{raw: op.Raw}, nil
	}
	if op.askedAt.IsZero() {
		op.askedAt = now
	}
	data := map[string]any{"OperationId": id, "Status": "RUNNING", "Message": blank, "Arguments": ""}
	if now.Sub(op.askedAt) >= op.RunsFor {
		data["Status"], data["Message"], data["Arguments"] = op.Status, op.Message, op.Arguments
	}
	fields["Data"] = data
	return answer{fields: fields}, nil
}
