package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/alitriage/alitriage/tools"
)

const (
	maxFile  = 1 << 20         // bytes
	patience = 5 * time.Second // with a pipe that nobody writes to
)

// document is a config file, checked by a shape. All that is wrong with it is
// collected with its line.
type document struct {
	path     string
	content  []byte
	root     *value
	problems []problem
}

type problem struct {
	line int
	text string
}

// value is a part of a document.
type value struct {
	doc     *document
	line    int
	path    string // such as profiles.prod.region
	text    string
	entries []entry  // of a mapping, in the order of the file
	list    []*value // of a list
}

type entry struct {
	name string
	*value
}

// readDocument reads the file at path. Only a file that cannot be read at all is
// an error; what is wrong in it are problems.
func readDocument(path string, s shape) (*document, error) {
	content, err := readFile(path, patience)
	if err != nil {
		return nil, err
	}
	return parseDocument(path, content, s), nil
}

func parseDocument(path string, content []byte, s shape) *document {
	d := &document{path: path}
	d.content, d.root = content, &value{doc: d, line: 1}
	var node yaml.Node
	content, line := plainYAML(content)
	if line > 0 {
		d.say(line, "a character that some programs take for the end of a line stands in it (U+0085, U+2028, U+2029, or a lone carriage return); take it out, so that nobody reads two lines where another reads one")
		return d
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	switch err := decoder.Decode(&node); {
	case errors.Is(err, io.EOF): // nothing in it
		return d
	case err != nil:
		d.unreadable(err)
		return d
	}
	if node.Kind == yaml.DocumentNode && !isNull(node.Content[0]) {
		d.root = d.value("", node.Content[0], s)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.say(1, "there is more than one document in it; write all into one, without ---")
	}
	return d
}

// readFile leaves the read behind when it takes too long: opening a pipe waits
// for its writer, and nothing can end that.
func readFile(path string, longest time.Duration) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	read := make(chan result, 1)
	go func() {
		content, err := readAll(path)
		read <- result{content, err}
	}()
	select {
	case r := <-read:
		return r.content, r.err
	case <-time.After(longest):
		return nil, fmt.Errorf("%.200q cannot be read: nothing came from it within %s; if it is a pipe, nobody writes to it", path, longest)
	}
}

func readAll(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the user's own --config
	if err != nil {
		if strings.HasPrefix(path, "~") {
			return nil, fmt.Errorf("%.200q cannot be read: ~ stands for the home directory in a shell only; write it out", path)
		}
		reason := err
		if e, ok := errors.AsType[*os.PathError](err); ok {
			reason = e.Err
		}
		return nil, fmt.Errorf("%.200q cannot be read: %w", path, reason)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%.200q cannot be read: it is no file, or a broken one", path)
	case len(content) > maxFile:
		return nil, fmt.Errorf("%.200q is over %d kB, which no config file is", path, maxFile>>10)
	}
	return content, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?`)

// unreadable is the one problem of a file that is no YAML.
func (d *document) unreadable(err error) {
	place := yamlLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(place[1]) // 0 when the library does not say
	what := strings.TrimPrefix(err.Error(), place[0])
	hint := ""
	if strings.Contains(what, "found character that cannot start any token") {
		hint = "; " + startsNoValue(d.lineOf(line))
	}
	d.say(max(line, 1), "this is no YAML: %.200s%s", what, hint)
}

func (d *document) say(line int, format string, args ...any) {
	d.problems = append(d.problems, problem{line, fmt.Sprintf(format, args...)})
}

// maxProblems is how many are told of one file: who has more has another one in
// mind.
const maxProblems = 50

// errors are the problems in the order of the file, each with its place.
func (d *document) errors() (list []error) {
	slices.SortStableFunc(d.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	for _, p := range d.problems[:min(len(d.problems), maxProblems)] {
		list = append(list, fmt.Errorf("%s: %s", d.at(p.line), p.text))
	}
	if more := len(d.problems) - maxProblems; more > 0 {
		list = append(list, fmt.Errorf("%s: %d more problems", d.path, more))
	}
	return list
}

func (d *document) at(line int) string { return d.path + ":" + strconv.Itoa(line) }

// value checks node by s. What is wrong is said and left out.
func (d *document) value(path string, node *yaml.Node, s shape) *value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	v := &value{doc: d, line: node.Line, path: path}
	switch {
	case s.text != nil:
		return v.scalar(node, s.text)
	case s.list != nil:
		return v.sequence(node, s)
	case node.Kind != yaml.MappingNode:
		v.refuse("has to be a mapping, such as " + s.example())
		return nil
	default:
		v.mapping(node, s)
		return v
	}
}

// example shows what a mapping looks like.
func (s shape) example() string {
	if s.each != nil {
		return "{name: " + s.each.example() + "}"
	}
	return "{" + s.keys[0].name + ": …}"
}

func (v *value) refuse(why string) {
	if v.path == "" {
		v.doc.say(v.line, "the file %s", why)
		return
	}
	v.doc.say(v.line, "%s %s", v.path, why)
}

func (v *value) scalar(node *yaml.Node, t *text) *value {
	if node.Kind != yaml.ScalarNode {
		v.refuse("has to be a single value")
		return nil
	}
	v.text = strings.TrimSpace(node.Value)
	if t.isFlag && node.Style == 0 { // as the core schema of YAML 1.2 spells it, too; not yes, on and the like
		switch v.text {
		case "True", "TRUE", "False", "FALSE":
			v.text = strings.ToLower(v.text)
		}
	}
	if isNull(node) || v.text == "" {
		return nil // as good as left out
	}
	switch why := t.wrong(v.text); {
	case why == "":
		return v
	case t.secret:
		v.refuse(why)
	default:
		v.doc.say(v.line, "%s: %s %s", v.path, shown(v.text), why)
	}
	return nil
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

func shown(s string) string { return fmt.Sprintf("%.80q", s) }

func (v *value) sequence(node *yaml.Node, s shape) *value {
	switch {
	case isNull(node):
		return nil
	case node.Kind != yaml.SequenceNode:
		v.refuse("has to be a list, such as [" + s.list.text.example + "]")
		return nil
	case len(node.Content) > s.most:
		v.refuse(fmt.Sprintf("has %d entries; at most %d are taken", len(node.Content), s.most))
		return nil
	}
	for i, child := range node.Content {
		path, known := fmt.Sprintf("%s[%d]", v.path, i), len(v.doc.problems)
		c := v.doc.value(path, child, *s.list)
		switch {
		case c != nil:
			v.list = append(v.list, c)
		case len(v.doc.problems) == known: // a list without entries may mean something else
			v.doc.say(child.Line, "%s is empty; take it out", path)
		}
	}
	return v
}

// mapping reads the pairs of a mapping, known or not.
func (v *value) mapping(node *yaml.Node, s shape) {
	first := map[string]int{} // the line of a name
	known := make([]string, len(s.keys))
	for i, k := range s.keys {
		known[i] = k.name
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, child := node.Content[i], node.Content[i+1]
		switch line, twice := first[name.Value]; {
		case s.each != nil && len(first) == s.most:
			v.refuse(fmt.Sprintf("has more than %d entries", s.most))
			return
		case twice:
			v.doc.say(name.Line, "%s is given twice, first in line %d", v.below(name.Value), line)
			continue
		}
		first[name.Value] = name.Line
		if s.each != nil {
			v.named(name, child, s)
		} else if j := slices.Index(known, name.Value); j >= 0 {
			v.add(name, child, s.keys[j].shape)
		} else {
			v.unknown(name, known)
		}
	}
	v.exactlyOne(node, s.one)
}

// exactlyOne counts the keys in the file, also those whose values are wrong.
func (v *value) exactlyOne(node *yaml.Node, keys []string) {
	var given []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		if name := node.Content[i].Value; slices.Contains(keys, name) && !isNull(node.Content[i+1]) {
			given = append(given, name)
		}
	}
	switch {
	case len(keys) == 0 || len(given) == 1:
	case len(given) == 0:
		v.refuse("has none of " + strings.Join(keys, ", ") + "; it needs one")
	default:
		v.refuse("has " + strings.Join(given, " and ") + "; only one of them can be")
	}
}

func (v *value) below(name string) string {
	name = strings.Trim(shown(name), `"`)
	if v.path == "" {
		return name
	}
	return v.path + "." + name
}

// named reads one of many that the user gives names to.
func (v *value) named(name, child *yaml.Node, s shape) {
	if why := s.name.wrong(name.Value); why != "" {
		v.doc.say(name.Line, "%s: the name %s %s", v.path, shown(name.Value), why)
		return
	}
	if isNull(child) { // a profile may say nothing
		child = &yaml.Node{Kind: yaml.MappingNode, Line: name.Line}
	}
	v.add(name, child, *s.each)
}

func (v *value) add(name, child *yaml.Node, s shape) {
	if isNull(child) {
		return
	}
	if c := v.doc.value(v.below(name.Value), child, s); c != nil {
		v.entries = append(v.entries, entry{name.Value, c})
	}
}

func (v *value) unknown(name *yaml.Node, known []string) {
	hint := ""
	if near, ok := tools.Nearest(name.Value, known); ok {
		hint = "; did you mean " + near + "?"
	}
	v.doc.say(name.Line, "%s is not a key%s (allowed: %s)", v.below(name.Value), hint, strings.Join(known, ", "))
}

// get returns the value of a key, nil when it is not there. It works on nil.
func (v *value) get(name string) *value {
	if v == nil {
		return nil
	}
	for _, e := range v.entries {
		if e.name == name {
			return e.value
		}
	}
	return nil
}

// string returns the text of a key, "" when it is not there.
func (v *value) string(name string) string {
	if found := v.get(name); found != nil {
		return found.text
	}
	return ""
}

// all returns the entries of a mapping under a key.
func (v *value) all(name string) []entry {
	if found := v.get(name); found != nil {
		return found.entries
	}
	return nil
}

func (v *value) texts(name string) (list []string) {
	if found := v.get(name); found != nil {
		for _, item := range found.list {
			list = append(list, item.text)
		}
	}
	return list
}

// place is where a value stands, for whoever has to mend it.
func (v *value) place() string { return v.doc.at(v.line) }
