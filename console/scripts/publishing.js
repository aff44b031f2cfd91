// A page that is open goes on with the assets that it names: those that the last two builds replaced are kept in before/1 and before/2.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const PAGE = "index.html";
const ASIDE = "before";
const STAYS = new Set([PAGE, ASIDE, ".gitkeep"]);
export const BUILDS_KEPT = 2;
export const BYTES_KEPT = 16_000_000;

/** Publishes the files of the folder `from` in the folder `to`. What is kept of builds before has at most `bytesKept` bytes. */
export function publish(from, to, bytesKept = BYTES_KEPT) {
  const built = new Set(readdirSync(from));
  for (const name of [...[...built].filter((one) => one !== PAGE), PAGE]) copyFileSync(join(from, name), join(to, name));
  const replaced = readdirSync(to).filter((one) => !built.has(one) && !STAYS.has(one));
  if (replaced.length === 0) return;
  const place = (age) => join(to, ASIDE, String(age));
  rmSync(place(BUILDS_KEPT), { recursive: true, force: true });
  for (let age = BUILDS_KEPT - 1; age >= 1; age--) if (existsSync(place(age))) renameSync(place(age), place(age + 1));
  mkdirSync(place(1), { recursive: true });
  for (const name of replaced) renameSync(join(to, name), join(place(1), name));
  bound(place, bytesKept);
}

/** Removes the oldest until the rest is small enough. */
function bound(place, bytesKept) {
  let bytes = 0;
  for (let age = 1; age <= BUILDS_KEPT; age++) {
    bytes += sizeOf(place(age));
    if (bytes > bytesKept) rmSync(place(age), { recursive: true, force: true });
  }
}

function sizeOf(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
