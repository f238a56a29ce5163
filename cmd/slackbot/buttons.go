package main

import (
	"fmt"

	"github.com/alitriage/alitriage/formatters/blockkit"
)

// The buttons, by their action_ids. Their values hold the id of a run and nothing
// else: what a click means is in the store.
const (
	actionRefresh = "refresh"
	actionWatch   = "watch"
	actionStop    = "stop"
	actionShare   = "share"
	actionFile    = "file"
	actionStart   = "start"
	actionCancel  = "cancel"
	actionAgain   = "start_again"
	actionChoose  = "choose_" // with a number behind it
)

// buttons are those that make sense for a run as it is.
func buttons(id string, r *run) []blockkit.Button {
	button := func(action, text string) blockkit.Button {
		return blockkit.Button{Action: action, Text: text, Value: id}
	}
	switch {
	case r.Stage == stageReading:
		return []blockkit.Button{button(actionStop, "Stop waiting")}
	case r.Unsure:
		return []blockkit.Button{button(actionAgain, "Start again…")}
	case len(r.Choices) > 0:
		return choices(id, r)
	case r.Report == nil:
		return []blockkit.Button{button(actionRefresh, "Try again")}
	}
	list := []blockkit.Button{button(actionRefresh, "Refresh")}
	if r.moving() {
		list = append(list, button(actionWatch, "Watch until done"))
	}
	if !r.Where.editable() {
		list = append(list, button(actionShare, "Share to channel"))
	}
	return append(list, button(actionFile, "Full output"))
}

func choices(id string, r *run) (list []blockkit.Button) {
	for i, c := range r.Choices {
		list = append(list, blockkit.Button{Action: fmt.Sprint(actionChoose, i), Text: shortCall(c), Value: id})
	}
	return list
}
