package cloudsim

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

var describeInvocationResults = &operation{
	name: "DescribeInvocationResults", version: "2014-05-26", product: "ecs",
	method: http.MethodPost, path: "/", run: (*Sim).describeInvocationResults,
}

// Invocation is one run of a Cloud Assistant command on many instances.
type Invocation struct {
	ID, CommandID string
	Region        string // "" for the demo's Region
	Results       []Result

	Raw []byte // replaces the answer to a question for this ID
}

// Result is what one instance makes of a command. Until StartedAt it is
// Pending, until FinishedAt Running; then the rest holds.
type Result struct {
	InstanceID            string
	InvocationStatus      string
	InvokeRecordStatus    string // "" for Finished
	ErrorCode, ErrorInfo  string
	ExitCode              *int64 // nil: not sent
	Output                []byte
	Dropped, Repeats      int
	Username              string
	StartedAt, FinishedAt time.Time
	StoppedAt             time.Time
	Earlier               bool           // a past run of a periodic command: only listed with IncludeHistory
	Fields                map[string]any // overwrites fields of the wire; a nil value takes one away
}

// PutInvocation adds an invocation at the end, or replaces the one with its ID.
func (s *Sim) PutInvocation(v Invocation) {
	v.Region = cmp.Or(v.Region, Region)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.invocations, func(old Invocation) bool { return old.ID == v.ID })
	if i < 0 {
		s.invocations = append(s.invocations, v)
		return
	}
	s.invocations[i] = v
}

func (s *Sim) describeInvocationResults(c *call) (answer, *refusal) {
	if c.region() == "" {
		return answer{}, missing("RegionId")
	}
	if refused := checkFilters(c); refused != nil {
		return answer{}, refused
	}
	page, refused := s.readPaging(c)
	if refused != nil {
		return answer{}, refused
	}
	if raw := s.rawInvocation(c); raw != nil {
		return answer{raw: raw}, nil
	}
	found, runs := s.findResults(c)
	plain := c.query.Get("ContentEncoding") == "PlainText"
	return answer{fields: map[string]any{"Invocation": page.cut(found, runs, plain)}}, nil
}

func (s *Sim) rawInvocation(c *call) []byte {
	for _, v := range s.invocations {
		if v.ID == c.query.Get("InvokeId") && v.Region == c.region() {
			return v.Raw
		}
	}
	return nil
}

var recordStatuses = []string{"", "Running", "Finished", "Failed", "Stopped", "Success", "PartialFailed", "Stopping"}

func checkFilters(c *call) *refusal {
	if !slices.Contains(recordStatuses, c.query.Get("InvokeRecordStatus")) {
		return invalid("InvokeRecordStatus")
	}
	if !slices.Contains([]string{"", "Base64", "PlainText"}, c.query.Get("ContentEncoding")) {
		return invalid("ContentEncoding")
	}
	history := c.query.Get("IncludeHistory")
	if !slices.Contains([]string{"", "true", "false"}, history) {
		return invalid("IncludeHistory")
	}
	if history == "true" && c.query.Get("InvokeId") == "" {
		return missing("InvokeId")
	}
	return nil
}

// listed is a result with what it is a result of.
type listed struct {
	Result
	invokeID, commandID string
}

// findResults returns what the filters let through, and of how many invocations
// it is.
func (s *Sim) findResults(c *call) (found []listed, runs int) {
	now, history := s.now(), c.query.Get("IncludeHistory") == "true"
	for _, v := range s.invocations {
		if v.Region != c.region() || !wanted(c, "InvokeId", v.ID) || !wanted(c, "CommandId", v.CommandID) {
			continue
		}
		before := len(found)
		for _, r := range v.Results {
			r = r.at(now)
			if (history || !r.Earlier) && wanted(c, "InstanceId", r.InstanceID) &&
				wanted(c, "InvokeRecordStatus", r.InvokeRecordStatus) {
				found = append(found, listed{r, v.ID, v.CommandID})
			}
		}
		if len(found) > before {
			runs++
		}
	}
	return found, runs
}

func wanted(c *call, filter, value string) bool {
	asked := c.query.Get(filter)
	return asked == "" || asked == value
}

// at is the result as it stood at a moment.
func (r Result) at(now time.Time) Result {
	if r.InvokeRecordStatus == "" {
		r.InvokeRecordStatus = "Finished"
	}
	status := ""
	switch {
	case r.StartedAt.After(now):
		status, r.StartedAt = "Pending", time.Time{}
	case r.FinishedAt.After(now):
		status = "Running"
	default:
		return r
	}
	r.InvocationStatus, r.InvokeRecordStatus = status, "Running"
	r.ErrorCode, r.ErrorInfo, r.ExitCode, r.Output = "", "", nil, nil
	r.Dropped, r.Repeats, r.FinishedAt, r.StoppedAt = 0, 0, time.Time{}, time.Time{}
	return r
}

func (r listed) wire(plain bool) map[string]any {
	output := base64.StdEncoding.EncodeToString(r.Output)
	if plain {
		output = strings.ToValidUTF8(string(r.Output), "\uFFFD")
	}
	fields := map[string]any{
		"InvokeId": r.invokeID, "CommandId": r.commandID, "InstanceId": r.InstanceID,
		"InvocationStatus": r.InvocationStatus, "InvokeRecordStatus": r.InvokeRecordStatus,
		"ErrorCode": r.ErrorCode, "ErrorInfo": r.ErrorInfo, "Output": output,
		"Dropped": r.Dropped, "Repeats": r.Repeats, "Username": r.Username,
		"StartTime": ecsTime(r.StartedAt), "FinishedTime": ecsTime(r.FinishedAt), "StopTime": ecsTime(r.StoppedAt),
		"ContainerId": "", "ContainerName": "", "Tags": map[string]any{"Tag": []any{}},
	}
	if r.ExitCode != nil {
		fields["ExitCode"] = *r.ExitCode
	}
	maps.Copy(fields, r.Fields)
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	return fields
}

func ecsTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

const (
	defaultPage = 10
	largestPage = 50
	sealLength  = 32 // of the hex digits at the beginning of a token
)

// paging is which part of the results was asked for.
type paging struct {
	first, size int
	number      int                     // of the page, 0 with tokens
	token       func(offset int) string // makes NextToken
}

func (s *Sim) readPaging(c *call) (paging, *refusal) {
	p := paging{size: defaultPage, token: func(offset int) string { return s.sealPage(c, offset) }}
	maxResults, token := c.query.Get("MaxResults"), c.query.Get("NextToken")
	if maxResults == "" && token == "" && (c.query.Has("PageNumber") || c.query.Has("PageSize")) {
		refused := p.readNumbers(c)
		return p, refused
	}
	if maxResults != "" {
		n, err := strconv.Atoi(maxResults)
		if err != nil || n < 1 || n > largestPage {
			return p, invalid("MaxResults")
		}
		p.size = n
	}
	if token != "" {
		first, ok := s.openPage(c, token)
		if !ok {
			return p, invalid("NextToken")
		}
		p.first = first
	}
	return p, nil
}

// readNumbers is the paging that is about to go offline.
func (p *paging) readNumbers(c *call) *refusal {
	p.number = 1
	for _, part := range []struct {
		name string
		set  *int
	}{{"PageNumber", &p.number}, {"PageSize", &p.size}} {
		text := c.query.Get(part.name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1_000_000 {
			return refuse("InvalidParam." + part.name)
		}
		*part.set = n
	}
	if p.size > largestPage {
		return refuse("InvalidParam.PageSize")
	}
	p.first = (p.number - 1) * p.size
	return nil
}

// cut is the page in wire form.
func (p paging) cut(found []listed, runs int, plain bool) map[string]any {
	first := min(p.first, len(found))
	end := min(first+p.size, len(found))
	page := make([]map[string]any, 0, end-first)
	for _, r := range found[first:end] {
		page = append(page, r.wire(plain))
	}
	out := map[string]any{
		"InvocationResults": map[string]any{"InvocationResult": page},
		"PageNumber":        max(p.number, 1),
		"PageSize":          p.size,
		"TotalCount":        len(found),
		"NextToken":         "",
	}
	if p.number == 0 {
		// With tokens the vendor's TotalCount is not the number of results.
		out["TotalCount"] = runs
		if end < len(found) {
			out["NextToken"] = p.token(end)
		}
	}
	return out
}

// sealPage makes a token that only fits the question it was given out for.
func (s *Sim) sealPage(c *call, offset int) string {
	question := []string{strconv.Itoa(offset)}
	for _, name := range []string{"RegionId", "InvokeId", "InstanceId", "CommandId", "InvokeRecordStatus", "IncludeHistory"} {
		question = append(question, c.query.Get(name))
	}
	seal := acs3.Signature(strings.Join(question, "\n"), s.pageKey)
	return base64.RawURLEncoding.EncodeToString([]byte(seal[:sealLength] + question[0]))
}

func (s *Sim) openPage(c *call, token string) (offset int, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) <= sealLength {
		return 0, false
	}
	offset, err = strconv.Atoi(string(text[sealLength:]))
	return offset, err == nil && offset >= 0 && s.sealPage(c, offset) == token
}
