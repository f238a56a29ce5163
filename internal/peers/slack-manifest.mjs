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

const tools = ["/gather_env_stats", "/get_app_status", "/get_invocation_results", "/get_operation_result"];
const scopes = ["app_mentions:read", "chat:write", "commands", "files:write", "im:history", "im:write", "usergroups:read"];
const events = ["app_mention", "message.im"]; // their scopes: app_mentions:read, im:history

/** What is the same in both modes. */
function complete(m) {
  satisfied(m);
  assert.deepEqual(m.features.slash_commands.map((c) => c.command).sort(), [...tools, "/triage"]);
  for (const c of m.features.slash_commands) {
    assert.ok(c.usage_hint, c.command);
    assert.equal(c.should_escape, true, c.command);
  }
  // A broader scope has to be asked for here first: people resent them.
  assert.deepEqual(m.oauth_config.scopes.bot.toSorted(), scopes);
  assert.deepEqual(Object.keys(m.oauth_config.scopes), ["bot"], "nothing in the name of a person");
  assert.deepEqual(m.settings.event_subscriptions.bot_events.toSorted(), events);
  assert.equal(m.settings.interactivity.is_enabled, true);
  assert.equal(m.settings.org_deploy_enabled, false);
  assert.equal(m.settings.token_rotation_enabled, false);
  assert.deepEqual(m.features.app_home, { home_tab_enabled: false, messages_tab_enabled: true, messages_tab_read_only_enabled: false });
  assert.equal(m.features.bot_user.always_online, true);
}

await check("manifest: Socket Mode is complete, satisfies the schema, and has no URLs", async () => {
  const m = manifest();
  complete(m);
  assert.equal(m.settings.socket_mode_enabled, true);
  assert.ok(!JSON.stringify(m).includes("http"));
});

await check("manifest: HTTP mode is complete, satisfies the schema, and has each URL", async () => {
  const m = manifest("--url", "https://bot.example.com");
  complete(m);
  assert.equal(m.settings.socket_mode_enabled, false);
  for (const c of m.features.slash_commands) assert.equal(c.url, "https://bot.example.com/slack/commands", c.command);
  assert.equal(m.settings.interactivity.request_url, "https://bot.example.com/slack/interactions");
  assert.equal(m.settings.event_subscriptions.request_url, "https://bot.example.com/slack/events");
});

await done("slack-manifest");
