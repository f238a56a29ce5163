#!/usr/bin/env bash
# Judges a built binary with the MCP Inspector's command line, in demo mode: the schemas of all tools under its
# strict lint, then one call of each tool, and again in the newer protocol revision (which has no initialize); at last
# many calls at once.
#
#   inspector.sh BINARY        run.sh puts node and mcp-inspector in PATH
#
# The Inspector's exit codes: 5 the tool answered isError or is unknown, 6 a schema is unusable, 1 anything else.
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: inspector.sh BINARY" >&2; exit 2; }
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

limit=()
if command -v timeout >/dev/null; then limit=(timeout 60); fi # macOS has none
inspect() { ${limit[@]+"${limit[@]}"} mcp-inspector --cli --format json "$@" -- "$binary" --demo >"$tmp/out" 2>"$tmp/err"; }

fail() {
  echo "not ok - $1"
  sed 's/^/    /' "$tmp/out" "$tmp/err" | cut -c1-2000
  exit 1
}

# list ERA: no error and no warning of the linter, and the four names.
list() {
  local what="tools/list --strict ($1)" code=0
  inspect --protocol-era "$1" --method tools/list --strict || code=$?
  [[ $code -eq 0 ]] || fail "$what: exit code $code"
  # Its exit code speaks of errors only; the summary line is there for warnings too.
  if grep -qE '^[0-9]+ errors?, [0-9]+ warnings? across' "$tmp/err"; then fail "$what: the linter has something to say"; fi
  node -e '
    const names = JSON.parse(require("fs").readFileSync(0)).result.tools.map((t) => t.name).sort().join(" ");
    if (names !== "gather_env_stats get_app_status get_invocation_results get_operation_result") throw new Error("tools: " + names);
  ' <"$tmp/out" 2>>"$tmp/err" || fail "$what"
  echo "ok - $what"
}

# call ERA TOOL ARGUMENTS VERDICT: the verdict in the structured form and in the first line of the text.
call() {
  local what="tools/call $2 $3: $4 ($1)" code=0
  inspect -q --protocol-era "$1" --method tools/call --tool-name "$2" --tool-args-json "$3" || code=$?
  [[ $code -eq 0 ]] || fail "$what: exit code $code"
  node -e '
    const { structuredContent, content, isError } = JSON.parse(require("fs").readFileSync(0)).result;
    const wanted = process.argv[1], first = content[0].text.split("\n", 1)[0];
    if (isError) throw new Error("isError");
    if (structuredContent.verdict !== wanted) throw new Error("verdict: " + structuredContent.verdict);
    if (!first.startsWith(`SIMULATED ${wanted.toUpperCase()}: `)) throw new Error("first line: " + first);
  ' "$4" <"$tmp/out" 2>>"$tmp/err" || fail "$what"
  echo "ok - $what"
}

# refused ERA TOOL ARGUMENTS: a tool result with isError, not a protocol error.
refused() {
  local what="tools/call $2 $3: isError ($1)" code=0
  inspect -q --protocol-era "$1" --method tools/call --tool-name "$2" --tool-args-json "$3" || code=$?
  [[ $code -eq 5 ]] || fail "$what: exit code $code, wanted 5"
  grep -q '"isError":true' "$tmp/out" || fail "$what"
  echo "ok - $what"
}

# load REQUESTS CONCURRENCY: every call is answered, and none with an error. How fast is not judged here.
load() {
  local what="$1 calls, $2 at a time" code=0
  inspect --method tools/call --tool-name get_app_status --tool-args-json '{"app_id":"web"}' --load --load-requests "$1" --load-concurrency "$2" || code=$?
  [[ $code -eq 0 ]] || fail "$what: exit code $code"
  node -e '
    const { requests, ok, errors, toolErrors } = JSON.parse(require("fs").readFileSync(0)).result;
    if (ok !== Number(process.argv[1]) || requests !== ok || errors || toolErrors) throw new Error(`${ok} of ${requests} ok, ${errors} errors, ${toolErrors} tool errors`);
  ' "$1" <"$tmp/out" 2>>"$tmp/err" || fail "$what"
  echo "ok - $what"
}

for era in legacy modern; do
  list "$era"
  call "$era" get_app_status '{"app_id":"checkout"}' action_needed
  call "$era" get_invocation_results '{"invoke_id":"disk-cleanup"}' failed
  call "$era" gather_env_stats '{"env_id":"checkout-env","wait_seconds":20}' failed
  call "$era" get_operation_result '{"operation_id":"resize","wait_seconds":20}' ok
  refused "$era" get_app_status '{"app_id":"0099b7be-****"}'
done
load 2000 8
echo "inspector: all passed"
