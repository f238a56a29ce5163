package cloudapi_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// printed is value in all the ways in which a program may let it out.
func printed(value any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%w", "%08.3v"} {
		fmt.Fprintf(&b, verb+"\n", value)
	}
	fmt.Fprintln(&b, value)
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "value", value)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "value", value)
	text, err := json.Marshal(value)
	fmt.Fprintf(&b, "%s %v\n", text, err)
	text, err = xml.Marshal(value)
	fmt.Fprintf(&b, "%s %v\n", text, err)
	fmt.Fprintln(&b, gob.NewEncoder(&b).Encode(value))
	if err, ok := value.(error); ok {
		fmt.Fprintln(&b, fmt.Errorf("around: %w", err), errors.Join(err, err))
	}
	return b.String()
}

// requireHidden looks for a secret as text, and as fmt and encoding/gob show
// bytes.
func requireHidden(t testing.TB, secret string, value any) {
	t.Helper()
	shown := printed(value)
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")} {
		require.NotContains(t, shown, form)
	}
}

const machineText = "root:$6$hash:hunter2"

func TestMachineBytesDoNotPrint(t *testing.T) {
	type holder struct {
		Exported   cloudapi.MachineBytes
		unexported cloudapi.MachineBytes
		pointer    *cloudapi.MachineBytes
		slice      []cloudapi.MachineBytes
		array      [1]cloudapi.MachineBytes
		mapped     map[string]cloudapi.MachineBytes
		key        map[cloudapi.MachineBytes]bool
		any        any
		output     cloudapi.Output
	}
	b := machine(machineText)
	h := holder{
		b, b, &b, []cloudapi.MachineBytes{b}, [1]cloudapi.MachineBytes{b}, map[string]cloudapi.MachineBytes{"k": b},
		map[cloudapi.MachineBytes]bool{b: true}, b, cloudapi.Output{MachineBytes: b},
	}
	for name, value := range map[string]any{
		"itself":                     b,
		"behind a pointer":           &b,
		"behind two":                 new(&b),
		"in a slice":                 []cloudapi.MachineBytes{b},
		"in a map":                   map[string]cloudapi.MachineBytes{"k": b},
		"as the key of a map":        map[cloudapi.MachineBytes]int{b: 1},
		"in fields, also unexported": h,
		"in fields behind a pointer": &h,
		"in a list of structs":       []holder{h},
		"in an Output":               cloudapi.Output{MachineBytes: b},
		"in a result":                cloudapi.InvocationResult{Output: cloudapi.Output{MachineBytes: b}},
		"in a page":                  cloudapi.InvocationResults{Results: []cloudapi.InvocationResult{{Output: cloudapi.Output{MachineBytes: b}}}},
		"in a gather":                &cloudapi.GatherStatsResult{Instances: []cloudapi.GatherInstance{{Message: b}}},
		"in an operation":            cloudapi.OperationResult{Message: b, Arguments: b},
		"in an error":                fmt.Errorf("it said %v", b),
		"in an error with %w":        fmt.Errorf("%w: %s", errors.New("x"), b),
		"in an Error":                &cloudapi.Error{Kind: cloudapi.ErrInvalid, Cause: fmt.Errorf("%#v", b)},
	} {
		t.Run(name, func(t *testing.T) { requireHidden(t, machineText, value) })
	}
}

func TestMachineBytesSayHowManyTheyAre(t *testing.T) {
	b := machine(machineText)
	require.Equal(t, "[20 bytes from a cloud machine]", fmt.Sprint(b))
	require.Equal(t, "[0 bytes from a cloud machine]", fmt.Sprint(cloudapi.MachineBytes{}))
	require.Equal(t, "[20 bytes from a cloud machine]", b.LogValue().String())
	require.Equal(t, 20, b.Len())
	require.Equal(t, machineText, string(b.Open()))
	require.Empty(t, cloudapi.NewMachineBytes(nil).Open())
}

func TestMachineBytesRefuseToMarshal(t *testing.T) {
	b := machine(machineText)
	for name, value := range map[string]any{"itself": b, "a pointer": &b, "a field": struct{ B cloudapi.MachineBytes }{b}} {
		_, err := json.Marshal(value)
		require.Error(t, err, name)
		_, err = xml.Marshal(value)
		require.Error(t, err, name)
		require.Error(t, gob.NewEncoder(&bytes.Buffer{}).Encode(value), name)
	}
	_, err := json.Marshal(map[cloudapi.MachineBytes]int{b: 1})
	require.Error(t, err)
}

const licenceKey = "d5cgdt5pu0@7303f55292a****"

func TestTheLicenceKeyGoesNowhere(t *testing.T) {
	whole := string(sample(t, "DescribeApplicationStatus"))
	require.Contains(t, whole, licenceKey)
	xmlAnswer := `<R><Data><ArmsApmInfo>{"licenseKey":"` + licenceKey + `"}</ArmsApmInfo></Data></R>`
	bodies := map[string]string{
		"whole":                       whole,
		"as an object":                strings.NewReplacer(`"{\"appId`, `{"appId`, `}",`, `},`, `\"`, `"`).Replace(whole),
		"a failure that has it":       strings.Replace(whole, `"Success" : true`, `"Success" : false`, 1),
		"a Message that is an object": strings.Replace(whole, `"success"`, `{"a":1}`, 1),
		"a Data of another shape":     strings.Replace(whole, `"RunningInstances" : 1`, `"RunningInstances" : []`, 1),
		"wrapped in a list":           "[" + whole + "]",
		"in XML":                      xmlAnswer,
		"in escaped XML":              strings.ReplaceAll(xmlAnswer, "{", "&#123;"),
		"in HTML":                     "<html><body><pre>" + whole + "</pre></body></html>",
		"behind a byte order mark":    "\ufeff" + whole,
	}
	for cut := range len(whole) {
		bodies[fmt.Sprintf("cut at %d", cut)] = whole[:cut]
		bodies[fmt.Sprintf("without the first %d", cut)] = `{"ArmsApmInfo":` + whole[cut:]
	}
	for name, body := range bodies {
		for _, status := range []int{200, 403} {
			got, err := newClient(t, answerWith(status, body)).DescribeApplicationStatus(t.Context(), "a")
			shown := fmt.Sprintf("%+v %#v %v %q", got, got, err, err)
			if e := (*cloudapi.Error)(nil); errors.As(err, &e) {
				shown += e.Message + e.Code + fmt.Sprintf("%#v", e)
			}
			require.NotContains(t, shown, "7303f55292a", "%s, HTTP %d", name, status)
		}
	}
	status, err := newClient(t, answerWith(http.StatusOK, whole)).DescribeApplicationStatus(t.Context(), "a")
	require.NoError(t, err)
	require.True(t, status.ARMSLinked)
	requireHidden(t, licenceKey, status)
	_, err = newClient(t, answerWith(http.StatusForbidden, whole)).DescribeApplicationStatus(t.Context(), "a")
	requireHidden(t, licenceKey, err)
}
