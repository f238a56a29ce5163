// Another fake Slack, emulate, written by others, beside ours: the same calls of @slack/web-api have to end alike. Where
// one of the two is only wrong in its own way, both would have to be wrong alike to hide it.
//
//   node slack-emulate.mjs SLACKSIM
//
// emulate has no limits of blocks, no rates, no Socket Mode, commands or response_urls: there ours stands alone.

import assert from "node:assert/strict";
import { LogLevel, WebClient } from "@slack/web-api";
import { createEmulator } from "emulate";
import { atEnd, check, done } from "./checks.mjs";
import { startSlack } from "./slacksim.mjs";

if (!process.argv[2]) {
  console.error("usage: node slack-emulate.mjs SLACKSIM");
  process.exit(2);
}
const nothing = () => {};
const silence = { debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing, getLevel: () => LogLevel.ERROR, setName: nothing };
const client = (token, slackApiUrl) => new WebClient(token, { slackApiUrl, logger: silence, retryConfig: { retries: 0 } });

async function ours() {
  const { identity, stop } = await startSlack(process.argv[2]);
  atEnd(stop);
  return { web: client(identity.bot_token, identity.api_url), channel: identity.channels.incidents, user: identity.users.alice };
}

async function theirs() {
  const seed = { slack: { users: [{ name: "alice" }], channels: [{ name: "incidents" }], bots: [{ name: "alitriage" }] } };
  const emulator = await createEmulator({ service: "slack", port: 0, seed });
  atEnd(() => emulator.close());
  const web = client("xoxb-any", `${emulator.url}/api/`);
  const channel = (await web.conversations.list()).channels.find((c) => c.name === "incidents").id;
  await web.conversations.join({ channel });
  const user = (await web.users.list()).members.find((u) => u.name === "alice").id;
  return { web, channel, user };
}

const both = [await ours(), await theirs()];

/** How a call ended: its error, or what the answer says. */
async function ending(call) {
  try {
    return await call;
  } catch (err) {
    if (!err.data?.error) throw err;
    return { error: err.data.error };
  }
}

/** Runs the steps in both fakes, each on the answer before it, and compares what pick takes of the last one. */
async function alike(name, steps, pick) {
  await check(`emulate: ${name}`, async () => {
    const seen = [];
    for (const world of both) {
      let answer = {};
      for (const step of steps) answer = await ending(step(world, answer));
      seen.push(pick(answer));
    }
    assert.deepEqual(seen[0], seen[1], "ours, and theirs");
    assert.notDeepEqual(seen[0], {}, "nothing was compared");
  });
}

const post = (world) => world.web.chat.postMessage({ channel: world.channel, text: "one" });
const failed = ({ error }) => ({ error });
const types = (...names) => (answer) => Object.fromEntries(["ok", ...names].map((name) => [name, typeof answer[name]]));

await alike("a post", [post], ({ ok, message, ts }) => ({ ok, text: message.text, type: message.type, same: message.ts === ts, bot: typeof message.user }));
await alike("its parts", [post], types("channel", "ts", "message"));
await alike("an edit", [post, (w, a) => w.web.chat.update({ channel: w.channel, ts: a.ts, text: "two" })], ({ ok, text }) => ({ ok, text }));
await alike("a delete", [post, (w, a) => w.web.chat.delete({ channel: w.channel, ts: a.ts })], types("channel", "ts"));
await alike("an ephemeral post", [(w) => w.web.chat.postEphemeral({ channel: w.channel, user: w.user, text: "x" })], types("message_ts"));
await alike("a conversation", [(w) => w.web.conversations.open({ users: w.user })], ({ ok, channel }) => ({ ok, id: channel.id[0] }));
await alike("a person", [(w) => w.web.users.info({ user: w.user })], ({ ok, user }) => ({ ok, name: user.name, bot: user.is_bot, deleted: user.deleted }));
await alike("a place for a file", [(w) => w.web.files.getUploadURLExternal({ filename: "x", length: 1 })], types("upload_url", "file_id"));

await alike("no such channel", [(w) => w.web.chat.postMessage({ channel: "C1", text: "x" })], failed);
await alike("no text", [(w) => w.web.chat.postMessage({ channel: w.channel, text: "" })], failed);
await alike("no such message to edit", [(w) => w.web.chat.update({ channel: w.channel, ts: "1700000000.000001", text: "x" })], failed);
await alike("no such message to delete", [(w) => w.web.chat.delete({ channel: w.channel, ts: "1700000000.000001" })], failed);
await alike("a deleted message cannot be edited",
  [post, async (w, a) => w.web.chat.delete({ channel: w.channel, ts: a.ts }), (w, a) => w.web.chat.update({ channel: w.channel, ts: a.ts, text: "x" })], failed);
await alike("no such person", [(w) => w.web.users.info({ user: "U1" })], failed);
await alike("nobody to talk to", [(w) => w.web.conversations.open({ users: "U1" })], failed);
await alike("no such file", [(w) => w.web.files.completeUploadExternal({ files: [{ id: "F1", title: "x" }] })], failed);

await done("slack-emulate");
