package cloudsim

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	typeJSON = "application/json;charset=utf-8"
	typeXML  = "application/xml;charset=utf-8"
	typeHTML = "text/html"
)

// reply is an HTTP answer before it is sent.
type reply struct {
	status      int
	contentType string
	requestID   string // "" when something before the gateway answers
	retryAfter  time.Duration
	body        []byte
}

// answer is what an operation says: fields to be sent as JSON, or bytes that a
// test has put in their place.
type answer struct {
	fields map[string]any
	raw    []byte
}

func (a answer) reply(id string) reply {
	body := a.raw
	if body == nil {
		a.fields["RequestId"] = id
		body = mustJSON(a.fields)
	}
	return reply{status: http.StatusOK, contentType: typeJSON, requestID: id, body: body}
}

// refusal is an error of the API.
type refusal struct {
	status        int
	code, message string
	denied        *AccessDenied
	retryAfter    time.Duration
}

// AccessDenied says who may not do what and why, as the gateway adds it to
// refusals for lack of permission.
type AccessDenied struct {
	AuthAction               string
	AuthPrincipalType        string
	AuthPrincipalDisplayName string
	AuthPrincipalOwnerId     string
	NoPermissionType         string
	PolicyType               string
	EncodedDiagnosticMessage string
}

func (f *refusal) reply(r *http.Request, id string) reply {
	body := struct {
		XMLName            xml.Name `json:"-" xml:"Error"`
		RequestId          string
		HostId             string
		Code               string
		Message            string
		Recommend          string
		AccessDeniedDetail *AccessDenied `json:",omitempty" xml:",omitempty"`
	}{
		RequestId: id, HostId: r.Host, Code: f.code, Message: f.message, AccessDeniedDetail: f.denied,
		Recommend: "https://api.aliyun.com/troubleshoot?" + url.Values{"q": {f.code}, "requestId": {id}}.Encode(),
	}
	out := reply{status: f.status, contentType: typeJSON, requestID: id, retryAfter: f.retryAfter}
	if wantsXML(r) {
		text, err := xml.Marshal(body)
		if err == nil {
			out.contentType, out.body = typeXML, text
			return out
		}
	}
	out.body = mustJSON(body)
	return out
}

// wantsXML: the real gateway writes XML to whoever does not ask for JSON. Here
// only a caller who asks for XML gets it, and for refusals alone.
func wantsXML(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "xml") && !strings.Contains(accept, "json")
}

// send writes a reply, damaged as the fault wants it.
func (s *Sim) send(w http.ResponseWriter, r *http.Request, out reply, fault *Fault) {
	if fault != nil {
		fault.beforeHeaders(w, r)
	}
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", out.contentType)
	if out.requestID != "" {
		h.Set("X-Acs-Request-Id", out.requestID)
	}
	if out.retryAfter > 0 {
		h.Set("X-Acs-Retry-After", strconv.FormatInt(out.retryAfter.Milliseconds(), 10))
	}
	if fault != nil {
		fault.writeBody(w, r, out)
		return
	}
	writeWhole(w, out.status, out.body)
}

// writeWhole declares the length itself: Transport has no server to do it.
func writeWhole(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // a caller that has gone needs no answer
}

// mustJSON is for values made here: texts, numbers and maps of them.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
