// The client as an application makes it, for the server that the environment names, and what the tests share.
// Source: https://docs.nocobase.com/api/sdk
import { randomUUID } from 'node:crypto';
import sdk from '@nocobase/sdk';

const { STEPBASE_URL: url, STEPBASE_EMAIL: account, STEPBASE_PASSWORD: password } = process.env;
if (!url || !account || !password) {
  throw new Error('STEPBASE_URL, STEPBASE_EMAIL and STEPBASE_PASSWORD name the server to test and its first user');
}

export const baseURL = `${url}/api`;
export const root = { account, password };

/** A client that nobody has signed in with; `options` go to axios. A failed call's message tells what the server said. */
export function stranger(options = {}) {
  const api = new sdk.APIClient({ baseURL, ...options });
  api.axios.interceptors.response.use(undefined, (error) => {
    error.message += `: ${error.config?.method} ${error.config?.url} ${JSON.stringify(error.response?.data)}`;
    throw error;
  });
  return api;
}

/** A client after `auth:signIn`, as root when nobody is named. */
export async function signedIn(who = root, options = {}) {
  const api = stranger(options);
  await api.auth.signIn(who, 'basic');
  return api;
}

/** What a refused call says: the status, and what the client makes of the body. A call that succeeds fails the test. */
export async function refusal(call, api = stranger()) {
  const done = await call.then(
    (response) => response,
    (error) => {
      if (!error.response) {
        throw error;
      }
      return { status: error.response.status, errors: api.toErrMessages(error), body: error.response.data };
    },
  );
  if (!done.errors) {
    throw new Error(`not refused: ${done.status} ${JSON.stringify(done.data)}`);
  }
  return done;
}

/** A name that no other test uses, good for collections and roles. */
export function unique(prefix) {
  return `${prefix}${randomUUID().replaceAll('-', '').slice(0, 10)}`;
}

/** A user with these roles, and the password to sign in with. */
export async function madeUser(api, roles) {
  const who = { account: unique('user'), password: 'correct horse 7' };
  const values = { username: who.account, nickname: who.account, password: who.password, roles };
  const { data } = await api.resource('users').create({ values });
  return { ...who, id: data.data.id };
}

/** The rows of a list. */
export async function rows(resource, params) {
  const { data } = await resource.list(params);
  return data.data;
}
