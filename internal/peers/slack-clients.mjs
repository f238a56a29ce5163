// Slack's own clients against our fake Slack: @slack/web-api, @slack/socket-mode and @slack/bolt. The bot is tried in
// that fake; here the fake is tried by software that was written for the real one.
//
//   node slack-clients.mjs SLACKSIM

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { App, ExpressReceiver } from "@slack/bolt";
import { SocketModeClient } from "@slack/socket-mode";
import { LogLevel, WebClient, WebClientEvent } from "@slack/web-api";
import { atEnd, check, done, fail } from "./checks.mjs";
import { startSlack, until } from "./slacksim.mjs";

if (!process.argv[2]) {
  console.error("usage: node slack-clients.mjs SLACKSIM");
  process.exit(2);
}
const { identity, order, stop } = await startSlack(process.argv[2], "-ack", "1s", "-ping", "100ms", "-retries", "0s");
atEnd(stop);
process.on("unhandledRejection", (err) => fail("no promise is left behind", err));

const { incidents, elsewhere } = identity.channels;
const { alice, bob } = identity.users;
const nothing = () => {};
const silence = { debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing, getLevel: () => LogLevel.ERROR, setName: nothing };
const quiet = { slackApiUrl: identity.api_url, logger: silence };
const once = { retryConfig: { retries: 0 } };
const web = new WebClient(identity.bot_token, { ...quiet, ...once });

const button = (id) => ({
  type: "actions",
  elements: [{ type: "button", action_id: id, text: { type: "plain_text", text: "Refresh", emoji: false }, value: "run-1" }],
});
const seenBy = (user, channel) => order("messages", { user, channel });
const last = async (user, channel) => (await seenBy(user, channel)).at(-1);
const refused = (promise, code) =>
  assert.rejects(promise, (err) => {
    assert.equal(err.code, "slack_webapi_platform_error", String(err));
    assert.equal(err.data.error, code);
    return true;
  });

// --- @slack/web-api

await check("web-api: auth.test", async () => {
  const who = await web.auth.test();
  assert.equal(who.user_id, identity.bot_user_id);
  assert.equal(who.team_id, identity.team_id);
  assert.ok(who.response_metadata.scopes.includes("chat:write"), "x-oauth-scopes");
});

await check("web-api: a message is posted, edited and deleted", async () => {
  const blocks = [{ type: "section", text: { type: "mrkdwn", text: "*hello*" } }, button("refresh")];
  const posted = await web.chat.postMessage({ channel: incidents, text: "hello", blocks, unfurl_links: false });
  assert.equal((await last(alice, incidents)).text, "hello");
  assert.equal(posted.message.blocks.length, 2);
  await web.chat.update({ channel: incidents, ts: posted.ts, text: "edited", blocks: [] });
  const after = await last(alice, incidents);
  assert.equal(after.text, "edited");
  assert.deepEqual(after.blocks, []);
  assert.equal(after.edits[0].text, "hello");
  await web.chat.delete({ channel: incidents, ts: posted.ts });
  assert.deepEqual(await seenBy(alice, incidents), []);
});

await check("web-api: an ephemeral message is for one", async () => {
  await web.chat.postEphemeral({ channel: incidents, user: bob, text: "for Bob" });
  assert.equal((await last(bob, incidents)).text, "for Bob");
  assert.deepEqual(await seenBy(alice, incidents), []);
});

await check("web-api: people and groups", async () => {
  assert.equal((await web.users.info({ user: bob })).user.tz, "Europe/Berlin");
  assert.deepEqual((await web.usergroups.users.list({ usergroup: identity.groups.oncall })).users, [alice]);
});

let dm;
await check("web-api: direct messages", async () => {
  dm = (await web.conversations.open({ users: alice })).channel.id;
  await web.chat.postMessage({ channel: dm, text: "psst" });
  assert.equal((await last(alice)).text, "psst");
});

await check("web-api: a file by filesUploadV2", async () => {
  const content = "line\n".repeat(1000);
  const answer = await web.filesUploadV2({ channel_id: dm, content, filename: "out.txt", title: "output", initial_comment: "all of it" });
  assert.equal(answer.ok, true);
  const files = await order("files");
  assert.equal(Buffer.from(files[0].content, "base64").toString(), content);
  assert.deepEqual(files[0].shared_to, [dm]);
  assert.equal((await last(alice)).text, "all of it");
});

await check("web-api: refusals have Slack's codes", async () => {
  await refused(web.chat.postMessage({ channel: "C1", text: "x" }), "channel_not_found");
  await refused(web.chat.postMessage({ channel: elsewhere, text: "x" }), "not_in_channel");
  await refused(web.chat.update({ channel: incidents, ts: "1700000000.000001", text: "x" }), "message_not_found");
  await refused(new WebClient("xoxb-wrong", { ...quiet, ...once }).auth.test(), "invalid_auth");
  await refused(web.chat.postMessage({ channel: incidents, text: "x", blocks: [{ type: "alert" }] }), "invalid_blocks");
});

await check("web-api: a block that is too long is named", async () => {
  const blocks = [{ type: "section", text: { type: "mrkdwn", text: "x".repeat(3001) } }];
  await assert.rejects(web.chat.postMessage({ channel: incidents, text: "x", blocks }), (err) => {
    assert.match(err.data.response_metadata.messages[0], /^\[ERROR\] must be less than 3001 characters \[json-pointer:\/blocks\/0\/text\/text\]$/);
    return true;
  });
});

await check("web-api: a missing scope is named", async () => {
  await order("settings", { scopes: ["commands", "chat:write"] });
  await assert.rejects(web.users.info({ user: bob }), (err) => err.data.error === "missing_scope" && err.data.needed === "users:read");
  await order("settings", {
    scopes: ["app_mentions:read", "chat:write", "commands", "files:write", "im:history", "im:write", "usergroups:read", "users:read"],
  });
});

await check("web-api: 429 is waited for, as long as Retry-After says", async () => {
  await order("faults", { method: "chat.postMessage", times: 1, status: 429, retry_after_ms: 1000 });
  const patient = new WebClient(identity.bot_token, { ...quiet, retryConfig: { retries: 1, minTimeout: 0, maxTimeout: 1 } });
  const waits = [];
  patient.on(WebClientEvent.RATE_LIMITED, (seconds) => waits.push(seconds));
  const start = performance.now();
  await patient.chat.postMessage({ channel: incidents, text: "patient" });
  assert.deepEqual(waits, [1]);
  assert.ok(performance.now() - start >= 990);
  await order("faults", { method: "chat.postMessage", times: 1, status: 429, retry_after_ms: 7000 });
  const hasty = new WebClient(identity.bot_token, { ...quiet, ...once, rejectRateLimitedCalls: true });
  await assert.rejects(hasty.chat.postMessage({ channel: incidents, text: "hasty" }), (err) => err.retryAfter === 7);
});

await check("web-api: its own limit of one post per second is met", async () => {
  await order("settings", { rate_limits: true });
  const hasty = new WebClient(identity.bot_token, { ...quiet, ...once, rejectRateLimitedCalls: true });
  const posts = Array.from({ length: 6 }, (_, i) => hasty.chat.postMessage({ channel: incidents, text: `${i}` }));
  const results = await Promise.allSettled(posts);
  await order("settings", { rate_limits: false });
  assert.ok(results.some((r) => r.status === "rejected" && r.reason.retryAfter === 1));
  assert.ok(results.some((r) => r.status === "fulfilled"));
});

await check("web-api: 503, and cuts before and after the message was accepted", async () => {
  await order("faults", { times: 1, status: 503 });
  await assert.rejects(web.auth.test(), (err) => err.code === "slack_webapi_http_error" && err.statusCode === 503);
  for (const [drop, text, arrived] of [["before", "lost", false], ["after", "accepted", true]]) {
    await order("faults", { method: "chat.postMessage", times: 1, drop });
    await assert.rejects(web.chat.postMessage({ channel: incidents, text }), (err) => err.code === "slack_webapi_request_error");
    assert.equal((await last(alice, incidents)).text === text, arrived, drop);
  }
});

// --- @slack/socket-mode

const socket = new SocketModeClient({
  appToken: identity.app_token,
  logger: silence,
  clientPingTimeout: 600, // also its pause before it connects again
  serverPingTimeout: 2000,
  clientOptions: quiet,
});
const envelopes = [];
let acknowledge = async (envelope) => envelope.ack();
socket.on("slack_event", async (envelope) => {
  envelopes.push(envelope);
  await acknowledge(envelope);
});
const connected = (n) => until(`${n} connections`, async () => (await order("connections")).length === n);

await check("socket-mode: hello", async () => {
  await socket.start();
  assert.equal((await order("connections")).length, 1);
});

await check("socket-mode: PINGs are answered", () =>
  until("some PONGs", async () => (await order("connections"))[0].pongs > 2));

await check("socket-mode: a command, and its answer", async () => {
  acknowledge = (envelope) => envelope.ack({ text: "on it" });
  const seen = await order("command", { user: bob, channel: incidents, command: "/triage", text: "checkout" });
  assert.equal(seen.message.text, "on it");
  const got = envelopes.at(-1);
  assert.equal(got.type, "slash_commands");
  assert.equal(got.body.text, "checkout");
  assert.equal(got.accepts_response_payload, true);
  assert.equal((await order("acks")).at(-1).envelope_id, got.envelope_id);
});

await check("socket-mode: an event, and a click", async () => {
  acknowledge = (envelope) => envelope.ack();
  const mention = await order("mention", { user: bob, channel: incidents, text: "look" });
  assert.ok(!mention.error, mention.error);
  assert.equal(envelopes.at(-1).body.event.type, "app_mention");
  const { ts } = await web.chat.postMessage({ channel: incidents, text: "m", blocks: [button("refresh")] });
  const click = await order("click", { user: alice, channel: incidents, ts, action_id: "refresh" });
  assert.ok(!click.error, click.error);
  assert.equal(envelopes.at(-1).body.actions[0].value, "run-1");
});

await check("socket-mode: an event that is not acked comes again, a command does not", async () => {
  acknowledge = async () => {};
  const before = envelopes.length;
  const mention = await order("mention", { user: bob, channel: incidents, text: "twice" });
  assert.equal(mention.error, "operation_timeout");
  await until("a second delivery", async () => envelopes.length === before + 2);
  assert.equal(envelopes.at(-1).retry_num, 1);
  assert.equal(envelopes.at(-1).body.event_id, envelopes.at(-2).body.event_id);
  const seen = await order("command", { user: bob, channel: incidents, command: "/triage", text: "x" });
  assert.equal(seen.error, "operation_timeout");
  await until("the second attempt of the event is over", async () => (await order("attempts", { event_id: mention.event_id })).length === 2);
  assert.equal(envelopes.length, before + 3);
  acknowledge = (envelope) => envelope.ack({ text: "back" });
});

for (const [name, what, body] of [
  ["refresh", "refresh_requested"],
  ["disconnect", "a warning", { reason: "warning" }],
  ["cut", "a cut without a word"],
]) {
  await check(`socket-mode: connects again after ${what}`, async () => {
    const [before] = await order("connections");
    await order(name, body);
    await connected(1);
    assert.notEqual((await order("connections"))[0].id, before.id);
    await until("it is greeted", async () => {
      const seen = await order("command", { user: bob, channel: incidents, command: "/triage", text: "again" });
      return seen.message?.text === "back";
    });
  });
}

await check("socket-mode: leaves", async () => {
  await socket.disconnect();
  await connected(0);
  const seen = await order("command", { user: bob, channel: incidents, command: "/triage", text: "x" });
  assert.equal(seen.error, "dispatch_failed");
});

await check("socket-mode: a wrong token does not connect", async () => {
  const wrong = new SocketModeClient({ appToken: "xapp-wrong", logger: silence, clientOptions: quiet });
  await refused(wrong.start(), "invalid_auth");
});

// --- @slack/bolt

const receiver = new ExpressReceiver({
  signingSecret: identity.signing_secret,
  endpoints: { events: "/slack/events", commands: "/slack/commands", interactions: "/slack/interactions" },
  logger: silence,
});
const app = new App({ token: identity.bot_token, receiver, clientOptions: quiet, logger: silence });
const server = await app.start({ port: 0, host: "127.0.0.1" });
atEnd(() => app.stop());
const botURL = `http://127.0.0.1:${server.address().port}`;
await order("settings", { bot_url: botURL });

let responded;
app.command("/triage", async ({ command, ack, respond }) => {
  if (command.text === "silence") return;
  await ack({ text: `looking for ${command.text}` });
  responded = (async () => {
    await respond({ text: "found", blocks: [{ type: "section", text: { type: "plain_text", text: "found" } }, button("refresh")] });
    await respond({ text: "for all", response_type: "in_channel" });
  })();
});
app.action("refresh", async ({ ack, action, respond }) => {
  await ack();
  responded = respond({ text: `refreshed ${action.value}`, replace_original: true });
});
app.shortcut("triage_message", async ({ ack, shortcut, respond }) => {
  await ack();
  responded = respond({ text: `about: ${shortcut.message.text}` });
});
app.event("app_mention", async ({ event, say }) => {
  responded = say({ text: `you said ${event.text}`, thread_ts: event.thread_ts ?? event.ts });
  await responded;
});

await check("bolt: the events URL is verified", () => order("verify"));

await check("bolt: a command, its answer, and two posts to its response_url", async () => {
  const seen = await order("command", { user: bob, channel: elsewhere, command: "/triage", text: "checkout" });
  assert.equal(seen.error, undefined);
  assert.equal(seen.message.text, "looking for checkout");
  await responded;
  // The answer to the command and what is posted to its response_url go on two connections: either may come first.
  assert.deepEqual((await seenBy(bob, elsewhere)).map((m) => m.text).sort(), ["for all", "found", "looking for checkout"]);
  assert.deepEqual((await seenBy(alice, elsewhere)).map((m) => m.text), ["for all"]);
});

await check("bolt: a click replaces the message that it was on", async () => {
  const before = (await seenBy(bob, elsewhere)).find((m) => m.text === "found");
  const seen = await order("click", { user: bob, channel: elsewhere, ts: before.ts, action_id: "refresh" });
  assert.equal(seen.error, undefined);
  await responded;
  assert.deepEqual((await seenBy(bob, elsewhere)).map((m) => m.text).sort(), ["for all", "looking for checkout", "refreshed run-1"]);
});

await check("bolt: an event, answered in its thread", async () => {
  const seen = await order("mention", { user: alice, channel: incidents, text: "look" });
  assert.equal(seen.error, undefined);
  await until("the answer", async () => (await last(alice, incidents)).thread_ts === seen.ts);
  assert.match((await last(alice, incidents)).text, /^you said <@U.*> look$/);
});

await check("bolt: channels that are shared with another workspace, and an edit", async () => {
  const { shared, hosted } = identity.channels;
  const { dora } = identity.users;
  const heard = [];
  const listener = async ({ body, event, context, next }) => {
    heard.push({ app: context.teamId, outer: body.team_id, sender: event.user_team ?? event.team, external: body.is_ext_shared_channel, edited: Boolean(event.edited) });
    await next();
  };
  app.event("app_mention", listener);
  const seen = await order("mention", { user: dora, channel: shared, text: "look" });
  await order("mention", { user: dora, channel: hosted, text: "look" });
  await order("mention", { user: alice, channel: hosted, text: "look" });
  await order("edit", { user: dora, channel: shared, ts: seen.ts, text: `<@${identity.bot_user_id}> look again` });
  await until("four mentions", async () => heard.length === 4);
  const [ours, partner] = [identity.team_id, heard[0].sender];
  assert.notEqual(partner, ours);
  assert.deepEqual(heard, [
    { app: ours, outer: ours, sender: partner, external: true, edited: false },
    { app: ours, outer: partner, sender: partner, external: true, edited: false },
    { app: ours, outer: partner, sender: ours, external: true, edited: false },
    { app: ours, outer: ours, sender: partner, external: true, edited: true },
  ]);
  const pressed = [];
  app.action("who", async ({ ack, body }) => {
    await ack();
    pressed.push([body.team.id, body.user.team_id]);
  });
  const { ts } = await web.chat.postMessage({ channel: shared, text: "m", blocks: [button("who")] });
  for (const user of [dora, alice]) await order("click", { user, channel: shared, ts, action_id: "who" });
  assert.deepEqual(pressed, [[ours, partner], [ours, ours]]);
});

await check("bolt: a message shortcut", async () => {
  const message = await order("say", { user: bob, channel: incidents, text: "t-hz0 failed" });
  const seen = await order("shortcut", { user: alice, channel: incidents, ts: message.ts, callback_id: "triage_message" });
  assert.equal(seen.error, undefined);
  await responded;
  assert.equal((await last(alice, incidents)).text, "about: t-hz0 failed");
});

await check("bolt: silence is operation_timeout", async () => {
  const seen = await order("command", { user: bob, channel: incidents, command: "/triage", text: "silence" });
  assert.equal(seen.error, "operation_timeout");
});

await check("bolt: respond tells when a response_url is used up", async () => {
  let failure;
  app.command("/six", async ({ ack, respond }) => {
    await ack();
    responded = (async () => {
      for (let i = 0; i < 6; i++) await respond({ text: `${i}` }).catch((err) => (failure = { i, err }));
    })();
  });
  await order("command", { user: bob, channel: incidents, command: "/six" });
  await responded;
  assert.equal(failure.i, 5);
  assert.match(failure.err.message, /404/);
});

await check("bolt: refuses a wrong signature and an old one, takes the right one", async () => {
  app.command("/acked", async ({ ack }) => ack());
  const body = new URLSearchParams({ command: "/acked", text: "x", user_id: bob, team_id: identity.team_id }).toString();
  const send = async (secret, age) => {
    const stamp = String(Math.floor(Date.now() / 1000) - age);
    const signature = `v0=${createHmac("sha256", secret).update(`v0:${stamp}:${body}`).digest("hex")}`;
    const response = await fetch(`${botURL}/slack/commands`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": stamp, "x-slack-signature": signature },
      body,
    });
    return response.status;
  };
  assert.equal(await send("wrong", 0), 401);
  assert.equal(await send(identity.signing_secret, 400), 401);
  assert.equal(await send(identity.signing_secret, 0), 200);
});

await done("slack-clients");
process.exit(0); // bolt's timers for the command that was never acked
