// Puts what was built in dist/ where the server serves it: assets first, then the page, then what no page names any more goes.
import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = fileURLToPath(new URL("../dist/", import.meta.url));
const to = fileURLToPath(new URL("../../chalicelib/static/", import.meta.url));
const built = readdirSync(from);
const PAGE = "index.html";

for (const name of [...built.filter((one) => one !== PAGE), PAGE]) copyFileSync(from + name, to + name);
for (const name of readdirSync(to)) {
  if (!built.includes(name) && name !== ".gitkeep") rmSync(to + name, { recursive: true });
}
