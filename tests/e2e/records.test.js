// Records through `api.resource(name)`: https://docs.nocobase.com/api/sdk (resource), https://docs.nocobase.com/api/resources
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { refusal, rows, signedIn, unique } from './stepbase.js';

const name = unique('tasks');
const titles = async (params) => (await rows(tasks, params)).map((row) => row.title);
let api;
let tasks;

before(async () => {
  api = await signedIn();
  const fields = [
    { name: 'title', type: 'string', required: true },
    { name: 'code', type: 'string', unique: true },
    { name: 'points', type: 'integer', index: true },
    { name: 'done', type: 'boolean' },
    { name: 'due', type: 'date' },
    { name: 'tags', type: 'array' },
    { name: 'extra', type: 'json' },
    { name: 'order', type: 'sort' },
  ];
  await api.resource('collections').create({ values: { name, title: 'Tasks', fields } });
  tasks = api.resource(name);
  for (const points of [1, 2, 3, 4, 5]) {
    const values = { title: `Task ${points}`, code: `T${points}`, points, done: points > 3, due: `2026-01-0${points}T12:00:00.000Z` };
    await tasks.create({ values });
  }
});

test('a created record comes back whole, under an id that JavaScript keeps', async () => {
  const values = { title: 'Größe & Maß', points: 90, tags: ['a', 'b'], extra: { 'dotted.name': [1, null, { deep: true }] } };
  const { data } = await tasks.create({ values });
  assert.ok(Number.isSafeInteger(data.data.id));
  const got = await tasks.get({ filterByTk: data.data.id });
  assert.deepEqual({ ...got.data.data, ...values }, got.data.data);
  assert.equal(new Date(got.data.data.createdAt).toISOString(), got.data.data.createdAt);
  await tasks.destroy({ filterByTk: data.data.id });
});

test('a list carries the meta that a pager needs', async () => {
  const { data } = await tasks.list({ page: 2, pageSize: 2, sort: ['-points'] });
  assert.deepEqual(data.data.map((row) => row.points), [3, 2]);
  const { count, page, pageSize, totalPage } = data.meta;
  assert.deepEqual({ count, page, pageSize, totalPage }, { count: 5, page: 2, pageSize: 2, totalPage: 3 });
});

test('paginate: false is the whole list', async () => {
  assert.equal((await rows(tasks, { paginate: false })).length, 5);
});

for (const sort of ['-points', ['-points'], 'done,-points', ['-done', 'points'], []]) {
  test(`sort ${JSON.stringify(sort)} is understood`, async () => {
    assert.equal((await titles({ sort })).length, 5);
  });
}

const FILTERS = [
  [{ title: 'Task 2' }, [2]],
  [{ points: { $gte: 4 } }, [4, 5]],
  [{ 'points.$lt': 2 }, [1]],
  [{ $and: [{ done: { $isTruly: true } }, { points: { $ne: 4 } }] }, [5]],
  [{ $or: [{ title: { $includes: '1' } }, { code: { $in: ['T5'] } }] }, [1, 5]],
  [{ done: false, points: { $gt: 1 } }, [2, 3]],
  [{ due: { $dateBefore: '2026-01-03' } }, [1, 2]],
  [{ due: { $dateOn: '2026-01-03' } }, [3]],
  [{ extra: { $empty: true }, code: { $notEmpty: true }, points: 3 }, [3]],
  [{ $not: { points: { $lte: 3 } } }, [4, 5]],
  [{}, [1, 2, 3, 4, 5]],
  ['{"points":{"$in":[1,2]}}', [1, 2]],
];
for (const [filter, wanted] of FILTERS) {
  test(`filter ${JSON.stringify(filter)}`, async () => {
    assert.deepEqual((await rows(tasks, { filter, sort: 'points' })).map((row) => row.points), wanted);
  });
}

test('fields and except leave fields out', async () => {
  const [only] = await rows(tasks, { fields: ['title', 'points'], pageSize: 1, sort: 'points' });
  assert.deepEqual(only, { title: 'Task 1', points: 1 });
  const [rest] = await rows(tasks, { except: ['code', 'due'], pageSize: 1 });
  assert.ok('title' in rest && !('code' in rest) && !('due' in rest));
});

test('get takes a filter instead of an id, and null is what is not there', async () => {
  assert.equal((await tasks.get({ filter: { code: 'T4' } })).data.data.title, 'Task 4');
  assert.equal((await tasks.get({ filterByTk: 4242 })).data.data, null);
});

test('parameters that are null or undefined are no parameters', async () => {
  assert.equal((await rows(tasks, { filter: undefined, page: undefined, sort: null, fields: null, appends: null })).length, 5);
});

test('update answers with a list of the changed records', async () => {
  const { data } = await tasks.create({ values: { title: 'Before' } });
  const changed = await tasks.update({ filterByTk: data.data.id, values: { title: 'After' } });
  assert.deepEqual(changed.data.data.map((row) => row.title), ['After']);
  const by = await tasks.update({ filter: { title: 'After' }, values: { points: null } });
  assert.equal(by.data.data[0].id, data.data.id);
  await tasks.destroy({ filterByTk: data.data.id });
});

test('whitelist and blacklist restrict what is written', async () => {
  const { data } = await tasks.create({ values: { title: 'Kept', points: 70, done: true }, whitelist: ['title', 'points'], blacklist: ['points'] });
  const got = (await tasks.get({ filterByTk: data.data.id })).data.data;
  assert.deepEqual([got.title, got.points ?? null, got.done ?? null], ['Kept', null, null]);
  await tasks.destroy({ filterByTk: data.data.id });
});

test('destroy takes one id, several, or a filter, and says how many', async () => {
  const ids = [];
  for (const title of ['x1', 'x2', 'x3', 'x4']) {
    ids.push((await tasks.create({ values: { title } })).data.data.id);
  }
  assert.equal((await tasks.destroy({ filterByTk: ids[0] })).data.data, 1);
  assert.equal((await tasks.destroy({ filterByTk: ids.slice(1, 3) })).data.data, 2);
  assert.equal((await tasks.destroy({ filter: { title: { $startsWith: 'x' } } })).data.data, 1);
});

test('update and destroy of everything are refused', async () => {
  assert.equal((await refusal(tasks.update({ values: { title: 'all' } }))).status, 400);
  assert.equal((await refusal(tasks.destroy())).status, 400);
});

test('firstOrCreate makes a record once', async () => {
  const values = { title: 'Once', code: 'ONCE' };
  const first = await tasks.firstOrCreate({ values, filterKeys: ['code'] });
  const second = await tasks.firstOrCreate({ values: { ...values, title: 'Twice' }, filterKeys: ['code'] });
  assert.deepEqual([second.data.data.id, second.data.data.title], [first.data.data.id, 'Once']);
  await tasks.destroy({ filterByTk: first.data.data.id });
});

test('updateOrCreate makes a record, then changes it', async () => {
  const made = await tasks.updateOrCreate({ values: { title: 'Made', code: 'UPS' }, filterKeys: ['code'] });
  await tasks.updateOrCreate({ values: { title: 'Changed', code: 'UPS' }, filterKeys: ['code'] });
  const found = await rows(tasks, { filter: { code: 'UPS' } });
  assert.deepEqual(found.map((row) => row.title), ['Changed']);
  await tasks.destroy({ filter: { code: 'UPS' } });
  assert.ok(made.data.data);
});

test('move puts a record in the place of another', async () => {
  const ids = async () => (await rows(tasks, { sort: 'order', fields: ['id'], filter: { code: { $startsWith: 'T' } } })).map((row) => row.id);
  const [first, , third, ...others] = await ids();
  await tasks.move({ sourceId: first, targetId: third, sortField: 'order' });
  const [, moved, again] = [...(await ids())];
  assert.deepEqual([moved, again, others.length], [third, first, 2]);
});

const REFUSED = [
  ['a missing required field', () => tasks.create({ values: { points: 1 } }), 400, /title/],
  ['a taken unique value', () => tasks.create({ values: { title: 'x', code: 'T1' } }), 400, /code/],
  ['a wrong type', () => tasks.create({ values: { title: 'x', points: 'many' } }), 400, /points/],
  ['an unknown operator', () => tasks.list({ filter: { points: { $between: 1 } } }), 400, /\$between/],
  ['a filter that is no JSON', () => tasks.list({ filter: '{' }), 400, /filter/],
  ['an unknown field in a filter', () => tasks.list({ filter: { nosuch: 1 } }), 400, /nosuch/],
  ['an unknown collection', () => api.resource('nosuch').list(), 404, /nosuch/],
  ['an unknown action', () => tasks.frobnicate(), 404, /frobnicate/],
  ['another data source', () => api.resource(name, undefined, { 'X-Data-Source': 'second' }).list(), 400, /second/],
];
for (const [what, call, status, said] of REFUSED) {
  test(`${what} is a ${status} that the client can show`, async () => {
    const refused = await refusal(call(), api);
    assert.equal(refused.status, status);
    assert.match(refused.errors.map((error) => error.message).join(' '), said);
  });
}

test('request() with resource, action and params is the same call', async () => {
  const { data } = await api.request({ resource: name, action: 'list', params: { filter: { points: 2 } } });
  assert.deepEqual(data.data.map((row) => row.title), ['Task 2']);
});

test('request() with a method and a path follows REST', async () => {
  const made = (await api.request({ method: 'post', url: name, data: { title: 'By POST' } })).data.data;
  await api.request({ method: 'put', url: `${name}/${made.id}`, data: { title: 'By PUT' } });
  assert.equal((await api.request({ url: `${name}/${made.id}` })).data.data.title, 'By PUT');
  assert.ok((await api.request({ url: name, params: { sort: '-id', pageSize: 1 } })).data.data[0].id === made.id);
  await api.request({ method: 'delete', url: `${name}/${made.id}` });
  assert.equal((await api.request({ url: `${name}:get/${made.id}` })).data.data, null);
});
