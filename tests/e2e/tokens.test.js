// Tokens that are renewed on the way, and API keys: https://docs.nocobase.com/auth-verification/api-keys and
// https://docs.nocobase.com/security/guide (token policy)
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { madeUser, refusal, rows, signedIn, stranger, unique } from './stepbase.js';

const HOUR = 3600;

/** The same token as if it had been issued this many hours earlier. */
function aged(token, hours) {
  const [header, payload] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  const older = { ...claims, iat: claims.iat - hours * HOUR, exp: claims.exp - hours * HOUR };
  const signed = `${header}.${Buffer.from(JSON.stringify(older)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', process.env.STEPBASE_SECRET).update(signed).digest('base64url')}`;
}

/** A client with that token, which takes a renewed one out of an answer as the model's web client does. */
function withToken(token) {
  const api = stranger();
  api.axios.interceptors.response.use((response) => {
    if (response.headers['x-new-token']) {
      api.auth.setToken(response.headers['x-new-token']);
    }
    return response;
  });
  api.auth.setToken(token);
  return api;
}

test('a token whose day is over is renewed on the way, in the header that clients look for', { skip: !process.env.STEPBASE_SECRET }, async () => {
  const { auth } = await signedIn();
  const token = aged(auth.token, 25);
  const api = withToken(token);
  assert.equal((await api.resource('auth').check()).status, 200);
  assert.notEqual(api.auth.token, token);
  const renewed = api.auth.token;
  assert.equal((await api.resource('samples').list({ pageSize: 1 })).status, 200);
  assert.equal(api.auth.token, renewed);
  await api.auth.signOut();
  assert.equal((await refusal(withToken(renewed).resource('auth').check())).errors[0].code, 'BLOCKED_TOKEN');
  assert.equal((await refusal(withToken(token).resource('auth').check())).status, 401);
});

test('a session older than a week is over', { skip: !process.env.STEPBASE_SECRET }, async () => {
  const { auth } = await signedIn();
  assert.equal((await refusal(withToken(aged(auth.token, 8 * 24)).resource('auth').check())).status, 401);
});

test('an API key is a bearer token in its role until it is removed', async () => {
  const api = await signedIn();
  const role = unique('reader');
  await api.resource('roles').create({ values: { name: role, strategy: { actions: ['view'] } } });
  const owner = await signedIn(await madeUser(api, [role, 'member']));
  const keys = owner.resource('apiKeys');
  const { data } = await keys.create({ values: { name: 'reports', role: { name: role }, expiresIn: '30d' } });
  const caller = withToken(data.data.token);
  assert.equal((await caller.resource('samples').list({ pageSize: 1 })).status, 200);
  assert.equal((await refusal(caller.resource('samples').create({ values: { title: 'no' } }))).status, 403);
  const [key] = await rows(keys, { filter: { name: 'reports' } });
  assert.ok(!JSON.stringify(key).includes(data.data.token));
  await keys.destroy({ filterByTk: key.id });
  assert.equal((await refusal(caller.resource('samples').list())).status, 401);
});

test('an API key may go in the address', async () => {
  const api = await signedIn();
  const { data } = await api.resource('apiKeys').create({ values: { name: unique('link'), role: { name: 'root' }, expiresIn: '1d' } });
  const { status } = await stranger().request({ url: 'samples:list', params: { pageSize: 1, token: data.data.token } });
  assert.equal(status, 200);
});
