// Associations in values, `appends`, filters, and as resources of their own: https://docs.nocobase.com/api/sdk (resource with `of`)
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { refusal, rows, signedIn, unique } from './stepbase.js';

const [posts, comments, tags] = ['posts', 'comments', 'tags'].map(unique);
let api;

before(async () => {
  api = await signedIn();
  for (const name of [posts, comments, tags]) {
    await api.resource('collections').create({ values: { name, fields: [{ name: 'title', type: 'string' }] } });
  }
  const through = unique('postsTags');
  const fields = [
    [posts, { name: 'comments', type: 'hasMany', target: comments, foreignKey: 'postId' }],
    [posts, { name: 'tags', type: 'belongsToMany', target: tags, through, foreignKey: 'postId', otherKey: 'tagId' }],
    [comments, { name: 'post', type: 'belongsTo', target: posts, foreignKey: 'postId' }],
  ];
  for (const [name, values] of fields) {
    await api.resource('collections.fields', name).create({ values });
  }
});

async function madePost(values = {}) {
  const { data } = await api.resource(posts).create({ values: { title: 'Post', ...values } });
  return data.data.id;
}

async function madeTags(...titles) {
  const made = [];
  for (const title of titles) {
    made.push((await api.resource(tags).create({ values: { title } })).data.data.id);
  }
  return made;
}

test('posts.comments of a post creates, lists, gets, updates and destroys what is associated', async () => {
  const post = await madePost();
  const resource = api.resource(`${posts}.comments`, post);
  const { id } = (await resource.create({ values: { title: 'First' } })).data.data;
  await resource.create({ values: { title: 'Second' } });
  const { data } = await resource.list({ sort: ['title'], filter: { title: { $ne: 'None' } } });
  assert.deepEqual([data.data.map((row) => row.title), data.meta.count], [['First', 'Second'], 2]);
  assert.equal((await resource.get({ filterByTk: id })).data.data.title, 'First');
  await resource.update({ filterByTk: id, values: { title: 'Changed' } });
  assert.equal((await resource.get({ filterByTk: id, appends: ['post'] })).data.data.post.id, post);
  await resource.destroy({ filterByTk: id });
  assert.deepEqual((await rows(resource)).map((row) => row.title), ['Second']);
});

test('add, set, remove and toggle change the links only', async () => {
  const post = await madePost();
  const [a, b, c] = await madeTags('a', 'b', 'c');
  const resource = api.resource(`${posts}.tags`, post);
  const linked = async () => (await rows(resource, { sort: 'title' })).map((row) => row.id);
  await resource.add({ values: [a, b] });
  assert.deepEqual(await linked(), [a, b]);
  await resource.remove({ values: [a] });
  assert.deepEqual(await linked(), [b]);
  await resource.set({ values: [a, c] });
  assert.deepEqual(await linked(), [a, c]);
  await resource.toggle({ values: [c] });
  assert.deepEqual(await linked(), [a]);
  await resource.toggle({ filterByTk: c });
  assert.deepEqual(await linked(), [a, c]);
  await resource.add({ filterByTk: b });
  assert.deepEqual(await linked(), [a, b, c]);
  await resource.remove({ filterByTk: [a, b] });
  assert.deepEqual(await linked(), [c]);
  await resource.set({ values: [] });
  assert.deepEqual(await linked(), []);
  assert.equal((await rows(api.resource(tags), { filter: { id: { $in: [a, b, c] } } })).length, 3);
});

test('a to-one association is a resource too', async () => {
  const post = await madePost();
  const { id } = (await api.resource(comments).create({ values: { title: 'Loose' } })).data.data;
  const resource = api.resource(`${comments}.post`, id);
  assert.equal((await resource.get()).data.data, null);
  await resource.set({ filterByTk: post });
  assert.equal((await resource.get()).data.data.id, post);
  await resource.remove();
  assert.equal((await resource.get()).data.data, null);
});

test('associated records come with the record in appends, several levels deep', async () => {
  const [tag] = await madeTags('deep');
  const post = await madePost({ title: 'Deep', tags: [tag], comments: [{ title: 'inside' }] });
  const [row] = await rows(api.resource(comments), { filter: { post: { id: post } }, appends: ['post', 'post.tags'] });
  assert.deepEqual([row.post.title, row.post.tags.map((one) => one.title)], ['Deep', ['deep']]);
});

test('filters reach over associations, written either way', async () => {
  const [tag] = await madeTags(unique('t'));
  const post = await madePost({ title: 'Found', tags: [{ id: tag }] });
  for (const filter of [{ 'tags.id': tag }, { tags: { id: { $eq: tag } } }, { 'tags.id.$in': [tag] }]) {
    assert.deepEqual((await rows(api.resource(posts), { filter })).map((row) => row.id), [post]);
  }
});

test('updateAssociationValues lets an update change what is associated', async () => {
  const post = await madePost({ comments: [{ title: 'old' }] });
  const [comment] = await rows(api.resource(`${posts}.comments`, post));
  const values = { comments: [{ id: comment.id, title: 'new' }] };
  await api.resource(posts).update({ filterByTk: post, values, updateAssociationValues: ['comments'] });
  assert.deepEqual((await rows(api.resource(`${posts}.comments`, post))).map((row) => row.title), ['new']);
});

test('an association or a record that is not there is a 4xx', async () => {
  assert.ok([400, 404].includes((await refusal(api.resource(`${posts}.nosuch`, 1).list())).status));
  assert.equal((await refusal(api.resource(`${posts}.comments`, 4242).create({ values: { title: 'x' } }))).status, 404);
});
