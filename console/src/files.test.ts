import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const MOST_LINES = 300;
const FOLDERS = ["src", "scripts", "../tests/browser"];
const GENERATED = "src/client/openapi.d.ts";

const files = FOLDERS.flatMap((folder) => (readdirSync(folder, { recursive: true }) as string[]).map((name) => `${folder}/${name}`)).filter((name) => /\.(ts|tsx|js|css)$/.test(name) && name !== GENERATED);

it(`no file of the console has more than ${MOST_LINES} lines, style sheets and specs neither`, () => {
  expect(files.filter((name) => name.endsWith(".css")).length).toBeGreaterThan(2);
  expect(files.filter((name) => readFileSync(name, "utf8").split("\n").length - 1 > MOST_LINES)).toEqual([]);
});
