// What browsers and other clients of the model send along must not be refused: the headers of its web client, and those of axios.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseURL, signedIn, stranger } from './stepbase.js';

const SENT = [
  { 'X-Locale': 'zh-CN' },
  { 'X-Hostname': 'localhost' },
  { 'X-With-ACL-Meta': 'true' },
  { 'X-App': 'main' },
  { 'X-Authenticator': 'basic' },
  { 'X-Data-Source': 'main' },
  { 'X-Role': '' },
  ...['+08:00', '-05:00', '+00:00', '-00:00', '+05:30', '+14:00', 'Asia/Shanghai', 'UTC', 'undefined', ''].map((zone) => ({ 'X-Timezone': zone })),
];
for (const headers of SENT) {
  test(`${JSON.stringify(headers)} is no reason to refuse`, async () => {
    const api = await shared();
    assert.equal((await api.resource('samples', undefined, headers).list({ pageSize: 1 })).status, 200);
    assert.equal((await api.request({ url: 'auth:check', headers })).status, 200);
  });
}

let client;
function shared() {
  client ??= signedIn();
  return client;
}

test('a locale set on the client goes with every call', async () => {
  const api = await signedIn();
  api.auth.setLocale('de-DE');
  assert.equal((await api.resource('samples').list({ pageSize: 1 })).status, 200);
});

test('a preflight allows every header that a browser asks for', async () => {
  const asked = 'authorization,content-type,x-authenticator,x-hostname,x-locale,x-role,x-timezone,x-with-acl-meta';
  const headers = { Origin: 'http://localhost:5173', 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': asked };
  const { status, headers: answered } = await stranger({ baseURL, validateStatus: null }).request({ method: 'options', url: 'samples:list', headers });
  assert.ok(status === 200 || status === 204);
  const allowed = answered['access-control-allow-headers'].toLowerCase().split(/\s*,\s*/);
  assert.deepEqual(asked.split(',').filter((header) => !allowed.includes(header)), []);
});
