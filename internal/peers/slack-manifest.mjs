// Slack's own schema judges the manifest that the bot prints, in both modes.
//
//   node slack-manifest.mjs SLACKBOT
//
// The schema finds misspelt keys, the form of commands and lengths. It knows neither scopes nor events, and does not miss
// a URL: so the last checks here are ours.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { check, done } from "./checks.mjs";

if (!process.argv[2]) {
  console.error("usage: node slack-manifest.mjs SLACKBOT");
  process.exit(2);
}
const binary = path.resolve(process.argv[2]);
const schema = JSON.parse(await readFile(new URL("testdata/slack-manifest.schema.json", import.meta.url), "utf8"));
// strict: false, since the schema has keywords of its own; its formats (uri, email) are checked where we use them.
const ajv = new Ajv.default({ allErrors: true, strict: false, validateFormats: false });
const validate = ajv.compile(schema);

const manifest = (...args) => parse(execFileSync(binary, ["manifest", ...args], { encoding: "utf8" }));
const satisfied = (value) => assert.ok(validate(value), JSON.stringify(validate.errors, null, 2));

await check("manifest: the schema finds what is wrong", async () => {
  const broken = manifest();
  broken.features.slash_commands[0].command = "triage";
  assert.equal(validate(broken), false, "a command without a slash");
  assert.equal(validate({ ...manifest(), setings: {} }), false, "a misspelt key");
});

await check("manifest: Socket Mode satisfies the schema", async () => {
  const m = manifest();
  satisfied(m);
  assert.equal(m.settings.socket_mode_enabled, true);
  assert.ok(!JSON.stringify(m).includes("http"), "Socket Mode has no URLs");
});

await check("manifest: HTTP mode satisfies the schema, and each URL is there", async () => {
  const m = manifest("--url", "https://bot.example.com");
  satisfied(m);
  assert.ok(!m.settings?.socket_mode_enabled);
  assert.ok(m.features.slash_commands.length > 0);
  for (const c of m.features.slash_commands) assert.equal(c.url, "https://bot.example.com/slack/commands", c.command);
  const { interactivity, event_subscriptions: events } = m.settings ?? {};
  if (interactivity?.is_enabled) assert.equal(interactivity.request_url, "https://bot.example.com/slack/interactions");
  if (events) assert.equal(events.request_url, "https://bot.example.com/slack/events");
});

await check("manifest: scopes and events are ones that Slack has", async () => {
  const scopes = ["app_mentions:read", "chat:write", "commands", "files:write", "im:history", "im:write", "usergroups:read", "users:read"];
  const events = ["app_mention", "message.im"];
  const m = manifest();
  for (const scope of m.oauth_config.scopes.bot) assert.ok(scopes.includes(scope), `scope ${scope}: is it spelt right, and needed?`);
  for (const event of m.settings?.event_subscriptions?.bot_events ?? []) assert.ok(events.includes(event), `event ${event}`);
});

await done("slack-manifest");
