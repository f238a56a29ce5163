// Package jobs keeps work that was accepted until it is done, on NATS JetStream:
// embedded in this process, or a cluster that several processes share.
//
// It promises:
//
//   - What Submit has stored survives a kill and, embedded, a power failure: every write is synced before it is answered.
//   - A run whose process died is handed to a handler again: embedded as soon as the next process works, in a cluster
//     within AckWait and a few seconds by any process that works. One that closes hands over at once.
//   - A run is at work in at most one delivery that can still write: each delivery takes the run record over by
//     compare-and-set when it begins, and one that was overtaken (its process was frozen for longer than AckWait) gets
//     ErrConflict from its next Save, ErrSuperseded when it reloads, and its outcome is dropped. What it does outside of
//     the store meanwhile cannot be prevented, so an intent is stored before the act.
//   - One process never runs two deliveries of one run at once, so a stored intent that a delivery finds is of one that has ended.
//   - A full or broken store is an error at Submit and leaves nothing behind that would be worked on; where that cannot be
//     known it says so (ErrUncertain). A damaged or foreign one is an error at Open, never a fresh start.
//     An embedded store that could not write once stays so; Stuck says when it helps to open it anew.
//   - EraseSecret overwrites the value on disk. Expired secrets are erased the same way within half a minute.
//   - However many runs wait for their next poll, new ones are taken: polls get at most half of the workers' time.
//
// A run lives for a day after Submit; a handler has to end it before that. It is called at least once per run, so each of its steps must be safe to repeat or guarded by a stored intent.
//
// It stores bytes and knows nothing of Slack, of the tools or of the cloud, and must not import them. No credential
// may enter a run's state. It never logs what it stores.
package jobs
