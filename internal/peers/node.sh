# Sourced by run.sh and slack.sh, in this folder: brings Node and the clients of the lockfile into PATH, and keeps this
# machine's own configuration and credentials from what is tried.
#
# The clients need Node 22.19; machines have older ones. The npm package `node` is only a script that downloads
# node-<os>-<cpu> past the lockfile, so package.json names those packages themselves: npm takes the one that fits this
# machine, at a locked checksum, and no install script has to run. npm warns about the engine (it runs under the old
# Node while it installs the new one) and, on some machines, about an unknown setting "nodedir": both are harmless.
command -v npm >/dev/null || { echo "$0: npm is needed (any version with lockfile 3, 7 or later)" >&2; exit 2; }

# Install again only when the lockfile differs from what was installed.
stamp=node_modules/.alitriage-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi

# npm skips an optional package that it cannot fetch without a word.
[[ -x node_modules/.bin/node ]] || { echo "$0: npm installed no node for $(uname -sm)" >&2; exit 1; }
export PATH=$PWD/node_modules/.bin:$PATH
echo "node $(node --version), its clients and suites from package-lock.json"

for name in "${!ALITRIAGE_@}" "${!ALIBABA_CLOUD_@}" "${!SLACK_@}"; do unset "$name"; done
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
