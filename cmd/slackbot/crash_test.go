//go:build fixture && unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs/natstest"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// The bot is killed between each pair of its steps, and started again on what it
// has left.

const (
	crashPoint  = "ALITRIAGE_TEST_CRASH_AT"
	freezePoint = "ALITRIAGE_TEST_FREEZE_AT"
)

// launchUntil starts the bot, which will not get beyond a point.
func (s *scene) launchUntil(t *testing.T, end, point string) *process {
	t.Helper()
	s.env[end] = point
	defer delete(s.env, end)
	return s.launch(t)
}

func newCrashScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.cloud.PutEnvironment(cloudsim.Environment{ID: cloudsim.CheckoutEnv, Instances: []cloudsim.EnvInstance{
		{ID: cloudsim.FullDiskInstance, Succeeded: true, StorageKey: "gather-stats/one.tgz"}, // at once
	}})
	return s
}

// crash runs the bot until it is killed at a point in what a command asks for. It
// returns what the person saw, and the id of the run.
func (s *scene) crash(t *testing.T, point, command, text string) (slacksim.Answer, string) {
	t.Helper()
	p := s.launchUntil(t, crashPoint, point)
	answer, err := s.Command(slacksim.Alice, slacksim.Incidents, command, text)
	require.NoError(t, err)
	p.died(t)
	return answer, runID(answer.TriggerID)
}

// final waits for the end of a run.
func (s *scene) final(t *testing.T, p *process, id string) string {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.finals(id)) > 0 }, patience, 10*time.Millisecond, "no end of run %s\n%s", id, p.log)
	return s.finals(id)[0]
}

// died waits for the end by SIGKILL.
func (p *process) died(t *testing.T) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.Fail(t, "it does not get there", "%s", p.log)
	}
	status, ok := p.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v\n%s", p.ProcessState, p.log)
}

const (
	read   = "/get_app_status checkout"
	gather = "/gather_env_stats checkout-env"
)

func TestCrashMatrix(t *testing.T) {
	for _, c := range []struct {
		command, point string
		unacked        bool   // the person saw an error
		want           string // the end begins so
		repeated       bool   // it may come twice
	}{
		{read, "stored", true, "ACTION_NEEDED", false},
		{read, "acking", true, "ACTION_NEEDED", false},
		{read, "telling", false, "ACTION_NEEDED", false},
		{read, "posted", false, "ACTION_NEEDED", true},
		{read, "told", false, "ACTION_NEEDED", false},
		{gather, "stored", true, "OK", false},
		{gather, "acking", true, "OK", false},
		{gather, "placed", false, "OK", false},
		{gather, "polled", false, "OK", false},
		{gather, "progressed", false, "OK", false},
		{gather, "telling", false, "OK", false},
		{gather, "posted", false, "OK", true},
		{gather, "told", false, "OK", false},
	} {
		name, text, _ := strings.Cut(c.command, " ")
		t.Run(name[1:]+" "+c.point, func(t *testing.T) {
			s := newCrashScene(t)
			answer, id := s.crash(t, c.point, name, text)
			require.Equal(t, c.unacked, answer.Error != "", answer.Error)
			p := s.launch(t)
			require.True(t, strings.HasPrefix(s.final(t, p, id), c.want), s.finals(id))
			p.settled(t)
			if c.repeated {
				require.LessOrEqual(t, len(s.finals(id)), 2)
			} else {
				require.Len(t, s.finals(id), 1)
			}
			if c.command == gather {
				require.Len(t, s.cloud.Calls().Changes, 1)
			}
			require.Equal(t, 1, strings.Count(s.out.String(), `"run":"`+id), "the audit has it once: %s", s.out)
			s.leftNothing(t, p, c.command)
		})
	}
}

// leftNothing asks the same again, which is a new run and no part of the old one.
func (s *scene) leftNothing(t *testing.T, p *process, command string) {
	t.Helper()
	name, text, _ := strings.Cut(command, " ")
	answer, err := s.Command(slacksim.Alice, slacksim.Incidents, name, text)
	require.NoError(t, err)
	require.Contains(t, answer.Text(), runID(answer.TriggerID), "it joins nothing")
	s.final(t, p, runID(answer.TriggerID))
}

// Killed before the store, nothing has happened: the person sees Slack's error and
// asks again.
func TestCrashBeforeTheStoreStartsNothing(t *testing.T) {
	for _, command := range []string{read, gather} {
		t.Run(command[1:], func(t *testing.T) {
			s := newCrashScene(t)
			name, text, _ := strings.Cut(command, " ")
			answer, id := s.crash(t, "received", name, text)
			require.NotEmpty(t, answer.Error)
			p := s.launch(t)
			s.leftNothing(t, p, command)
			p.settled(t)
			require.Empty(t, s.finals(id))
			require.LessOrEqual(t, len(s.cloud.Calls().Changes), 1)
		})
	}
}

// Whether a start was sent is not known: it is said, and never tried again until a
// person has looked, asked for it and confirmed.
func TestCrashInAStartIsNotRepeated(t *testing.T) {
	for point, started := range map[string]int{"intended": 0, "started": 1} {
		t.Run(point, func(t *testing.T) {
			s := newCrashScene(t)
			_, id := s.crash(t, point, "/gather_env_stats", "checkout-env")
			p := s.launch(t)
			require.Contains(t, s.final(t, p, id), "it may have been started, or not")
			p.settled(t)
			require.Len(t, s.finals(id), 1)
			require.Len(t, s.cloud.Calls().Changes, started)

			// Nor for somebody else who does not know of it.
			answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env")
			require.NoError(t, err)
			other := runID(answer.TriggerID)
			require.Contains(t, s.final(t, p, other), "Nothing was started: run "+id)
			p.settled(t)
			require.Len(t, s.cloud.Calls().Changes, started)

			// From either message one more can be started.
			for i, from := range []string{other, id} { // the other one knows whose place it takes
				s.pressOf(t, from, actionAgain)
				s.until(t, slacksim.Alice, slacksim.Incidents, "Start gather_env_stats")
				require.Len(t, s.cloud.Calls().Changes, started+i, "a question starts nothing")
				s.press(t, s.until(t, slacksim.Alice, slacksim.Incidents, "Start gather_env_stats"), actionStart)
				require.Eventually(t, func() bool { return len(s.cloud.Calls().Changes) == started+i+1 }, patience, 10*time.Millisecond, "%v\n%s", s.texts(), p.log)
				p.settled(t)
				require.Len(t, s.cloud.Calls().Changes, started+i+1)
			}
		})
	}
}

// A question that was answered, in a process that died before it had stored the
// run, can be answered again, and starts one thing.
func TestCrashInTheAnswerToAQuestion(t *testing.T) {
	for point, unacked := range map[string]bool{"chosen": true, "received": true, "stored": true} {
		t.Run(point, func(t *testing.T) {
			s := newCrashScene(t)
			s.write(t, "slack: {can_start: [S0ONCALL], confirm_start: true}\n")
			p := s.launchUntil(t, crashPoint, point)
			asked, err := s.Command(slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env")
			require.NoError(t, err)
			require.NotNil(t, asked.Message, asked.Error)
			answer, err := s.Click(slacksim.Alice, *asked.Message, actionStart)
			require.NoError(t, err)
			require.Equal(t, unacked, answer.Error != "")
			p.died(t)
			p = s.launch(t)
			if point != "stored" {
				s.press(t, *asked.Message, actionStart)
			}
			started := runID("answer to " + runID(asked.TriggerID))
			require.True(t, strings.HasPrefix(s.final(t, p, started), "OK"), s.texts())
			p.settled(t)
			require.Len(t, s.cloud.Calls().Changes, 1)
		})
	}
}

func (s *scene) texts() (texts []string) {
	for _, m := range s.Messages("") {
		texts = append(texts, m.Text)
	}
	return texts
}

// pressOf presses a button of the message that shows the run.
func (s *scene) pressOf(t *testing.T, id, action string) {
	t.Helper()
	for _, m := range s.Visible(slacksim.Alice, slacksim.Incidents) {
		if strings.Contains(string(m.Blocks), id) && strings.Contains(string(m.Blocks), `"`+action+`"`) {
			s.press(t, m, action)
			return
		}
	}
	require.Fail(t, "no such button", "%s of %s: %v", action, id, s.texts())
}

func (s *scene) press(t *testing.T, m slacksim.Message, action string) {
	t.Helper()
	answer, err := s.Click(slacksim.Alice, m, action)
	require.NoError(t, err)
	require.Empty(t, answer.Error)
}

// Killed from outside, wherever it is: who got an acknowledgement gets an answer.
func TestCrashAtAnyMoment(t *testing.T) {
	const rounds, commands = 10, 5
	s := newCrashScene(t)
	acked, kills := map[string]bool{}, map[string]int{} // by run; kills that it has seen
	var mu sync.Mutex
	for round := range rounds {
		p := s.launch(t)
		moment, over := context.WithTimeout(t.Context(), time.Duration(rand.IntN(150))*time.Millisecond)
		var all sync.WaitGroup
		for i := range commands {
			app := fmt.Sprintf("5c0e8a4f-93d1-4b7a-a2f6-%012x", round*commands+i)
			s.cloud.PutApp(cloudsim.App{ID: app, CurrentStatus: "RUNNING", LastChangeOrderStatus: "SUCCESS"})
			all.Go(func() {
				answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/get_app_status", app+" --region "+cloudsim.Region)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					acked[runID(answer.TriggerID)] = answer.Error == ""
					kills[runID(answer.TriggerID)] = rounds - round
				}
			})
		}
		<-moment.Done()
		over()
		p.kill()
		all.Wait()
	}
	p := s.launch(t)
	p.settled(t)
	answered, stored, repeated := 0, 0, 0
	for id, sure := range acked {
		n := len(s.finals(id))
		if sure {
			require.Positivef(t, n, "run %s was acknowledged and is lost\n%s", id, p.log)
			answered++
		} else if n > 0 {
			stored++
		}
		require.LessOrEqual(t, n, 1+kills[id], "%v", s.finals(id)) // between Slack's yes and its record, once for each kill
		repeated += max(n-1, 0)
	}
	t.Logf("%d of %d acknowledged, all answered; %d more were stored; %d repetitions", answered, len(acked), stored, repeated)
}

// A process stands still for longer than the cluster waits for it, after it has
// stored that it means to start something. When it wakes up, the person was told
// that nobody knows, and may have started another: it starts nothing.
func TestCrashOfAProcessThatWakesUp(t *testing.T) {
	cluster, err := natstest.Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	s := newCrashScene(t)
	s.env["ALITRIAGE_NATS_URL"] = cluster.URL
	frozen := s.launchUntil(t, freezePoint, "intended")
	answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env")
	require.NoError(t, err)
	require.Empty(t, answer.Error)

	p := s.launch(t)
	require.Contains(t, s.final(t, p, runID(answer.TriggerID)), "it may have been started, or not")
	require.NoError(t, frozen.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool { return strings.Contains(frozen.log.String(), "overtaken") }, patience, 20*time.Millisecond, "%s", frozen.log)
	p.settled(t)
	require.Empty(t, s.cloud.Calls().Changes)
	require.Len(t, s.finals(runID(answer.TriggerID)), 1)
}
