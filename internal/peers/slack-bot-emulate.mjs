// The bot against the Web API of emulate, a fake Slack by others: is the right message in the right place, is it the same
// one that is edited, does the file arrive? emulate sends no commands and no clicks; those are signed here.
//
//   node slack-bot-emulate.mjs SLACKBOT
//
// The bot's library sends its token in the form, as Slack allows, and emulate looks in the header only: a proxy here copies
// it. The bot knows nothing of that.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { LogLevel, WebClient } from "@slack/web-api";
import { createEmulator } from "emulate";
import { atEnd, check, done } from "./checks.mjs";
import { send, startBot } from "./slackbot.mjs";
import { until } from "./slacksim.mjs";

if (!process.argv[2]) {
  console.error("usage: node slack-bot-emulate.mjs SLACKBOT");
  process.exit(2);
}
const token = "xoxb-any";
const secret = "a-signing-secret";
const seed = { slack: { users: [{ name: "alice" }], channels: [{ name: "incidents" }, { name: "elsewhere" }], bots: [{ name: "alitriage" }] } };
const emulator = await createEmulator({ service: "slack", port: 0, seed });
atEnd(() => emulator.close());

let asked = []; // the methods that the bot has called
const proxy = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const headers = { "content-type": request.headers["content-type"] };
  const inForm = new URLSearchParams(body.toString()).get("token");
  if (inForm) headers.authorization = `Bearer ${inForm}`;
  asked.push(request.url.split("/").at(-1));
  const answer = await fetch(emulator.url + request.url, { method: request.method, headers, body });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
  response.end(Buffer.from(await answer.arrayBuffer()));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => proxy.once("listening", resolve));
atEnd(() => proxy.close());

const nothing = () => {};
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing, getLevel: () => LogLevel.ERROR, setName: nothing };
const web = new WebClient(token, { slackApiUrl: `${emulator.url}/api/`, logger, retryConfig: { retries: 0 } });
const { team_id: team, user_id: self } = await web.auth.test();
const channels = (await web.conversations.list()).channels;
const [channel, elsewhere] = ["incidents", "elsewhere"].map((name) => channels.find((c) => c.name === name).id);
await web.conversations.join({ channel });
await web.conversations.join({ channel: elsewhere });
const user = (await web.users.list()).members.find((u) => u.name === "alice").id;

const bot = await startBot(process.argv[2], {
  SLACK_BOT_TOKEN: token, SLACK_SIGNING_SECRET: secret, ALITRIAGE_SLACK_API_URL: `http://127.0.0.1:${proxy.address().port}/api/`,
});
atEnd(bot.stop);

let events = 0;
/** Alice writes, and Slack tells the bot; resolves to the ts of what she wrote. */
async function mention(text) {
  const { ts } = await web.chat.postMessage({ channel, text: `<@${self}> ${text}` });
  const event = { type: "app_mention", user, text: `<@${self}> ${text}`, channel, ts };
  const body = JSON.stringify({ type: "event_callback", team_id: team, event_id: `Ev${++events}`, event });
  const { status, text: said } = await send(`${bot.url}/slack/events`, secret, body, { type: "application/json" });
  assert.equal(status, 200, said);
  return ts;
}
const thread = async (ts) => (await web.conversations.replies({ channel, ts })).messages.filter((m) => m.ts !== ts);

let report;
await check("bot in emulate: a mention is answered once, in its thread, and nowhere else", async () => {
  const ts = await mention("get_app_status checkout");
  await until("the answer", async () => (await thread(ts)).length > 0);
  [report] = await thread(ts);
  assert.match(report.text, /SIMULATED ACTION_NEEDED: /);
  assert.equal(report.thread_ts, ts);
  assert.equal((await thread(ts)).length, 1);
  const others = (await web.conversations.history({ channel: elsewhere })).messages ?? [];
  assert.ok(!others.some((m) => m.text?.includes("SIMULATED")));
});

await check("bot in emulate: a wait is one message, edited until it is over", async () => {
  asked = [];
  const ts = await mention("get_operation_result resize wait_seconds=25");
  await until("progress", async () => (await thread(ts)).length > 0, 15_000);
  const [first] = await thread(ts);
  assert.match(first.text, /SIMULATED IN_PROGRESS: /);
  await until("the end", async () => (await thread(ts))[0].text.includes("SIMULATED OK: "), 25_000);
  const after = await thread(ts);
  assert.equal(after.length, 1);
  assert.equal(after[0].ts, first.ts);
  assert.equal(asked.filter((method) => method === "chat.postMessage").length, 1);
  assert.ok(asked.includes("chat.update"));
});

const button = (message, action) => message.blocks.flatMap((b) => b.elements ?? []).find((e) => e.action_id === action);
/** Alice presses a button; resolves when the bot has acknowledged it. */
async function click(message, action) {
  const { value } = button(message, action);
  const payload = {
    type: "block_actions", team: { id: team }, user: { id: user }, channel: { id: channel }, trigger_id: `t${++events}`, response_url: "",
    container: { type: "message", message_ts: message.ts, channel_id: channel, thread_ts: message.thread_ts, is_ephemeral: false },
    actions: [{ type: "button", action_id: action, value, block_id: "b", action_ts: message.ts }],
  };
  const { status, text } = await send(`${bot.url}/slack/interactions`, secret, new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
  assert.equal(status, 200, text);
}

await check("bot in emulate: Refresh edits the message that it is in", async () => {
  asked = [];
  await click(report, "refresh");
  await until("an edit", () => asked.includes("chat.update"));
  assert.ok(!asked.includes("chat.postMessage"));
});

await check("bot in emulate: the full output is a file in the direct messages", async () => {
  asked = [];
  await click(report, "file");
  await until("three steps", () => asked.includes("files.completeUploadExternal"));
  const { files } = await web.files.list();
  assert.ok(files.some((f) => /^alitriage-.*\.txt$/.test(f.name) && f.size > 100), JSON.stringify(files));
  assert.ok(asked.includes("conversations.open"));
});

await check("bot in emulate: it ends with exit code 0", bot.stop);
await done("slack-bot-emulate");
