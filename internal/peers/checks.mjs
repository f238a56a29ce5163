// The lines that all scripts here print for Slack: "ok - …" or "not ok - …", and exit 1 at the first that fails.

let checks = 0;
const endings = [];

/** Runs at the end, whichever it is. */
export const atEnd = (run) => endings.push(run);

export async function check(name, run) {
  const start = performance.now();
  try {
    await within(run(), 30_000);
  } catch (err) {
    await fail(name, err);
  }
  checks++;
  console.log(`ok - ${name} (${Math.round(performance.now() - start)} ms)`);
}

export async function fail(name, err) {
  console.log(`not ok - ${name}`);
  console.log(String(err?.stack ?? err).replace(/^/gm, "    "));
  await end();
  process.exit(1);
}

export async function done(who) {
  await end();
  console.log(`${who}: ${checks} checks passed`);
}

async function end() {
  for (const run of endings.reverse()) await within(run(), 5_000).catch(() => {});
}

function within(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${ms} ms`)), ms);
  });
  return Promise.race([Promise.resolve(promise), late]).finally(() => clearTimeout(timer));
}
