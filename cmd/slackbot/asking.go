package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// readingsKept is how long a reading is kept for those who asked before it was sent
// and whose turn comes later. The tools bound how many.
const readingsKept = 5 * time.Minute

// errLeft says that nobody waited for the answer, as the queue closes: it is no
// answer, and the next process asks again.
var errLeft = errors.New("nobody waited for the answer")

// ask reads the cloud for the run, or takes a reading that was made for others after
// this one was asked for, and after its own last one.
func (s *step) ask(ctx context.Context, tool tools.Tool, args json.RawMessage) (formatters.Report, error) {
	since := s.run.Asked
	if s.run.Since.After(since) {
		since = s.run.Since
	}
	report, err := tool.CallSince(ctx, args, since, nil)
	if err != nil && ctx.Err() != nil {
		return formatters.Report{}, errLeft
	}
	return report, err
}

// manyBefore is how many requests have to wait before a new one for it to be said.
const manyBefore = 20

// waiting says how many requests are before a new one, where that is felt.
func (b *bot) waiting(ctx context.Context) []string {
	depth, err := b.queue.Depth(ctx)
	if err != nil || depth.Waiting < manyBefore {
		return nil // how many there are is no reason to refuse one more
	}
	return []string{fmt.Sprintf("About %d requests are waiting before this one. It is answered in its turn, together with the others that ask for the same.", depth.Waiting/10*10)}
}
