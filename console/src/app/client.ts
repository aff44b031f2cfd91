/** The console's one connection. The token lives as long as the tab: no other tab, and no later visitor, finds it. */
import { createClient, type ApiError, type TokenStore } from "../client";
import { watched } from "./traffic";

const TOKEN = "stepbase.token";

const tokens: TokenStore = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (token) => (token === null ? sessionStorage.removeItem(TOKEN) : sessionStorage.setItem(TOKEN, token)),
};

let signedOut: (error: ApiError) => void = () => undefined;

export const client = createClient({
  baseUrl: new URL("../api/", document.baseURI).href,
  tokens,
  // Looked up with each call, so that a test may stand in for the server after this was loaded.
  fetch: watched((...call) => globalThis.fetch(...call)),
  onSignedOut: (error) => signedOut(error),
});

/** `listener` hears when the server no longer takes the token. */
export function whenSignedOut(listener: (error: ApiError) => void): void {
  signedOut = listener;
}
