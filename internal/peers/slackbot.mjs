// Starts the bot, and signs requests as Slack does.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { until } from "./slacksim.mjs";

/** Resolves when /readyz does, to {url, audit, get, stop}. Its environment is env alone, and a home and data of its own. */
export async function startBot(binary, env, ...args) {
  const home = await mkdtemp(path.join(os.tmpdir(), "slackbot-"));
  const child = spawn(binary, ["--demo", "--listen", "127.0.0.1:0", ...args], { env: { HOME: home, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  const audit = [];
  const said = [];
  createInterface({ input: child.stdout }).on("line", (line) => audit.push(JSON.parse(line)));
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = /operations on (\S+)\/healthz/.exec(line);
      if (found) resolve(found[1]);
    });
    exited.then((code) => reject(new Error(`the bot ended with ${code}: ${said.join("\n")}`)));
  });
  const get = (at) => fetch(url + at);
  await until(`/readyz is ok: ${said.join("\n")}`, async () => (await get("/readyz")).ok);
  const stop = async () => {
    child.kill("SIGTERM"); // which does nothing to one that has ended
    const code = await exited;
    await rm(home, { recursive: true, force: true });
    assert.equal(code, 0, `exit code after SIGTERM: ${said.join("\n")}`);
  };
  return { url, audit, get, stop };
}

/** Sends a request with Slack's signature. What is given as signature, or timestamp, is sent instead of the right one. */
export async function send(url, secret, body, { type = "application/x-www-form-urlencoded", timestamp = Math.floor(Date.now() / 1000), signature } = {}) {
  signature ??= `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
  const began = performance.now();
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": type, "x-slack-request-timestamp": String(timestamp), "x-slack-signature": signature },
  });
  return { status: response.status, text: await response.text(), ms: performance.now() - began };
}
