package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// bot is what happens between a request of Slack's, however it came, and its
// answer.
type bot struct {
	known    tools.Config
	tools    []tools.Tool
	slack    *workspace
	queue    *jobs.Queue
	rules    *rules
	health   *health
	metrics  *metrics
	logger   *slog.Logger
	auditor  *slog.Logger
	self     string // the bot's user id
	cfg      config.Config
	hello    io.Writer // is told where the operations are
	edits    *edits
	large    chan struct{} // has room for the large requests that are read at once
	closing  chan struct{} // closed when the bot ends: what is whispered is tried no more
	troubles seldom        // that were told
	denied   atomic.Int64  // requests since the last line about them
}

const (
	watchLimit = 30 * time.Minute
	// storeLimit is how long the store may take before the acknowledgement: Slack
	// waits for 3 s.
	storeLimit = 2 * time.Second
	// claimGrace is how long a run may have a claim and not be stored.
	claimGrace = 300 * time.Millisecond

	maxCommand = 500  // characters of the text of a tool's command
	maxTriage  = 3000 // of a pasted text
)

// command is a slash command, or a mention that says the same.
type command struct {
	person

	name        string // of a tool, or triage
	text        string
	trigger     string // names this request, however often it is delivered
	responseURL string // "" for a mention
	where       surface
	ask         bool // before anything starts, whatever the rules say
	file        bool // there was one beside the text
	// notes are for the answer.
	notes []string
}

// runID names a run after its request, so that a repeated request is the same run.
func runID(trigger string) string {
	sum := sha256.Sum256([]byte("run " + trigger))
	return base32.StdEncoding.EncodeToString(sum[:])[:10]
}

// reply is what is said at once.
type reply struct {
	blockkit.Message

	taken  bool // the rest comes later
	failed bool // the store did not take it
}

// command answers at once, privately. What is to be worked on is in the store by
// then.
func (b *bot) command(ctx context.Context, c command) reply {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	if refusal := b.rules.refuse(c.person); refusal != "" {
		return b.refused(ctx, c, "refused by the rules", refusal)
	}
	if c.responseURL != "" && !b.slack.mayRespondTo(c.responseURL) {
		return b.refused(ctx, c, "foreign response_url", "this request did not come from Slack.")
	}
	r, message, why := b.understand(c)
	if r == nil {
		b.note(ctx, "", c.name, c.person, why)
		return reply{Message: message}
	}
	id := runID(c.trigger)
	if r.Kind == kindAsk && c.responseURL != "" {
		return b.ask(ctx, id, r)
	}
	return b.accept(ctx, id, r, c.responseURL)
}

func (b *bot) refused(ctx context.Context, c command, why, text string) reply {
	level := slog.LevelInfo
	if c.Team == "" || c.User == "" { // which nobody can mend by a setting
		level = slog.LevelWarn
	}
	b.logger.Log(ctx, level, "a request was refused", "why", why, "team", c.Team, "app", c.App, "channel", c.Channel, "user", c.User)
	b.note(ctx, "", c.name, c.person, why)
	return reply{Message: blockkit.Say("Refused: "+text, nil, blockkit.Frame{})}
}

// What became of a request that made no run, for the audit.
const (
	wasHelp          = "help"
	wasNotUnderstood = "not understood"
	wasForbidden     = "may not start"
	wasAsked         = "asked"
	wasJoined        = "joined"
	wasRepeated      = "repeated"
	wasCancelled     = "cancelled"
	wasStopped       = "stopped"
	wasTooLate       = "too late"
)

// understand makes a run of a command. Without one the message says why, and the
// last result in a word.
func (b *bot) understand(c command) (*run, blockkit.Message, string) {
	if c.name == triageName {
		return b.triage(c)
	}
	tool, err := tools.Find(b.tools, c.name)
	if err != nil {
		return b.misspelt(c, err)
	}
	if asksForHelp(c.text) {
		return nil, helpOf(tool), wasHelp
	}
	if n := len([]rune(c.text)); n > maxCommand {
		return nil, blockkit.Say(fmt.Sprintf("The text has %d characters; a command takes at most %d. /triage takes pasted text of up to %d.", n, maxCommand, maxTriage), nil, blockkit.Frame{}), wasNotUnderstood
	}
	args, err := tool.ParseArgs(plainText(c.text))
	if err != nil {
		return nil, blockkit.Failure(tool.ErrorText(err), blockkit.Frame{}), wasNotUnderstood
	}
	return b.planned(c, tools.Call{Tool: tool.Name, Args: args})
}

// misspelt is a mention with the name of no tool. What only reads is one click
// away.
func (b *bot) misspelt(c command, err error) (*run, blockkit.Message, string) {
	said := blockkit.Say(err.Error(), nil, blockkit.Frame{})
	names := make([]string, len(b.tools))
	for i, t := range b.tools {
		names[i] = t.Name
	}
	near, found := tools.Nearest(c.name, names)
	if !found || len([]rune(c.text)) > maxCommand {
		return nil, said, wasNotUnderstood
	}
	tool, _ := tools.Find(b.tools, near)
	args, parseErr := tool.ParseArgs(plainText(c.text))
	if parseErr != nil {
		return nil, said, wasNotUnderstood
	}
	if plan, planErr := tool.Plan(args); planErr != nil || plan.Starts {
		return nil, said, wasNotUnderstood
	}
	return &run{Kind: kindAsk, Tool: near, Asker: c.person, Where: c.where, Choices: []tools.Call{{Tool: near, Args: args}}, Error: err.Error()}, blockkit.Message{}, ""
}

// planned checks a call, and decides what has to be asked before.
func (b *bot) planned(c command, call tools.Call) (*run, blockkit.Message, string) {
	tool, err := tools.Find(b.tools, call.Tool)
	if err != nil {
		return nil, blockkit.Say(err.Error(), nil, blockkit.Frame{}), wasNotUnderstood
	}
	plan, err := tool.Plan(call.Args)
	if refusal, ok := errors.AsType[*tools.Refusal](err); ok && refusal.Instead != nil {
		return &run{Kind: kindAsk, Tool: tool.Name, Asker: c.person, Where: c.where, Choices: []tools.Call{*refusal.Instead}, Error: tool.ErrorText(err), Notes: c.notes}, blockkit.Message{}, ""
	}
	if err != nil {
		return nil, blockkit.Failure(tool.ErrorText(err), blockkit.Frame{Notes: c.notes}), wasNotUnderstood
	}
	r := &run{Kind: kindReport, Tool: tool.Name, Args: asJSON(plan.Args), Asker: c.person, Where: c.where, Notes: c.notes}
	r.Wait, r.Scope = plan.Wait, plan.Scope
	if !plan.Starts {
		return r, blockkit.Message{}, ""
	}
	if refusal := b.rules.refuseStart(c.person); refusal != "" {
		return nil, blockkit.Say("Refused: "+refusal, nil, blockkit.Frame{}), wasForbidden
	}
	if b.rules.confirm || c.ask {
		r.Kind = kindAsk
	}
	return r, blockkit.Message{}, ""
}

// accept stores a run and acknowledges it. The same request of the same person in
// the same place, while one runs, is that one.
func (b *bot) accept(ctx context.Context, id string, r *run, responseURL string) reply {
	if known, found := b.find(ctx, id); found && known.Stage == stageTold { // a delivery of the same request once more
		b.note(ctx, id, r.Tool, r.Asker, wasRepeated)
		return reply{Message: blockkit.Say("This was answered already.", nil, blockkit.Frame{Run: id}), taken: true}
	}
	r.Asked, r.Stage, r.First = time.Now(), stageReading, r.Args
	if r.Wait > 0 {
		r.Until = r.Asked.Add(r.Wait)
	}
	if r.Kind == kindAsk {
		r.Stage = stageAnswered // the question is the answer
	}
	owner, err := b.claim(ctx, id, r)
	if err != nil {
		return b.notStored(ctx, err)
	}
	if owner != id {
		b.note(ctx, owner, r.Tool, r.Asker, wasJoined)
		if r.Kind == kindShare {
			return reply{Message: blockkit.Say("You have shared this here already.", nil, blockkit.Frame{Run: owner})}
		}
		return reply{Message: blockkit.Say("IN_PROGRESS: this is already being worked on", nil, blockkit.Frame{Run: owner})}
	}
	if responseURL != "" {
		if err := b.queue.PutSecret(ctx, id, responseURL, urlLifetime); err != nil {
			return b.notStored(ctx, err)
		}
	}
	waiting := b.waiting(ctx)
	crashAt("received")
	if _, _, err := b.queue.Submit(ctx, id, r); err != nil {
		return b.notStored(ctx, err)
	}
	crashAt("stored")
	m := blockkit.Say("IN_PROGRESS: "+r.Tool+" "+subject(r), append([]string{"The result appears here; nothing is shared unless you press Share."}, waiting...), blockkit.Frame{Run: id})
	return reply{Message: m, taken: true}
}

// claim returns the run that does what r is to do: another one that is not over,
// or id itself.
func (b *bot) claim(ctx context.Context, id string, r *run) (owner string, err error) {
	key := "active " + strings.Join([]string{string(r.Kind), r.Asker.Team, r.Asker.Channel, r.Asker.Thread, r.Asker.User, r.Tool, string(r.Args), r.From, strconv.FormatBool(r.Watch)}, " ")
	r.Claims = append(r.Claims, key)
	for began := time.Now(); time.Since(began) < storeLimit; {
		owner, err = b.queue.Claim(ctx, key, id)
		if err != nil || owner == id {
			return owner, err
		}
		job, err := b.queue.Get(ctx, owner)
		var other run
		if err == nil {
			err = job.Decode(&other)
		}
		switch {
		case err == nil && (job.Finished.IsZero() && other.Stage != stageTold || other.shared()): // one that was given up is over, too
			return owner, nil
		case errors.Is(err, jobs.ErrNotFound) && time.Since(began) < claimGrace: // it is being stored this moment
			pause(ctx, claimGrace/10)
			continue
		case err != nil && !errors.Is(err, jobs.ErrNotFound):
			return "", err
		}
		if err = b.queue.Release(ctx, key, owner); err != nil {
			return "", err
		}
	}
	return id, nil // somebody is very quick; two runs do no harm
}

func (b *bot) notStored(ctx context.Context, err error) reply {
	b.logger.ErrorContext(ctx, "a request was not stored", "error", err)
	b.health.store(err)
	if errors.Is(err, jobs.ErrUncertain) {
		m := blockkit.Say("It cannot be told whether this was stored: it may still be worked on, and the answer then appears here. If it does not within a minute, ask again.", nil, blockkit.Frame{})
		return reply{Message: m, failed: true}
	}
	m := blockkit.Say("This could not be stored, so nothing was started. Ask again in a moment; if it stays so, tell those who run the bot.", nil, blockkit.Frame{})
	return reply{Message: m, failed: true}
}

// ask stores a question and shows it.
func (b *bot) ask(ctx context.Context, id string, r *run) reply {
	r.Asked, r.Stage = time.Now(), stageAsking
	job, _, err := b.queue.Submit(ctx, id, r)
	if err != nil {
		return b.notStored(ctx, err)
	}
	var stored run
	if job.Decode(&stored) == nil && stored.Stage == stageChosen {
		b.note(ctx, id, r.Tool, r.Asker, wasRepeated)
		return reply{Message: blockkit.Say("This question was answered before.", nil, blockkit.Frame{Run: id})}
	}
	b.note(ctx, id, r.Tool, r.Asker, wasAsked)
	return reply{Message: question(id, r)}
}

// question is what has to be answered by a click.
func question(id string, r *run) blockkit.Message {
	if len(r.Choices) > 0 {
		return blockkit.Failure(r.Error, blockkit.Frame{Run: id, Buttons: choices(id, r), Notes: r.Notes})
	}
	return blockkit.Say("Start "+r.Tool+" "+subject(r)+"?",
		[]string{"It works on " + cmp.Or(r.Scope, "what the arguments say") + ".", "It creates a change in the environment; while it runs, other changes may be refused."},
		blockkit.Frame{Run: id, Notes: r.Notes, Buttons: []blockkit.Button{
			{Action: actionStart, Text: "Start", Value: id, Style: blockkit.Primary},
			{Action: actionCancel, Text: "Cancel", Value: id},
		}})
}

// subject is what a run is about, in a few words.
func subject(r *run) string {
	var facts formatters.Facts
	if facts.UnmarshalJSON(r.Args) != nil {
		return ""
	}
	var words []string
	for _, f := range facts {
		words = append(words, fmt.Sprintf("%s=%v", f.Name, f.Value))
	}
	return shortened(strings.Join(words, " "), 200)
}

func shortCall(c tools.Call) string {
	return shortened(c.Tool+" "+subject(&run{Args: c.Args}), 70)
}

func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func (b *bot) fence() string { return strings.ToLower(rand.Text()[:12]) }
