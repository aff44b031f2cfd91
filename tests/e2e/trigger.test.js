// The button through the client: https://docs.nocobase.com/workflow/triggers/custom-action
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { madeUser, refusal, rows, signedIn, unique } from './stepbase.js';

let api;
let samples;

before(async () => {
  api = await signedIn();
  samples = api.resource('samples');
});

async function sample(indicator) {
  const { data } = await samples.create({ values: { title: unique('Sample '), indicator } });
  return data.data;
}

test('a single record: the messages and the execution come back, the writes are there', async () => {
  const { id, title } = await sample(95);
  const { status, data } = await samples.trigger({ filterByTk: id, triggerWorkflows: 'submit_inspection' });
  assert.equal(status, 200);
  assert.deepEqual(data.messages, [{ message: `${title} is submitted for inspection` }]);
  assert.deepEqual([data.meta.executions.length, data.meta.executions[0].status], [1, 1]);
  assert.ok(!('data' in data));
  assert.equal((await samples.get({ filterByTk: id })).data.data.status, 'Submitted');
  assert.equal((await rows(api.resource('inspectionRecords'), { filter: { sampleId: id } })).length, 1);
});

test('a workflow that ends as failed is a 400 whose message the client shows', async () => {
  const { id } = await sample(42);
  const { status, errors } = await refusal(samples.trigger({ filterByTk: id, triggerWorkflows: 'submit_inspection' }), api);
  assert.equal(status, 400);
  assert.match(errors[0].message, /is 42: it must be greater than 90/);
});

test('values lie over the record for this run only', async () => {
  const { id } = await sample(42);
  const { data } = await samples.trigger({ filterByTk: id, triggerWorkflows: 'submit_inspection', values: { indicator: 99 } });
  assert.equal(data.messages.length, 1);
  assert.equal((await samples.get({ filterByTk: id })).data.data.indicator, 42);
});

test('values alone are the record', async () => {
  const { data } = await samples.trigger({ triggerWorkflows: 'submit_inspection', values: { title: 'Only here', indicator: 91 } });
  assert.deepEqual(data.messages, [{ message: 'Only here is submitted for inspection' }]);
});

test('several records', async () => {
  const ids = [(await sample(1)).id, (await sample(2)).id];
  const { data } = await samples.trigger({ filterByTk: ids, triggerWorkflows: 'archive_samples' });
  assert.deepEqual(data.messages, [{ message: '2 archived' }]);
});

test('a global workflow', async () => {
  const { data } = await api.resource('workflows').trigger({ triggerWorkflows: 'register_sample', values: { title: 'From the client' } });
  assert.match(data.messages[0].message, /^From the client is registered by /);
});

test('key!association runs on the associated record', async () => {
  const title = unique('Category ');
  const category = (await api.resource('categories').create({ values: { title } })).data.data.id;
  const post = (await api.resource('posts').create({ values: { title: 'Post', category } })).data.data.id;
  const { data } = await api.resource('posts').trigger({ filterByTk: post, triggerWorkflows: 'describe_category!category' });
  assert.deepEqual(data.messages, [{ message: `${title}: newest sample is none` }]);
});

test('request() by URL, as a script in a page sends it', async () => {
  const { id } = await sample(95);
  const config = { url: `samples:trigger/${id}`, method: 'post', params: { triggerWorkflows: 'submit_inspection' }, data: {} };
  assert.equal((await api.request(config)).data.messages.length, 1);
});

test('an Idempotency-Key makes a repeated call one run', async () => {
  const { id } = await sample(95);
  const resource = api.resource('samples', undefined, { 'Idempotency-Key': unique('call') });
  const params = { filterByTk: id, triggerWorkflows: 'submit_inspection' };
  const [first, second] = [await resource.trigger({ ...params }), await resource.trigger({ ...params })];
  assert.deepEqual(first.data, second.data);
  assert.equal((await rows(api.resource('inspectionRecords'), { filter: { sampleId: id } })).length, 1);
});

const REFUSED = [
  ['no key', {}, 400, /triggerWorkflows/],
  ['an unknown key', { triggerWorkflows: 'nosuch' }, 400, /nosuch/],
  ['a global workflow on a collection', { triggerWorkflows: 'register_sample' }, 400, /register_sample/],
  ['a record that is not there', { triggerWorkflows: 'submit_inspection', filterByTk: 4242 }, 404, /4242/],
];
for (const [what, params, status, said] of REFUSED) {
  test(`${what} is a ${status}`, async () => {
    const refused = await refusal(samples.trigger(params), api);
    assert.equal(refused.status, status);
    assert.match(JSON.stringify(refused.errors), said);
  });
}

test('a role triggers only what it is granted', async () => {
  const { id } = await sample(95);
  for (const [actions, status] of [[['view'], 403], [['view', 'trigger'], 200]]) {
    const name = unique('presser');
    await api.resource('roles').create({ values: { name, strategy: { actions } } });
    const caller = await signedIn(await madeUser(api, [name]));
    const call = caller.resource('samples').trigger({ filterByTk: id, triggerWorkflows: 'submit_inspection' });
    const answered = status === 200 ? await call : await refusal(call);
    assert.equal(answered.status, status);
  }
});

test('what ran can be read back', async () => {
  const { id } = await sample(95);
  const { data } = await samples.trigger({ filterByTk: id, triggerWorkflows: 'submit_inspection' });
  const got = await api.resource('executions').get({ filterByTk: data.meta.executions[0].id, appends: ['jobs'] });
  assert.equal(got.data.data.status, 1);
  assert.deepEqual(got.data.data.jobs.map((job) => job.nodeKey), ['over90', 'record', 'status', 'said']);
  for (const filter of [{ key: 'submit_inspection' }, { workflow: { key: 'submit_inspection' } }]) {
    const ids = (await rows(api.resource('executions'), { filter, fields: ['id'], sort: '-id', pageSize: 200 })).map((row) => row.id);
    assert.ok(ids.includes(got.data.data.id));
  }
});

test('a workflow made, triggered and removed by the client', async () => {
  const key = unique('w');
  const nodes = [{ key: 'said', type: 'response-message', config: { message: 'Hello {{$context.data.who}}' } }];
  const values = { key, title: key, type: 'custom-action', sync: true, enabled: true, config: { type: 0 }, nodes };
  const { id } = (await api.resource('workflows').create({ values })).data.data;
  const { data } = await api.resource('workflows').trigger({ triggerWorkflows: key, values: { who: 'Ada' } });
  assert.deepEqual(data.messages, [{ message: 'Hello Ada' }]);
  assert.equal((await rows(api.resource('workflows'), { filter: { key } }))[0].id, id);
  await api.resource('workflows').update({ filterByTk: id, values: { enabled: false } });
  assert.equal((await refusal(api.resource('workflows').trigger({ triggerWorkflows: key }))).status, 400);
  await api.resource('workflows').destroy({ filterByTk: id });
});
