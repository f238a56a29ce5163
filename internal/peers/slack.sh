#!/usr/bin/env bash
# Lets Slack's own software from npm, pinned in package-lock.json, judge what we build for Slack.
#
#   slack.sh SLACKSIM SLACKBOT        our fake Slack, and the bot
#
# The official clients drive the fake, and emulate, a fake by others, is compared with it, so that what passes against
# the fake is worth something; the official schema judges the bot's manifest; the official types judge its messages.
# At last the bot itself is tried: in our fake by a caller that is no Go program, and in emulate.
set -euo pipefail

[[ $# -eq 2 ]] || { echo "usage: slack.sh SLACKSIM SLACKBOT" >&2; exit 2; }
for path in "$1" "$2"; do
  [[ -x $path ]] || { echo "slack.sh: no executable $path: run 'make build slacksim' first" >&2; exit 2; }
done
slacksim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
slackbot=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./node.sh

node slack-clients.mjs "$slacksim"
node slack-emulate.mjs "$slacksim"
node slack-manifest.mjs "$slackbot"
node blocks-types.mjs --self-test testdata/blocks
node blocks-types.mjs ../../formatters/blockkit/testdata
node slack-bot.mjs "$slacksim" "$slackbot"
node slack-bot-emulate.mjs "$slackbot"
