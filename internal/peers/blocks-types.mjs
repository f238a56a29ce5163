// Slack's own types (@slack/types) judge messages: unknown blocks, misspelt fields, wrong styles. They know no lengths
// and no counts; our fake Slack does.
//
//   node blocks-types.mjs FOLDER                 every *.json in it is {text, channel?, blocks}, or a list of those
//   node blocks-types.mjs --self-test FOLDER     what is in good/ satisfies them, what is in bad/ does not
//
// A folder without messages fails: it would hide that nothing is judged.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { atEnd, check, done } from "./checks.mjs";

const selfTest = process.argv[2] === "--self-test";
const folder = process.argv[selfTest ? 3 : 2];
if (!folder) {
  console.error("usage: node blocks-types.mjs [--self-test] FOLDER");
  process.exit(2);
}
const here = import.meta.dirname;
// Inside of this folder, so that tsc finds @slack/types as any program would.
const work = await mkdtemp(path.join(here, "node_modules", ".blocks-"));
atEnd(() => rm(work, { recursive: true, force: true }));

/** slack-go always writes the offset of a list. Slack documents it, and its types leave it out: 0, its default, is no mistake. */
const known = (_, value) => {
  if (value?.type !== "rich_text_list" || value.offset !== 0) return value;
  const { offset, ...rest } = value;
  return rest;
};

/** Writes a message as TypeScript. The other members of the file (who the message is for) are no part of it. */
async function translate(from, to) {
  const content = JSON.parse(await readFile(from, "utf8"));
  const lines = [`import type { KnownBlock } from "@slack/types";`];
  for (const { text, channel, blocks } of [content].flat()) {
    const message = JSON.stringify({ text, channel, blocks }, known, 2);
    lines.push(`void (${message} satisfies { text: string; channel?: string; blocks: KnownBlock[] });`);
  }
  await writeFile(to, `${lines.join("\n")}\n`);
}

async function translateAll(source, into) {
  const names = (await readdir(source)).filter((name) => name.endsWith(".json")).sort();
  if (names.length === 0) throw new Error(`no *.json in ${source}`);
  for (const name of names) await translate(path.join(source, name), path.join(work, `${into}-${name}.ts`));
  return names;
}

/** The complaints of tsc, by file name. */
async function judge(into, names) {
  const files = names.map((name) => path.join(work, `${into}-${name}.ts`));
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--pretty", "false", "--types", "", "--module", "nodenext", "--ignoreConfig"];
  const output = await new Promise((resolve, reject) => {
    execFile(process.execPath, [path.join(here, "node_modules/typescript/lib/tsc.js"), ...options, ...files], { cwd: here }, (err, out, errors) => {
      if (err && typeof err.code !== "number") reject(err);
      else if (err && !out) reject(new Error(`tsc: ${errors}`));
      else resolve(out);
    });
  });
  return (name) => output.split(/^(?=\S)/m).filter((part) => part.includes(`${into}-${name}.ts`));
}

async function judged(source, into, satisfied) {
  const names = await translateAll(source, into);
  const complaints = await judge(into, names);
  for (const name of names) {
    const found = complaints(name);
    if (satisfied && found.length > 0) throw new Error(`${name}:\n${found.join("")}`);
    if (!satisfied && found.length === 0) throw new Error(`${name}: nothing was found wrong with it`);
  }
  return names.length;
}

if (selfTest) {
  await check("types: the good samples satisfy KnownBlock[]", () => judged(path.join(folder, "good"), "good", true));
  await check("types: the bad samples do not", () => judged(path.join(folder, "bad"), "bad", false));
  await check("types: an empty folder is no success", async () => {
    const empty = await mkdtemp(path.join(work, "empty-"));
    await judged(empty, "empty", true).then(
      () => Promise.reject(new Error("it was")),
      () => {},
    );
  });
} else {
  await check(`types: all messages in ${path.relative(path.join(here, "../.."), path.resolve(folder))} satisfy KnownBlock[]`, () => judged(folder, "golden", true));
}
await done("blocks-types");
