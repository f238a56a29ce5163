// Drives all four tools of a built binary over stdio, in demo mode, with the official TypeScript client.
// The client is the judge: it parses every line of stdout, and checks structuredContent against outputSchema.
//
//   node sdk-client.mjs BINARY
//
// One line per check on stdout, the server's log on stderr. Exit 1 at the first check that fails.

import assert from "node:assert/strict";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";

const VERDICTS = ["ok", "in_progress", "action_needed", "failed", "unknown"];
const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true };
const STARTS = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true };
const HINTS = {
  gather_env_stats: STARTS,
  get_app_status: READS,
  get_invocation_results: READS,
  get_operation_result: READS,
};

if (!process.argv[2]) {
  console.error("usage: node sdk-client.mjs BINARY");
  process.exit(2);
}
const binary = path.resolve(process.argv[2]);
const transport = new StdioClientTransport({ command: binary, args: ["--demo"], stderr: "inherit" });
const client = new Client({ name: "alitriage-peers", version: "1.0.0" });

// Whatever the client could not make sense of: a line that is not JSON, an answer to nothing it asked,
// an answer to a call it had cancelled. Progress in the same read as its result is dropped by this client
// itself and reported here as "unknown token": that is no fault of the server's.
const complaints = [];
client.onerror = (err) => {
  if (!/progress notification for an unknown token/.test(err.message)) complaints.push(err.message);
};

let checks = 0;
async function check(name, run) {
  const start = performance.now();
  try {
    await run();
    assert.deepEqual(complaints, [], "the client complained about what the server wrote");
  } catch (err) {
    console.log(`not ok - ${name}`);
    console.log(String(err.stack ?? err).replace(/^/gm, "    "));
    kill();
    process.exit(1);
  }
  checks++;
  console.log(`ok - ${name} (${Math.round(performance.now() - start)} ms)`);
}

function kill() {
  try {
    if (transport.pid) process.kill(transport.pid, "SIGKILL");
  } catch {
    // gone already
  }
}

setTimeout(() => {
  console.log("not ok - everything within 120 s");
  kill();
  process.exit(1);
}, 120_000).unref();

const call = (name, args, options) => client.callTool({ name, arguments: args }, CallToolResultSchema, options);
const textOf = (result) => result.content.map((c) => (c.type === "text" ? c.text : "")).join("\n");

// What DESIGN promises of every report, whatever the tool. Returns the structured form.
function report(result, ...wanted) {
  const text = textOf(result);
  assert.ok(!result.isError, `isError, with: ${text}`);
  const r = result.structuredContent;
  assert.ok(r, "no structuredContent");
  assert.ok(VERDICTS.includes(r.verdict), `verdict ${JSON.stringify(r.verdict)} is none of ${VERDICTS}`);
  assert.ok(wanted.includes(r.verdict), `verdict is ${r.verdict}, wanted ${wanted}: ${text}`);
  assert.ok(r.headline, "no headline");
  for (const key of ["reasons", "next_steps", "items", "notes"]) assert.ok(Array.isArray(r[key]), `${key} is no array`);
  assert.equal(r.source?.simulated, true, "source.simulated in demo mode");
  // The text alone holds the answer: some clients drop structuredContent.
  const first = text.split("\n", 1)[0];
  const start = `SIMULATED ${r.verdict.toUpperCase()}: `;
  assert.ok(first.startsWith(start), `the first line of the text is ${JSON.stringify(first)}, wanted ${JSON.stringify(start)}…`);
  assert.ok(first.length > start.length, "nothing behind the verdict");
  return r;
}

await check("connects", () => client.connect(transport));

await check("lists the four tools, with all hints", async () => {
  const { tools } = await client.listTools(); // from here on the client checks structuredContent
  assert.deepEqual(tools.map((t) => t.name).sort(), Object.keys(HINTS).sort());
  for (const tool of tools) {
    for (const [hint, wanted] of Object.entries(HINTS[tool.name])) {
      assert.equal(typeof tool.annotations?.[hint], "boolean", `${tool.name}: ${hint} is not set`);
      assert.equal(tool.annotations[hint], wanted, `${tool.name}: ${hint}`);
    }
    assert.ok(tool.description, `${tool.name}: no description`);
    assert.equal(tool.outputSchema?.type, "object", `${tool.name}: no outputSchema`);
  }
});

for (const [app, verdict] of [["checkout", "action_needed"], ["payments", "failed"], ["web", "ok"]]) {
  await check(`get_app_status ${app}: ${verdict}`, async () => {
    report(await call("get_app_status", { app_id: app }), verdict);
  });
}

await check("get_invocation_results disk-cleanup: failed", async () => {
  const r = report(await call("get_invocation_results", { invoke_id: "disk-cleanup" }), "failed");
  assert.ok(r.items.length > 0, "no items");
});

let change;
await check("gather_env_stats checkout-env: starts, reports progress", async () => {
  const seen = [];
  const result = await call(
    "gather_env_stats",
    { env_id: "checkout-env", wait_seconds: 20 },
    { onprogress: (p) => seen.push(p) },
  );
  const r = report(result, "in_progress", "failed");
  change = r.resume?.change_id ?? r.facts?.change_id;
  assert.ok(change, "no change_id in resume or facts");
  assert.ok(seen.length > 0, "no progress before the result");
  for (let i = 1; i < seen.length; i++) {
    assert.ok(seen[i].progress > seen[i - 1].progress, `progress must grow: ${seen.map((p) => p.progress)}`);
  }
});

await check("gather_env_stats again by its change_id: failed", async () => {
  const r = report(await call("gather_env_stats", { change_id: change, wait_seconds: 20 }), "failed");
  assert.equal(r.facts.change_id, change, "another change");
});

await check("get_operation_result resize: ok in the end", async () => {
  report(await call("get_operation_result", { operation_id: "resize", wait_seconds: 20 }), "ok");
});

await check("a masked id is refused, with the argument's name", async () => {
  const result = await call("get_app_status", { app_id: "0099b7be-****" });
  const text = textOf(result);
  assert.equal(result.isError, true, `no isError: ${text}`);
  assert.match(text, /app_id/);
  const size = Buffer.byteLength(text);
  assert.ok(size < 2000, `${size} bytes`);
});

await check("an aborted wait ends, and the connection goes on", async () => {
  const abort = new AbortController();
  const waiting = call("gather_env_stats", { env_id: "checkout-env", wait_seconds: 20 }, { signal: abort.signal });
  const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 500))]);
  assert.equal(early, undefined, "the call was over before it could be aborted");
  abort.abort("enough");
  await assert.rejects(waiting, /enough/);
  report(await call("get_app_status", { app_id: "web" }), "ok");
  // Time for an answer to the aborted call to come in: it would be a complaint.
  await new Promise((resolve) => setTimeout(resolve, 500));
});

await check("close ends the server, with exit code 0", async () => {
  const server = transport._process; // not public; the client's version is pinned
  assert.ok(server?.pid, "no server process");
  const start = performance.now();
  await client.close(); // closes stdin, sends SIGTERM after 2 s and SIGKILL after 4 s
  assert.ok(performance.now() - start < 2000, "an idle server did not end by itself when stdin was closed");
  assert.equal(server.signalCode, null, "ended by a signal");
  assert.equal(server.exitCode, 0, "exit code");
});

console.log(`sdk-client: ${checks} checks passed`);
