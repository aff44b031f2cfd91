// Prints the calls of the API until a table is painted with its buttons: {"signedIn": ["app:start", …], "reloaded": […], "linked": […]}.
import { close, signIn, visitor } from "../browser/page.js";

const TABLE = "/tables/samples";

/** Signing in itself does not count. */
async function calls(seen, act) {
  seen.calls.length = 0;
  await act(seen.page);
  await seen.page.getByRole("button", { name: "Submit for Inspection" }).first().waitFor();
  await seen.settled();
  return seen.calls.map((call) => call.path.split("?")[0]).filter((path) => path !== "auth:signIn");
}

const first = await visitor();
const signedIn = await calls(first, (page) => signIn(page, undefined, undefined, TABLE));
const reloaded = await calls(first, (page) => page.reload());

const second = await visitor();
await signIn(second.page);
await second.page.getByRole("heading", { name: /Hello/ }).waitFor();
await second.settled();
const linked = await calls(second, (page) => page.getByRole("link", { name: "Samples" }).first().click());
await close();
console.log(JSON.stringify({ signedIn, reloaded, linked }));
