#!/usr/bin/env bash
# One would guess: a parameter that is undefined or null in the vendor's Node client is not sent. Its successor leaves
# such parameters out, and so do the clients for Go.
#
# What happens: @alicloud/pop-core 1.8.0 (checked 2026-12-01) sends the words: {InstanceId: undefined} asks for the
# instance named "undefined", {NextToken: null} for the page "null", and an object becomes "[object Object]". The
# service answers that there is no such thing, or filters by the word. @alicloud/openapi-client 0.4.15 with
# @alicloud/openapi-util 0.3.3 sends nothing for the first two, and one parameter for each member of the object.
#
# Usage: findings/pop-core-sends-the-words-undefined-and-null.sh   (needs npm; exits 1 when the behaviour changes)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @alicloud/pop-core@1.8.0 @alicloud/openapi-client@0.4.15 @alicloud/openapi-util@0.3.3 @alicloud/tea-util@1.4.11
npm ls --depth 0 2>/dev/null | grep alicloud
cat > main.js <<'JS'
const http = require('http');
const { RPCClient } = require('@alicloud/pop-core');
const { default: OpenApi, Config, Params, OpenApiRequest } = require('@alicloud/openapi-client');
const { default: OpenApiUtil } = require('@alicloud/openapi-util');
const { RuntimeOptions } = require('@alicloud/tea-util');

// The server notes what was sent beside the signature.
let sent;
const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const all = [...new URL(request.url, 'http://x').searchParams, ...new URLSearchParams(body)];
    sent = all.filter(([name]) => /^(InstanceId|NextToken|Filter)/.test(name)).map((pair) => pair.join('=')).join(' ');
    response.setHeader('content-type', 'application/json');
    response.end('{"RequestId":"1"}');
  });
});

server.listen(0, '127.0.0.1', async () => {
  const host = `127.0.0.1:${server.address().port}`;
  const keys = { accessKeyId: 'id', accessKeySecret: 'secret' };
  const pop = new RPCClient({ ...keys, endpoint: `http://${host}`, apiVersion: '2014-05-26' });
  const openapi = new OpenApi(new Config({ ...keys, endpoint: host, protocol: 'http' }));
  const operation = new Params({
    action: 'DescribeInstances', version: '2014-05-26', protocol: 'HTTP', pathname: '/', method: 'POST',
    authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
  });
  for (const asked of [{ InstanceId: undefined }, { NextToken: null }, { Filter: { Key: 'a' } }]) {
    await pop.request('DescribeInstances', asked, { method: 'POST' });
    console.log(`pop-core:       ${sent || 'nothing'}`);
    await openapi.callApi(operation, new OpenApiRequest({ query: OpenApiUtil.query(asked) }), new RuntimeOptions({}));
    console.log(`openapi-client: ${sent || 'nothing'}`);
  }
  server.close();
});
JS
node main.js | tee seen

diff - seen <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
pop-core:       InstanceId=undefined
openapi-client: nothing
pop-core:       NextToken=null
openapi-client: nothing
pop-core:       Filter=[object Object]
openapi-client: Filter.Key=a
WANT
