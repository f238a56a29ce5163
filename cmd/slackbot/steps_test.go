package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs/natstest"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// Single steps of a bot that works on nothing by itself.

// idleBot is one whose store is open.
func (s *scene) idleBot(t *testing.T) *bot {
	t.Helper()
	a := app{args: []string{"alitriage-slackbot"}, out: s.out, errs: s.errs, lookUp: func(name string) (string, bool) {
		value, ok := s.env[name]
		return value, ok
	}}
	var b *bot
	cmd := a.command()
	cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
		cfg, err := config.Read(cmd, a.lookUp)
		require.NoError(t, err)
		access, err := config.ReadSlackAccess(a.lookUp)
		require.NoError(t, err)
		b, err = a.bot(ctx, cfg, access, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		b.rules = newRules(cfg, slacksim.TeamID, b.slack.members, b.logger)
		return nil
	}
	require.NoError(t, cmd.Run(t.Context(), a.args))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownLimit) //nolint:usetesting // t.Context is over in a cleanup
		defer cancel()
		require.NoError(t, b.queue.Close(ctx))
	})
	return b
}

var alice = person{Team: slacksim.TeamID, Channel: slacksim.Incidents, User: slacksim.Alice}

// submit stores a run that means to start a gather, asked for long ago.
func (b *bot) submit(t *testing.T, id string) *step {
	t.Helper()
	r := &run{
		Kind: kindReport, Tool: "gather_env_stats", Args: asJSON(map[string]string{"env_id": cloudsim.CheckoutEnv, "region": cloudsim.Region}),
		Asker: alice, Where: surface{Channel: slacksim.Incidents, Post: true}, Asked: time.Now().Add(-10 * time.Minute), Stage: stageReading,
	}
	job, _, err := b.queue.Submit(t.Context(), id, r)
	require.NoError(t, err)
	return &step{bot: b, job: &job, run: r}
}

// The bot was down for ten minutes, and two people want to start the same: the
// one who has the place has not got further yet.
func TestAPlaceIsNotTakenFromARunWhoseTurnHasNotCome(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	b.submit(t, "first")
	second := b.submit(t, "second")
	tool, err := tools.Find(b.tools, "gather_env_stats")
	require.NoError(t, err)
	plan, err := tool.Plan(second.run.Args)
	require.NoError(t, err)
	key := "start " + plan.Place
	_, err = b.queue.Claim(t.Context(), key, "first")
	require.NoError(t, err)

	second.start(t.Context(), tool, plan)
	owner, err := b.queue.Claim(t.Context(), key, "second")
	require.NoError(t, err)
	require.Equal(t, "first", owner)

	away, cancel := context.WithCancel(t.Context()) // a store that does not answer knows nothing of the first either
	cancel()
	second.join(away, tool, key, "first")
	owner, err = b.queue.Claim(t.Context(), key, "second")
	require.NoError(t, err)
	require.Equal(t, "first", owner)
	require.Empty(t, s.cloud.Calls().Changes)

	// One that is over, and has started nothing, has left its place.
	require.NoError(t, b.change(t.Context(), "first", func(r *run) error {
		r.Stage = stageTold
		return nil
	}))
	second.start(t.Context(), tool, plan)
	second.start(t.Context(), tool, plan)
	require.Len(t, s.cloud.Calls().Changes, 1)
}

func TestManyAtOnceAreOneRun(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	const presses = 20
	taken := make(chan bool, presses)
	var all sync.WaitGroup
	for i := range presses {
		all.Go(func() {
			answer := b.command(t.Context(), command{person: alice, name: "get_app_status", text: "checkout", trigger: fmt.Sprint(i)})
			taken <- answer.taken
			if answer.failed {
				t.Error(answer.Text)
			}
		})
	}
	all.Wait()
	close(taken)
	runs := 0
	for one := range taken {
		if one {
			runs++
		}
	}
	require.Equal(t, 1, runs)
	depth, err := b.queue.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, jobs.Depth{Waiting: 1}, depth)
}

// What was told is stored, though the node dies that leads the records: else it
// would be told again.
func TestAStepIsStoredThoughTheLeaderOfTheRecordsDies(t *testing.T) {
	cluster, err := natstest.Start(t.Context(), filepath.Join(t.TempDir(), "cluster"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.env["ALITRIAGE_NATS_URL"] = cluster.URL
	b := s.idleBot(t)
	told := b.submit(t, "run")
	require.NoError(t, cluster.Stop("KV_alitriage-runs", true))
	require.True(t, told.save(t.Context(), stageTold))
	stored, found := b.find(t.Context(), "run")
	require.True(t, found)
	require.Equal(t, stageTold, stored.Stage)
}

// What kills the process each time it is delivered is not delivered for ever.
func TestAFileThatKillsTheProcessIsGivenUp(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	r := &run{Kind: kindFile, Tool: "get_app_status", Args: asJSON(map[string]string{"app_id": "checkout"}), Asker: alice, Asked: time.Now(), Stage: stageAnswered}
	job, _, err := b.queue.Submit(t.Context(), "file", r)
	require.NoError(t, err)
	job.Crashes = maxCrashes
	b.work(t.Context(), &job)
	require.Contains(t, s.until(t, slacksim.Alice, slacksim.Incidents, "given up").Text, "run file")
	require.Empty(t, s.cloud.Calls().Accepted)
	require.Empty(t, s.Files())
}

func TestAQuestionThatWasAnsweredIsNotAskedAgainAfterCrashes(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	job, _, err := b.queue.Submit(t.Context(), "question", &run{Kind: kindAsk, Tool: "gather_env_stats", Asker: alice, Asked: time.Now(), Stage: stageChosen})
	require.NoError(t, err)
	job.Crashes = maxCrashes
	b.work(t.Context(), &job)
	require.Empty(t, s.ofBot(slacksim.Alice, slacksim.Incidents))
}

func TestARunThatWasGivenUpHoldsNobodyUp(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	asked := func() *run {
		return &run{Kind: kindReport, Tool: "get_app_status", Args: asJSON(map[string]string{"app_id": "checkout"}), Asker: alice, Stage: stageAnswered}
	}
	owner, err := b.claim(t.Context(), "dead", asked())
	require.NoError(t, err)
	require.Equal(t, "dead", owner)
	_, _, err = b.queue.Submit(t.Context(), "dead", asked())
	require.NoError(t, err)
	owner, err = b.claim(t.Context(), "second", asked())
	require.NoError(t, err)
	require.Equal(t, "dead", owner, "it is at work")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, b.queue.Work(ctx, func(context.Context, *jobs.Job) jobs.Outcome {
		time.AfterFunc(100*time.Millisecond, cancel)
		return jobs.Dead("a test")
	}))
	owner, err = b.claim(t.Context(), "third", asked())
	require.NoError(t, err)
	require.Equal(t, "third", owner)
}

func TestAPanicInARequestIsLoggedWithoutItsWords(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	b.logger = slog.New(slog.NewTextHandler(s.errs, nil))
	secret := s.Secrets().SigningSecret
	handler := web{b, secret}.signed(func(http.ResponseWriter, *http.Request) { panic("a word of somebody's") })
	request, err := s.Forge(t.Context(), slacksim.Forged{URL: "http://127.0.0.1/slack/commands", Body: []byte("x=1")})
	require.NoError(t, err)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { handler(httptest.NewRecorder(), request) })
	require.Contains(t, s.errs.String(), "internal error in a request")
	require.NotContains(t, s.errs.String(), "somebody's")
}

// It showed its acknowledgement alone, for as long as the other took, and could not
// be stopped.
func TestARunThatWaitsForAnothersStartSaysSoAndCanBeStopped(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	b.submit(t, "first")
	second := b.submit(t, "second")
	tool, err := tools.Find(b.tools, "gather_env_stats")
	require.NoError(t, err)
	plan, err := tool.Plan(second.run.Args)
	require.NoError(t, err)
	_, err = b.queue.Claim(t.Context(), "start "+plan.Place, "first")
	require.NoError(t, err)

	second.start(t.Context(), tool, plan)
	waits := s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: gather_env_stats")
	require.Contains(t, says(waits), "Nothing was started yet: run first is to start something in the same environment first")
	require.Contains(t, says(waits), "Stop waiting")

	require.Nil(t, b.stop(t.Context(), click{person: alice, value: "second", message: second.run.Where}))
	for range 2 { // the first notices, and edits keep their pace
		second.start(t.Context(), tool, plan)
		time.Sleep(editPause)
		second.tell(t.Context())
	}
	s.changed(t, waits, "Stopped: this run has started nothing")
	require.Empty(t, s.cloud.Calls().Changes)
}

// What was posted when the process died, and not recorded, is found by nobody.
func TestTheAnswerOfAnInterruptedRunSaysThatAnotherMessageMayBeLeft(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	interrupted := b.question(t, "interrupted", 0)
	interrupted.job.Crashes = 1
	b.work(t.Context(), interrupted.job)
	require.Contains(t, says(s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")), mayBeLeft)

	b.work(t.Context(), b.question(t, "smooth", 0).job)
	s.eventually(t, "the other", func() bool { return len(s.reports()) == 2 })
	require.NotContains(t, says(s.reports()[1]), mayBeLeft)
}
