// Judges a built binary with the official MCP conformance suite, over --http and in demo mode, for both revisions, and
// holds docs/conformance.md to the results.
//
//   conformance.mjs BINARY FIXTURE_BINARY [--write]     run.sh puts node in PATH; --write updates the page
//
// conformance.json says of each scenario who has to pass it: the product, a build of it with the suite's own fixtures,
// or nobody, and why. A scenario that it does not name, one that is gone, and one that passes although it is excluded
// are errors too, so that the list cannot go stale.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";

const revisions = ["2025-11-25", "2026-07-28"];
const page = "../../docs/conformance.md";
const [binary, fixture, option] = process.argv.slice(2);
if (!fixture || (option && option !== "--write")) {
  console.error("usage: conformance.mjs BINARY FIXTURE_BINARY [--write]");
  process.exit(2);
}

const plan = JSON.parse(readFileSync("conformance.json", "utf8"));
const reasons = new Map(Object.entries(plan.excluded).flatMap(([reason, names]) => names.map((name) => [name, reason])));
const errors = [];

// judge runs the suite's scenarios for a revision against a server of its own: scenario → its checks.
async function judge(command, revision) {
  const server = spawn(command, ["--demo", "--http", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => server.on("exit", (code) => resolve(code)));
  const results = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    const url = await new Promise((resolve, reject) => {
      createInterface(server.stdout).once("line", resolve);
      exited.then((code) => reject(new Error(`${command} ended with exit code ${code}`)));
    });
    // Its exit code is 1 whenever anything failed, also what nobody has to pass.
    const suite = spawnSync("node_modules/.bin/conformance", ["server", "--url", url, "--requirements", revision, "-o", results], {
      encoding: "utf8", timeout: 300_000,
    });
    if (suite.error) throw suite.error;
    const scenarios = new Map();
    for (const folder of readdirSync(results)) {
      const name = folder.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "");
      scenarios.set(name, JSON.parse(readFileSync(join(results, folder, "checks.json"), "utf8")));
    }
    if (scenarios.size === 0) throw new Error(`the suite ran nothing: ${suite.stdout}${suite.stderr}`.slice(0, 2000));
    return scenarios;
  } finally {
    rmSync(results, { recursive: true });
    server.kill("SIGTERM");
    if ((await exited) !== 0) errors.push(`${command}: SIGTERM did not end it with exit code 0`);
  }
}

// verdict counts the checks of a scenario. Warnings and skips are the suite's way to say that there is nothing to check.
function verdict(checks) {
  const passed = checks.filter((c) => c.status === "SUCCESS").length;
  const failed = checks.filter((c) => c.status === "FAILURE");
  return { passed, failed, beyond: failed.filter((c) => !plan.untestable[c.id]) };
}

const cells = new Map(); // scenario → revision → text
const untestable = new Set();
for (const revision of revisions) {
  const product = await judge(binary, revision);
  const withFixtures = await judge(fixture, revision);
  for (const [name, checks] of product) {
    const wanted = [plan.product.includes(name), plan.fixture.includes(name), reasons.has(name)].filter(Boolean).length;
    if (wanted !== 1) errors.push(`${name}: conformance.json must name it once, as product, fixture or excluded`);
    // Whatever a scenario is about, every message is held to the schema of the revision.
    for (const c of [...checks, ...(withFixtures.get(name) ?? [])]) {
      if (c.id === "wire-schema-valid" && c.status !== "SUCCESS") errors.push(`${revision} ${name}: a message is not valid: ${c.errorMessage}`);
    }
    const { passed, failed, beyond } = verdict(plan.fixture.includes(name) ? (withFixtures.get(name) ?? []) : checks);
    failed.filter((c) => plan.untestable[c.id]).forEach((c) => untestable.add(c.id));
    if (reasons.has(name)) {
      if (failed.length === 0 && passed > 1) errors.push(`${revision} ${name}: it passes, so it is no longer to be excluded`);
      continue;
    }
    for (const c of beyond) errors.push(`${revision} ${name}: ${c.id}: ${c.errorMessage}`);
    const text = passed === 0 ? "nothing to check" : `${passed} of ${passed + failed.length}`;
    cells.set(name, { ...cells.get(name), [revision]: text });
    console.log(`${beyond.length ? "not ok" : "ok"} - conformance ${revision} ${name}: ${text}`);
  }
  for (const name of reasons.keys()) if (product.has(name)) cells.set(name, { ...cells.get(name) });
}
for (const name of [...plan.product, ...plan.fixture, ...reasons.keys()]) {
  if (!cells.has(name)) errors.push(`${name}: conformance.json names it, and the suite does not`);
}
for (const id of Object.keys(plan.untestable)) if (!untestable.has(id)) errors.push(`${id}: conformance.json calls it untestable, and it did not fail`);

const row = (name) => `| \`${name}\` | ${revisions.map((r) => cells.get(name)?.[r] ?? "–").join(" | ")} |`;
const table = (names) => [`| scenario | ${revisions.join(" | ")} |`, "|---|---|---|", ...names.map(row)].join("\n");
const sections = {
  product: table(plan.product),
  fixture: table(plan.fixture),
  excluded: ["| why | scenarios |", "|---|---|", ...Object.entries(plan.excluded).map(([why, names]) => `| ${why} | ${names.map((n) => `\`${n}\``).join(", ")} |`)].join("\n"),
  untestable: ["| check | why |", "|---|---|", ...Object.entries(plan.untestable).map(([id, why]) => `| \`${id}\` | ${why} |`)].join("\n"),
};
const old = readFileSync(page, "utf8");
let text = old;
for (const [name, body] of Object.entries(sections)) {
  const [begin, end] = [`<!-- generated: ${name} -->\n`, `\n<!-- end of generated: ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks the markers of ${name}`);
  text = text.slice(0, from + begin.length) + body + text.slice(to);
}
if (option === "--write") writeFileSync(page, text);
else if (text !== old) errors.push("docs/conformance.md is stale: make conformance writes it anew; read and commit the diff");

errors.forEach((e) => console.log(`not ok - conformance: ${e}`.slice(0, 600)));
if (errors.length) process.exit(1);
console.log("conformance: all passed");
