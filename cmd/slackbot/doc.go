// Command slackbot, released as alitriage-slackbot, will answer the tools as
// Slack slash commands. In this version it only prints the manifest of the
// Slack app, which is made of the tools:
//
//	alitriage-slackbot manifest [--url https://bot.example.com]
package main
