// Signing in and out, roles and sessions: https://docs.nocobase.com/api/sdk (Auth)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axios from 'axios';
import sdk from '@nocobase/sdk';
import { baseURL, madeUser, refusal, root, signedIn, stranger, unique } from './stepbase.js';

test('signing in keeps the token and answers with the user', async () => {
  const api = stranger();
  const { status, data } = await api.auth.signIn(root, 'basic');
  assert.equal(status, 200);
  assert.equal(data.data.user.email, root.account);
  assert.equal(api.auth.token, data.data.token);
  assert.equal(api.auth.authenticator, 'basic');
});

test('the e-mail may be called email, as on older sign-in pages', async () => {
  const api = await signedIn({ email: root.account, password: root.password });
  assert.ok(api.auth.token);
});

test('a client around an axios instance of the application works the same', async () => {
  const api = new sdk.APIClient(axios.create({ baseURL }));
  await api.auth.signIn(root, 'basic');
  const { data } = await api.request({ url: 'auth:check' });
  assert.equal(data.data.email, root.account);
});

test('check tells who is signed in, and never the password', async () => {
  const api = await signedIn();
  const { data } = await api.resource('auth').check();
  assert.equal(data.data.email, root.account);
  assert.ok(data.data.roles.some((role) => role.name === 'root'));
  assert.ok(!('password' in data.data));
});

test('a wrong password is a 401 that says so', async () => {
  const { status, errors } = await refusal(stranger().auth.signIn({ ...root, password: 'x' }, 'basic'));
  assert.equal(status, 401);
  assert.match(errors[0].message, /incorrect/);
});

for (const values of [{}, { account: root.account }, { password: root.password }]) {
  test(`signing in with only [${Object.keys(values)}] is a 4xx`, async () => {
    const { status, errors } = await refusal(stranger().auth.signIn(values, 'basic'));
    assert.ok(status === 400 || status === 401, String(status));
    assert.ok(errors[0].message);
  });
}

test('nobody signed in is a 401 with the code that the client looks for', async () => {
  const { status, errors } = await refusal(stranger().resource('users').list());
  assert.deepEqual([status, errors[0].code], [401, 'EMPTY_TOKEN']);
});

test('a token that is none is a 401', async () => {
  const api = stranger();
  api.auth.setToken('not.a.token');
  const { status, errors } = await refusal(api.request({ url: 'auth:check' }));
  assert.deepEqual([status, errors[0].code], [401, 'INVALID_TOKEN']);
});

test('signing out ends the session on the server and in the client', async () => {
  const api = await signedIn();
  const token = api.auth.token;
  assert.equal((await api.auth.signOut()).status, 200);
  assert.ok(!api.auth.token);
  api.auth.setToken(token);
  const { status, errors } = await refusal(api.request({ url: 'auth:check' }));
  assert.deepEqual([status, errors[0].code], [401, 'BLOCKED_TOKEN']);
});

test('the role of a client with several is the one it sets', async () => {
  const admin = await signedIn();
  const reader = unique('reader');
  await admin.resource('roles').create({ values: { name: reader, strategy: { actions: ['view'] } } });
  const api = await signedIn(await madeUser(admin, [reader, 'member']));
  for (const role of [reader, 'member']) {
    api.auth.setRole(role);
    const { data } = await api.resource('roles').check();
    assert.equal(data.data.role, role);
  }
  api.auth.setRole('root');
  const { status, errors } = await refusal(api.resource('roles').check());
  assert.deepEqual([status, errors[0].code], [401, 'ROLE_NOT_FOUND_FOR_USER']);
});

test('the users of a role are listed, added and removed, and a user chooses a default role', async () => {
  const admin = await signedIn();
  const role = unique('crew');
  await admin.resource('roles').create({ values: { name: role } });
  const who = await madeUser(admin, ['member']);
  const users = admin.resource('roles.users', role);
  await users.add({ values: [who.id] });
  const { data } = await users.list({ filter: { id: who.id } });
  assert.deepEqual([data.data.map((user) => user.id), data.meta.count], [[who.id], 1]);
  const api = await signedIn(who);
  await api.resource('users').setDefaultRole({ values: { roleName: role } });
  assert.equal((await api.request({ url: 'roles:check' })).data.data.role, role);
  await users.remove({ values: [who.id] });
  assert.deepEqual((await admin.resource('users.roles', who.id).list()).data.data.map(({ name }) => name), ['member']);
});

test('a client that keeps its cookies in step is not stopped', async () => {
  const api = await signedIn();
  assert.deepEqual((await api.auth.syncCookies()).data, {});
});

test('a role without the permission is a 403', async () => {
  const admin = await signedIn();
  const name = unique('silent');
  await admin.resource('roles').create({ values: { name, strategy: { actions: [] } } });
  const api = await signedIn(await madeUser(admin, [name]));
  const samples = api.resource('samples');
  for (const call of [() => samples.list(), () => samples.create({ values: { title: 'no' } })]) {
    const { status, errors } = await refusal(call());
    assert.equal(status, 403);
    assert.match(errors[0].message, /[Nn]o permissions/);
  }
});

test('a changed password ends the sessions before it', async () => {
  const admin = await signedIn();
  const who = await madeUser(admin, ['member']);
  const api = await signedIn(who);
  await admin.resource('users').update({ filterByTk: who.id, values: { password: 'another horse 8' } });
  assert.equal((await refusal(api.request({ url: 'auth:check' }))).status, 401);
  await signedIn({ account: who.account, password: 'another horse 8' });
});
