// Command slackbot, released as alitriage-slackbot, answers the tools as Slack
// slash commands, in threads where it is mentioned, and in direct messages:
//
//	alitriage-slackbot [serve]                                   Socket Mode, or HTTP without SLACK_APP_TOKEN
//	alitriage-slackbot manifest [--url https://bot.example.com]  the manifest of the Slack app, made of the tools
//
// Whatever comes in is stored before it is acknowledged; see internal/jobs. The
// README says how to set it up, docs/layout.md how a command travels.
package main
