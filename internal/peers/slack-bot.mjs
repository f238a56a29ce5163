// The bot itself, between the simulated cloud (--demo) and our fake Slack: signed and driven from here, over HTTP and over
// Socket Mode, so that signatures, acks and messages are not judged by the library that made them.
//
//   node slack-bot.mjs SLACKSIM SLACKBOT

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { atEnd, check, done } from "./checks.mjs";
import { send, startBot } from "./slackbot.mjs";
import { startSlack, until } from "./slacksim.mjs";

const [slacksim, slackbot] = process.argv.slice(2);
if (!slackbot) {
  console.error("usage: node slack-bot.mjs SLACKSIM SLACKBOT");
  process.exit(2);
}
const { identity, order, stop } = await startSlack(slacksim, "-ping", "200ms", "-escape");
atEnd(stop);
const { incidents } = identity.channels;
const { alice, bob } = identity.users;
const { signing_secret: secret } = identity;

/** A response_url of our own: what is posted to it is in the list. */
const responses = [];
const hook = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    responses.push(JSON.parse(body));
    response.end("ok");
  });
}).listen(0, "127.0.0.1");
await new Promise((resolve) => hook.once("listening", resolve));
atEnd(() => hook.close());

let triggers = 0;
const form = (command, text) =>
  new URLSearchParams({
    team_id: identity.team_id, channel_id: incidents, channel_name: "incidents", user_id: alice, user_name: "alice", api_app_id: identity.app_id,
    command, text, trigger_id: `1.${++triggers}`, response_url: `http://127.0.0.1:${hook.address().port}/commands`,
  }).toString();

/** Waits for a message that somebody sees. */
async function seen(user, channel, part) {
  let found;
  await until(`${user} sees ${part}`, async () => {
    found = (await order("messages", { user, channel })).find((m) => m.text.includes(part));
    return found;
  });
  return found;
}

const env = { SLACK_BOT_TOKEN: identity.bot_token, ALITRIAGE_SLACK_API_URL: identity.api_url };
const http = await startBot(slackbot, { ...env, SLACK_SIGNING_SECRET: secret });
atEnd(http.stop);
await order("settings", { bot_url: http.url });

// --- HTTP

await check("bot: Slack's check of the events URL", () => order("verify"));

const genuine = form("/triage", "checkout");
await check("bot: a command is acknowledged in time, in private", async () => {
  const { status, text, ms } = await send(`${http.url}/slack/commands`, secret, genuine);
  assert.equal(status, 200, text);
  assert.ok(ms < 3000, `${ms} ms`);
  const ack = JSON.parse(text);
  assert.equal(ack.response_type, "ephemeral");
  assert.match(ack.text, /^IN_PROGRESS: get_app_status /);
});
await check("bot: its answer comes to the response_url", async () => {
  await until("the answer", () => responses.length > 0);
  assert.match(responses[0].text, /SIMULATED ACTION_NEEDED: /);
  assert.notEqual(responses[0].response_type, "in_channel");
  assert.equal(responses[0].replace_original, false);
  assert.ok(responses[0].blocks.length > 1);
});
await check("bot: the same request again is the same run", async () => {
  const before = responses.length;
  const { status } = await send(`${http.url}/slack/commands`, secret, genuine);
  assert.equal(status, 200);
  await send(`${http.url}/slack/commands`, secret, form("/get_app_status", "web"));
  await until("the answer to the other one", () => responses.some((r) => r.text.includes("SIMULATED OK")));
  assert.equal(responses.length, before + 1);
});

for (const [what, forgery] of Object.entries({
  "a wrong signature": { signature: `v0=${"0".repeat(64)}` },
  "no signature": { signature: "" },
  "an old timestamp": { timestamp: Math.floor(Date.now() / 1000) - 400 },
  "a timestamp to come": { timestamp: Math.floor(Date.now() / 1000) + 400 },
})) {
  await check(`bot: ${what} gets 401 at each address`, async () => {
    for (const path of ["commands", "interactions", "events"]) {
      const { status, text } = await send(`${http.url}/slack/${path}`, secret, form("/triage", "web"), forgery);
      assert.equal(status, 401, `${path}: ${text}`);
    }
  });
}
await check("bot: another secret gets 401", async () => {
  assert.equal((await send(`${http.url}/slack/commands`, "another", form("/triage", "web"))).status, 401);
});

await check("bot: Share shows the report to all, and says who did it", async () => {
  await order("command", { user: alice, channel: incidents, command: "/get_app_status", text: "payments" });
  const report = await seen(alice, incidents, "SIMULATED FAILED");
  assert.ok(!(await order("messages", { user: bob, channel: incidents })).some((m) => m.ts === report.ts), "it was private");
  await order("click", { user: alice, channel: incidents, ts: report.ts, action_id: "share" });
  const shared = await seen(bob, incidents, "SIMULATED FAILED");
  assert.ok(JSON.stringify(shared.blocks).includes(alice));
});
await check("bot: a mention is answered in its thread", async () => {
  const { ts } = await order("mention", { user: bob, channel: incidents, text: "disk-cleanup" });
  assert.equal((await seen(bob, incidents, "SIMULATED FAILED: Invocation")).thread_ts, ts);
});
await check("bot: a direct message is answered", async () => {
  await order("dm", { user: bob, text: "web" });
  await seen(bob, undefined, "SIMULATED OK");
});
await check("bot: a URL and a mention in the text are read as they were typed", async () => {
  const answer = await order("command", { user: bob, channel: incidents, command: "/triage", text: "@alice see https://sae.console.example/app and web" });
  assert.ok(!answer.error, JSON.stringify(answer));
  await seen(bob, incidents, "SIMULATED OK: Application");
});

await check("bot: /healthz, /readyz and /metrics", async () => {
  for (const path of ["/healthz", "/readyz"]) assert.equal((await http.get(path)).status, 200, path);
  const metrics = await (await http.get("/metrics")).text();
  for (const name of ["commands_total", "ack_seconds", "run_seconds", "api_calls_total", "slack_requests_total", "queue_waiting", "queue_in_flight"]) {
    assert.ok(metrics.includes(`\nalitriage_${name}`), name);
  }
});
await check("bot: each run leaves one audit line, with no text or secret", async () => {
  await until("the audit of the last run", () => http.audit.length >= 7);
  for (const line of http.audit) assert.equal(line.msg, "audit");
  const all = JSON.stringify(http.audit);
  for (const hidden of [secret, identity.bot_token, "/commands", "https://sae"]) assert.ok(!all.includes(hidden), hidden);
});
await check("bot: SIGTERM ends it with exit code 0", http.stop);

// --- Socket Mode

await order("settings", { bot_url: "" });
const socket = await startBot(slackbot, { ...env, SLACK_APP_TOKEN: identity.app_token });
atEnd(socket.stop);
await check("bot, Socket Mode: it opens two connections", () => until("two", async () => (await order("connections")).length === 2));
await check("bot, Socket Mode: Slack's addresses are closed", async () => {
  assert.equal((await send(`${socket.url}/slack/commands`, secret, form("/triage", "web"))).status, 404);
});
async function answered(text) {
  const already = (await order("messages", { user: alice, channel: incidents })).length;
  const answer = await order("command", { user: alice, channel: incidents, command: "/triage", text });
  assert.ok(!answer.error, JSON.stringify(answer));
  assert.ok(answer.latency_ns < 3e9);
  assert.match(answer.message.text, /^IN_PROGRESS/);
  await until("the answer", async () => (await order("messages", { user: alice, channel: incidents })).slice(already).some((m) => m.text.includes("SIMULATED")));
}
await check("bot, Socket Mode: a command is acknowledged in time and answered", () => answered("checkout"));
await check("bot, Socket Mode: while Slack renews its connections, too", async () => {
  const refreshed = order("refresh");
  await answered("web");
  await refreshed;
  await answered("payments");
});
await check("bot, Socket Mode: SIGTERM ends it with exit code 0", socket.stop);

await done("slack-bot");
