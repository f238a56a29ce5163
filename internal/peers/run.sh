#!/usr/bin/env bash
# Lets third-party MCP clients from npm, pinned in package-lock.json, drive a built binary in demo mode.
#
#   run.sh BINARY FIXTURE_BINARY [--write]     nothing is installed outside this folder; --write updates docs/conformance.md
set -euo pipefail

[[ $# -ge 2 ]] || { echo "usage: run.sh BINARY FIXTURE_BINARY [--write]" >&2; exit 2; }
for path in "$1" "$2"; do
  [[ -x $path ]] || { echo "run.sh: no executable $path: run 'make build fixture' first" >&2; exit 2; }
done
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
fixture=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
write=${3-}
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./node.sh

node conformance.mjs "$binary" "$fixture" ${write:+"$write"}
[[ -z $write ]] || exit 0
node sdk-client.mjs "$binary"
./inspector.sh "$binary"
