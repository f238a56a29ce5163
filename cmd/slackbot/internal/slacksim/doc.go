// Package slacksim is a fake Slack: the Web API that alitriage-slackbot uses,
// Socket Mode, response_urls, and people who type commands and press buttons.
//
// It is a server and not a mock. It promises: a call is let in only with the
// right kind of token and the granted scope; what Slack would refuse, is refused
// with Slack's own code; a message beyond a limit of Block Kit is refused with
// the place; a response_url works five times in 30 minutes; a command and a click
// are delivered once and an event up to four times; what a person would see can
// be asked for at any time; whatever can go wrong can be made to go wrong with a
// Fault. Characters are counted in UTF-16 units: Slack does not say how it
// counts, and this is the strictest of the usual ways.
//
// In a test, over HTTP (without BotURL it is Socket Mode):
//
//	sim, err := slacksim.Start(slacksim.Options{})
//	defer sim.Close()
//	… the bot gets sim.APIURL() and sim.Secrets(), and listens at url
//	sim.SetBotURL(url)
//	seen, err := sim.Command(slacksim.Alice, slacksim.Incidents, "/triage", "checkout")
//	shown := sim.Visible(slacksim.Alice, slacksim.Incidents)
//	seen, err = sim.Click(slacksim.Alice, shown[0], "refresh")
//
// Alice, Bob and Carol are of its workspace; Dora is of another one, with which
// the channels Shared and Hosted are shared.
//
// In a testing/synctest bubble New and Transport stand for Start and sockets.
//
// Where Slack's behaviour is not documented the comment says "not known" and the
// stricter guess is taken, so that what passes here should pass there.
//
// It must not import slack-go, nor anything else of alitriage: it judges them. It
// is itself judged by Slack's own clients, see internal/peers/slack.sh.
package slacksim
