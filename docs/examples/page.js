// Kottster's three kinds of custom actions (https://kottster.app/docs/custom-actions) with the client package of Stepbase.
import { ApiError, createClient } from "./stepbase-client.js";

const byId = (id) => document.getElementById(id);
const signIn = byId("sign-in");
const server = new URLSearchParams(location.search).get("server") ?? "http://localhost:3000";
let client;

signIn.elements.server.value = server;
signIn.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { server, account, password } = Object.fromEntries(new FormData(signIn));
  client = createClient({ baseUrl: under(server, "api/").href });
  await attempt(event.submitter, async () => {
    await client.signIn(account, password);
    await showUsers();
  });
});

async function showUsers() {
  const { rows } = await client.resource("users").list({ sort: ["id"], pageSize: 20 });
  const { actions, records } = await client.availableActions("users", rows.map((user) => user.id));
  byId("rows").replaceChildren(...rows.map((user) => rowOf(user, actions, records[user.id] ?? [])));
  signIn.hidden = true;
  byId("users").hidden = false;
}

function rowOf(user, actions, verdicts) {
  const row = document.createElement("tr");
  const offered = (name) => buttonOf(actions.find((one) => one.name === name), verdicts.find((one) => one.name === name), user);
  row.append(cell(user.nickname || user.username), cell(user.email), cell(offered("viewProfile")), cell(offered("sendWelcomeEmail")), cell(byHand(user)));
  return row;
}

// 1 and 2: buttons that are records on the server. Both are pressed in the same way; the server knows what each does, who may, and
// what is said then (`onResult`). "View Profile" answers with what the browser is to do; "Send Welcome Email" has called its procedure.
function buttonOf(action, verdict, user) {
  if (!action) return "Not offered to your role";
  const button = newButton(action.label, async () => {
    const result = await client.runAction(action.name, { ids: user.id });
    if (result.status === "failed") return say(result.message, result.level);
    if (result.client?.type === "openUrl") return openPage(result.client.url);
    return say(result.message ?? "Done", result.level);
  });
  button.disabled = verdict?.enabled === false;
  button.title = verdict?.reason ?? "";
  return button;
}

// 3: the page's own code asks first, calls the procedure by hand, and decides itself what to make of the result.
function byHand(user) {
  return newButton("Send after asking", async () => {
    if (!(await confirmed(`Send a welcome email to ${user.nickname || user.username}?`))) return say("Not sent");
    const { data } = await client.callProcedure("sendWelcomeEmail", { resource: "users", record: user.id, input: { subject: "Good to see you" } });
    return say(data.success ? `It is on its way to ${data.sentTo}` : "It was not sent", data.success ? "success" : "error");
  });
}

function newButton(label, press) {
  const button = document.createElement("button");
  button.textContent = label;
  button.addEventListener("click", () => attempt(button, press));
  return button;
}

/** Shows that it works, keeps the button from being pressed twice, and says what went wrong. */
async function attempt(button, work) {
  button.disabled = true;
  say("Working …");
  try {
    await work();
    if (byId("said").textContent === "Working …") say("");
  } catch (error) {
    say(error instanceof ApiError ? error.message : String(error), "error");
  }
  button.disabled = false;
}

/** A deployed API has its stage in its address, https://example.com/dev, and everything of it lies behind that. */
function under(server, path) {
  return new URL(path, server.endsWith("/") ? server : `${server}/`);
}

/** Only a web address is opened, whatever the answer says. */
function openPage(url) {
  const target = under(signIn.elements.server.value, /^\/(?![/\\])/.test(url) ? `.${url}` : url);
  if (!["http:", "https:"].includes(target.protocol)) return say("That is no web address", "error");
  window.open(target, "_blank", "noopener");
  return say(`Opened ${target.href}`);
}

function confirmed(question) {
  const dialog = byId("confirm");
  byId("question").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

function cell(content) {
  const made = document.createElement("td");
  made.append(content ?? "");
  return made;
}

function say(text, level = "info") {
  byId("said").textContent = text;
  byId("said").dataset.level = level;
}
