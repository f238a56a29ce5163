package cloudapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// change sets one field of a profile to a text or a number.
type change struct {
	field string
	value any
}

// member is one pair of a JSON object, by where its value stands.
type member struct {
	key              string
	keyStart         int
	valueStart, stop int
}

var errOddFile = errors.New("the file is not written as the aliyun CLI writes it")

// editProfile is text with changes to one profile, and everything else byte for
// byte as it was. It refuses what it cannot be sure of: a field or a list that
// is there twice.
func editProfile(text []byte, profile string, changes []change) ([]byte, error) {
	start, stop, err := profileSpan(text, profile)
	if err != nil {
		return nil, err
	}
	edited := bytes.Clone(text[start:stop])
	for _, c := range changes {
		value, err := encoded(c.value)
		if err != nil {
			return nil, err
		}
		if edited, err = setMember(edited, c.field, value); err != nil {
			return nil, err
		}
	}
	result := bytes.Join([][]byte{text[:start], edited, text[stop:]}, nil)
	if !onlyChanged(text, result, profile, changes) {
		return nil, errOddFile
	}
	return result, nil
}

// encoded is a value as JSON, without the escapes of HTML.
func encoded(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// profileSpan is where the first profile of that name stands.
func profileSpan(text []byte, name string) (start, stop int, err error) {
	top, err := members(text)
	if err != nil {
		return 0, 0, err
	}
	list, err := only(top, "profiles")
	if err != nil || list == nil {
		return 0, 0, errOddFile
	}
	d := json.NewDecoder(bytes.NewReader(text[list.valueStart:list.stop]))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return 0, 0, errOddFile
	}
	for d.More() {
		var raw json.RawMessage
		var p struct{ Name string }
		if d.Decode(&raw) != nil || json.Unmarshal(raw, &p) != nil {
			return 0, 0, errOddFile
		}
		if p.Name == name && raw[0] == '{' {
			stop := list.valueStart + int(d.InputOffset())
			return stop - len(raw), stop, nil
		}
	}
	return 0, 0, errors.New("the profile is not there any more")
}

// members lists the pairs of the JSON object that is text.
func members(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errOddFile
	}
	var list []member
	for d.More() {
		t, err := d.Token()
		key, isText := t.(string)
		if err != nil || !isText {
			return nil, errOddFile
		}
		m := member{key: key}
		before := int(d.InputOffset())
		m.keyStart = keyStart(text, before)
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, errOddFile
		}
		m.stop = int(d.InputOffset())
		m.valueStart = m.stop - len(raw)
		list = append(list, m)
	}
	return list, nil
}

// keyStart is where the text in quotation marks begins that ends at stop.
func keyStart(text []byte, stop int) int {
	for i := stop - 2; i >= 0; i-- {
		if text[i] != '"' {
			continue
		}
		backslashes := 0
		for i-backslashes-1 >= 0 && text[i-backslashes-1] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i
		}
	}
	return 0
}

// only finds the pair of that key, which encoding/json reads in any case; nil
// when there is none.
func only(list []member, key string) (*member, error) {
	var found *member
	for i := range list {
		if !strings.EqualFold(list[i].key, key) {
			continue
		}
		if found != nil {
			return nil, errOddFile
		}
		found = &list[i]
	}
	return found, nil
}

// setMember replaces the value of a key in an object, or adds the pair at the
// end, set off as the one before.
func setMember(object []byte, key string, value []byte) ([]byte, error) {
	list, err := members(object)
	if err != nil {
		return nil, err
	}
	m, err := only(list, key)
	if err != nil {
		return nil, err
	}
	if m != nil {
		return bytes.Join([][]byte{object[:m.valueStart], value, object[m.stop:]}, nil), nil
	}
	if len(list) == 0 {
		return nil, errOddFile
	}
	last := list[len(list)-1]
	blank := object[:last.keyStart]
	blank = blank[len(bytes.TrimRight(blank, " \t\r\n")):]
	colon := bytes.TrimLeft(object[last.keyStart:last.valueStart], " ")
	colon = colon[bytes.LastIndexByte(colon, '"')+1:]
	pair := bytes.Join([][]byte{[]byte(","), blank, []byte(`"` + key + `"`), colon, value}, nil)
	return bytes.Join([][]byte{object[:last.stop], pair, object[last.stop:]}, nil), nil
}

// onlyChanged holds that nothing but the changes lies between two versions.
func onlyChanged(before, after []byte, profile string, changes []change) bool {
	var old, now map[string]any
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(after, &now) != nil {
		return false
	}
	p := profileNamed(old, profile)
	if p == nil {
		return false
	}
	for _, c := range changes {
		key := c.field
		for existing := range p {
			if strings.EqualFold(existing, c.field) {
				key = existing
			}
		}
		p[key] = c.value
		if n, isNumber := c.value.(int64); isNumber {
			p[key] = float64(n)
		}
	}
	return reflect.DeepEqual(old, now)
}

// profileNamed is the first profile of that name in a file that was read without types.
func profileNamed(file map[string]any, name string) map[string]any {
	for key, value := range file {
		if !strings.EqualFold(key, "profiles") {
			continue
		}
		list, _ := value.([]any)
		for _, one := range list {
			p, _ := one.(map[string]any)
			for field, value := range p {
				if strings.EqualFold(field, "name") && value == name {
					return p
				}
			}
		}
	}
	return nil
}

// editCLIFile changes one profile of the file in place: through a link, with its
// mode and owner, all at once or not at all, and not when somebody else writes at
// the same time. check sees the profile as it is then.
func editCLIFile(path, profile string, check func(*cliProfile) error, changes []change) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return errors.New("the file cannot be found any more")
	}
	for range 3 {
		text, err := readSmall(target)
		if err != nil {
			return err
		}
		f, err := parseCLIFile(text)
		if err != nil {
			return err
		}
		p := f.find(profile)
		if p == nil {
			return errors.New("the profile is not there any more")
		}
		if err := check(p); err != nil {
			return err
		}
		edited, err := editProfile(text, profile, changes)
		if err != nil {
			return err
		}
		written, err := replaceFile(target, text, edited)
		if written || err != nil {
			return err
		}
	}
	return errors.New("somebody else keeps changing the file")
}

// replaceFile puts a file with the new text in the place of the one that holds
// the old text. It reports false when that one has changed.
func replaceFile(path string, before, after []byte) (written bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, errors.New("the file cannot be found any more")
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".alitriage-*.tmp")
	if err != nil {
		return false, fmt.Errorf("nothing can be written beside it: %w", reason(err))
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	_, err = temporary.Write(after)
	if err == nil {
		err = temporary.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = keepOwner(temporary, info)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return false, fmt.Errorf("it cannot be written anew: %w", reason(err))
	}
	if now, err := readSmall(path); err != nil || !bytes.Equal(now, before) {
		return false, nil
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return false, fmt.Errorf("it cannot be replaced: %w", reason(err))
	}
	return true, nil
}

// reason is the error of the system alone, without a path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return errors.New("an unknown fault")
}
