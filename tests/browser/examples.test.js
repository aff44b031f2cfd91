// The page in docs/examples, as its README says: built, served by `local.example_page` on an origin of its own, all three kinds pressed.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { api, close, noTrouble, visitor } from "./page.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { STEPBASE_URL, STEPBASE_EMAIL, STEPBASE_PASSWORD } = process.env;
let server;
let address;

before(async () => {
  execFileSync("npm", ["run", "--silent", "client"], { cwd: `${ROOT}console`, stdio: "pipe" });
  // Port 0 is any that is free; the address is what the command prints.
  const env = { ...process.env, URL: STEPBASE_URL, EXAMPLE_PORT: "0", INIT_ROOT_EMAIL: STEPBASE_EMAIL, INIT_ROOT_PASSWORD: STEPBASE_PASSWORD };
  server = spawn(`${ROOT}.venv/bin/python`, ["-m", "local.example_page"], { cwd: ROOT, env });
  address = await new Promise((resolve, reject) => {
    let printed = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream.on("data", (data) => {
        printed += data;
        const [, found] = printed.match(/Open (\S+)/) ?? [];
        if (found) resolve(found);
      });
    }
    server.on("exit", () => reject(new Error(printed)));
  });
});

after(async () => {
  server?.kill();
  await close();
});

async function userWithMail(name) {
  const { id } = await api("users:create", { username: name, nickname: name, email: `${name}@example.com`, password: "inspect-91" });
  return id;
}

async function opened() {
  const seen = await visitor();
  await seen.page.goto(address);
  await seen.page.getByLabel("E-mail or username").fill(STEPBASE_EMAIL);
  await seen.page.getByLabel("Password").fill(STEPBASE_PASSWORD);
  await seen.page.getByRole("button", { name: "Sign in" }).click();
  await seen.page.getByRole("heading", { name: "Users" }).waitFor();
  return seen;
}

const row = (page, name) => page.getByRole("row").filter({ hasText: `${name}@example.com` });

test("a wrong password is told as the server says it", async () => {
  const seen = await visitor();
  seen.expect("401 auth:signIn");
  await seen.page.goto(address);
  await seen.page.getByLabel("E-mail or username").fill(STEPBASE_EMAIL);
  await seen.page.getByLabel("Password").fill("guessed");
  await seen.page.getByRole("button", { name: "Sign in" }).click();
  await seen.page.getByRole("status").getByText("The username/email or password is incorrect").waitFor();
  await noTrouble(seen);
});

test("View Profile, a client action, opens the user's page", async () => {
  const id = await userWithMail("una");
  const seen = await opened();
  const popup = seen.page.waitForEvent("popup");
  await row(seen.page, "una").getByRole("button", { name: "View Profile" }).click();
  const profile = await popup;
  await profile.waitForURL(`${STEPBASE_URL}/console/#/tables/users/${id}`);
  assert.equal(await profile.evaluate(() => window.opener), null);
  await seen.page.getByRole("status").getByText("Opened").waitFor();
  await noTrouble(seen);
});

test("Send Welcome Email calls its procedure by itself, and onResult says what is told", async () => {
  const id = await userWithMail("ben");
  const seen = await opened();
  await row(seen.page, "ben").getByRole("button", { name: "Send Welcome Email" }).click();
  await seen.page.getByRole("status").getByText("Welcome email sent to ben@example.com").waitFor();
  const pressed = seen.calls.filter((call) => call.path.startsWith("actions:run") && call.method === "POST");
  assert.deepEqual(pressed.map((call) => call.path), ["actions:run/sendWelcomeEmail"]);
  assert.ok(pressed[0].headers["idempotency-key"]);
  assert.ok(id);
  await noTrouble(seen);
});

test("a call by hand asks first; no means no call, yes calls once and reads the result", async () => {
  const id = await userWithMail("cleo");
  const seen = await opened();
  const { page, calls } = seen;
  const sent = () => calls.filter((call) => call.path === `users:sendWelcomeEmail/${id}` && call.method === "POST").length;
  await row(page, "cleo").getByRole("button", { name: "Send after asking" }).click();
  await page.getByRole("dialog").getByText("Send a welcome email to cleo?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("status").getByText("Not sent").waitFor();
  assert.equal(sent(), 0);
  await row(page, "cleo").getByRole("button", { name: "Send after asking" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
  await page.getByRole("status").getByText("It is on its way to cleo@example.com").waitFor();
  assert.equal(sent(), 1);
  await noTrouble(seen);
});

test("what the server refuses is told, and nothing looks sent", async () => {
  await api("users:create", { username: "nomail", nickname: "nomail", password: "inspect-91" });
  const seen = await opened();
  seen.expect("400 actions:run/sendWelcomeEmail", "400 users:sendWelcomeEmail");
  const row = seen.page.getByRole("row").filter({ hasText: "nomail" });
  for (const name of ["Send Welcome Email", "Send after asking"]) {
    await row.getByRole("button", { name }).click();
    const dialog = seen.page.getByRole("dialog").getByRole("button", { name: "Send" });
    if (name === "Send after asking") await dialog.click();
    await seen.page.getByRole("status").getByText("This user has no e-mail address").waitFor();
  }
  await noTrouble(seen);
});
