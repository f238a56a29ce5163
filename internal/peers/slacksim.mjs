// Starts our fake Slack and plays its people.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Resolves to {identity, order, stop}; order(name, body) is POST /_sim/name. The fake ends with this process. */
export async function startSlack(binary, ...args) {
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const identity = await new Promise((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", (code) => reject(new Error(`the fake Slack ended at once, with ${code}`)));
    child.once("error", reject);
  });
  const order = async (name, body = {}) => {
    const response = await fetch(`${identity.url}/_sim/${name}`, { method: "POST", body: JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${name}: ${answer.error}`);
    return answer;
  };
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.stdin.end();
    });
  return { identity, order, stop };
}

/** Asks again until it is true; what runs in the other process tells nothing by itself. */
export async function until(what, ask, ms = 10_000) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within ${ms} ms: ${what}`);
}
