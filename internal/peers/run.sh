#!/usr/bin/env bash
# Lets third-party MCP clients from npm, pinned in package-lock.json, drive a built binary in demo mode.
#
#   run.sh BINARY FIXTURE_BINARY [--write]     nothing is installed outside this folder; --write updates docs/conformance.md
#
# The clients need Node 22.19; machines have older ones. The npm package `node` is only a script that downloads
# node-<os>-<cpu> past the lockfile, so package.json names those packages themselves: npm takes the one that fits this
# machine, at a locked checksum, and no install script has to run. npm warns about the engine (it runs under the old
# Node while it installs the new one) and, on some machines, about an unknown setting "nodedir": both are harmless.
set -euo pipefail

[[ $# -ge 2 ]] || { echo "usage: run.sh BINARY FIXTURE_BINARY [--write]" >&2; exit 2; }
for path in "$1" "$2"; do
  [[ -x $path ]] || { echo "run.sh: no executable $path: run 'make build fixture' first" >&2; exit 2; }
done
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
fixture=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
write=${3-}
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v npm >/dev/null || { echo "run.sh: npm is needed (any version with lockfile 3, 7 or later)" >&2; exit 2; }

# Install again only when the lockfile differs from what was installed.
stamp=node_modules/.alitriage-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

# npm skips an optional package that it cannot fetch without a word.
[[ -x node_modules/.bin/node ]] || { echo "run.sh: npm installed no node for $(uname -sm)" >&2; exit 1; }
export PATH=$PWD/node_modules/.bin:$PATH
echo "node $(node --version), its clients and the conformance suite from package-lock.json"

# Nothing of this machine's own configuration or credentials reaches the server or the clients.
for name in "${!ALITRIAGE_@}" "${!ALIBABA_CLOUD_@}" "${!SLACK_@}"; do unset "$name"; done
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT

node conformance.mjs "$binary" "$fixture" ${write:+"$write"}
[[ -z $write ]] || exit 0
node sdk-client.mjs "$binary"
./inspector.sh "$binary"
