package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs/natstest"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// What people wait for until they read IN_PROGRESS: 200 commands in 5 s, of ten
// people about 20 applications, each of them on disk by then. The bot is a process
// of its own.
func BenchmarkAcknowledge(b *testing.B) {
	const people, apps, commands, within = 10, 20, 200, 5 * time.Second
	s := newScene(b, sceneOptions{file: usual, idle: true, slack: crowd(people)})
	p := s.launch(b)
	var took []time.Duration
	var mu sync.Mutex
	for b.Loop() {
		var all sync.WaitGroup
		tick := time.NewTicker(within / commands)
		for i := range commands {
			app := fmt.Sprintf("5c0e8a4f-93d1-4b7a-a2f6-%012x", i%apps)
			s.cloud.PutApp(cloudsim.App{ID: app, CurrentStatus: "RUNNING", LastChangeOrderStatus: "SUCCESS"})
			all.Go(func() {
				answer, err := s.Command(member(i/apps), slacksim.Incidents, "/get_app_status", app)
				if err != nil || answer.Error != "" {
					b.Error(err, answer.Error)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, answer.Latency)
			})
			<-tick.C
		}
		tick.Stop()
		all.Wait()
	}
	p.settled(b)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// A thousand who wait for the ends of 20 operations, beside 20 who do: what the
// cloud is asked, and what the bot's process takes.
func BenchmarkWaiting(b *testing.B) {
	const operations = 20
	for _, each := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d-runs", operations*each), func(b *testing.B) {
			s := newScene(b, sceneOptions{file: usual, idle: true, slack: crowd(each)})
			for i := range operations {
				s.cloud.PutOperation(cloudsim.Operation{ID: operation(i), RunsFor: time.Hour, Status: "SUCCESS", Message: `" "`})
			}
			p := s.launch(b)
			for i := range operations {
				for j := range each {
					answer, err := s.Command(member(j), slacksim.Incidents, "/get_operation_result", operation(i)+" wait_seconds=40")
					require.NoError(b, err)
					require.Contains(b, answer.Text(), "IN_PROGRESS")
				}
			}
			for b.Loop() {
				const polls = 4 * operations
				began, first := time.Now(), s.polls()
				require.Eventually(b, func() bool { return s.polls() >= first+polls }, patience, time.Millisecond)
				b.ReportMetric(float64(polls)/time.Since(began).Seconds(), "polls/s")
				b.ReportMetric(p.megabytes(b), "MB")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func member(i int) string { return fmt.Sprintf("U0MEMBER%02d", i) }

// crowd is a channel with that many people.
func crowd(n int) slacksim.Options {
	w := slacksim.Demo()
	for i := range n {
		w.Users = append(w.Users, slacksim.User{ID: member(i), Name: fmt.Sprint("member-", i)})
		w.Channels[0].Members = append(w.Channels[0].Members, member(i))
	}
	return slacksim.Options{Workspace: w}
}

func (s *scene) polls() int { return s.cloud.Calls().Accepted["GetExecuteOperationResult"] }

var residentSet = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// megabytes is what the bot's process takes now.
func (p *process) megabytes(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	require.NoError(b, err)
	found := residentSet.FindSubmatch(text)
	require.NotNil(b, found)
	kB, err := strconv.Atoi(string(found[1]))
	require.NoError(b, err)
	return float64(kB) / 1000
}

// What people wait for in a steady stream of questions: 8 commands a second about 40
// applications, then about 400, for as long as ALITRIAGE_STREAM says (default 30 s),
// the bot killed and started anew in the middle. What the slowest asker waits, what
// the cloud is asked, and the memory after a fifth of the time and at its end.
func BenchmarkStream(b *testing.B) {
	during := 30 * time.Second
	if text := os.Getenv("ALITRIAGE_STREAM"); text != "" {
		var err error
		during, err = time.ParseDuration(text)
		require.NoError(b, err)
	}
	for name, c := range map[string]stream{
		"40-apps":              {apps: 40},
		"40-apps-restart":      {apps: 40, restart: true},
		"40-apps-two-replicas": {apps: 40, replicas: true},
		"400-apps":             {apps: 400},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.run(b, during)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

type stream struct {
	apps              int
	restart, replicas bool
}

func (c stream) run(b *testing.B, during time.Duration) {
	b.Helper()
	const people, each = 40, time.Second / 8
	apps := c.apps
	s := newScene(b, sceneOptions{file: usual, idle: true, slack: crowd(people)})
	for i := range apps {
		s.cloud.PutApp(cloudsim.App{ID: appNumber(i), CurrentStatus: "RUNNING", LastChangeOrderStatus: "SUCCESS"})
	}
	var other string
	if c.replicas {
		cluster, err := natstest.Start(b.Context(), b.TempDir())
		require.NoError(b, err)
		b.Cleanup(cluster.Close)
		s.env["ALITRIAGE_NATS_URL"] = cluster.URL
		other = s.launch(b).url()
	}
	p, n := s.launch(b), int(during/each)
	asked, began := map[string]time.Time{}, time.Now()
	tick := time.NewTicker(each)
	defer tick.Stop()
	for i := range n {
		switch {
		case c.restart && i == n/2:
			p.kill()
			p = s.launch(b)
		case c.replicas:
			s.SetBotURL([]string{other, p.url()}[i%2])
		case i == n/5:
			b.ReportMetric(p.megabytes(b), "MB-early")
		}
		at := time.Now()
		answer, err := s.Command(member((i+i/apps)%people), slacksim.Incidents, "/get_app_status", appNumber(i*7%apps))
		require.NoError(b, err)
		if id := runIn(answer.Text()); id != "" {
			if _, known := asked[id]; !known {
				asked[id] = at
			}
		}
		<-tick.C
	}
	b.ReportMetric(p.megabytes(b), "MB-end")
	ended := map[string]time.Time{}
	require.Eventually(b, func() bool {
		for _, m := range s.Messages("") {
			if id := runIn(m.Text); id != "" && isFinal(m, m.Text, string(m.Blocks), id) && ended[id].IsZero() {
				ended[id] = m.At
			}
		}
		return len(ended) >= len(asked)
	}, 10*time.Minute, time.Second)
	var waits []time.Duration
	for id, at := range asked {
		waits = append(waits, ended[id].Sub(at))
	}
	slices.Sort(waits)
	b.ReportMetric(waits[len(waits)/2].Seconds(), "p50-s")
	b.ReportMetric(waits[len(waits)-1].Seconds(), "max-s")
	b.ReportMetric(float64(s.cloud.Calls().Accepted["DescribeApplicationStatus"])/time.Since(began).Seconds(), "reads/s")
	b.ReportMetric(float64(len(asked)), "runs")
}

// runIn is the run that a message is of.
func runIn(text string) string {
	_, id, _ := strings.Cut(text, " · run ")
	return id
}
