import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { publish } from "../../scripts/publishing.js";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "stepbase-publish-"));
  mkdirSync(join(root, "static"));
  writeFileSync(join(root, "static", ".gitkeep"), "");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function build(files: Record<string, string>, bytesKept?: number) {
  const from = join(root, "dist");
  rmSync(from, { recursive: true, force: true });
  mkdirSync(from);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(from, name), text);
  publish(from, join(root, "static"), bytesKept);
}
const there = (...folder: string[]) => readdirSync(join(root, "static", ...folder)).sort();

it("an open page finds what the last two builds replaced, and no more", () => {
  for (const version of ["1", "2", "3", "4"]) build({ "index.html": version, "same.svg": "", [`main-${version}.js`]: version });
  expect(there()).toEqual([".gitkeep", "before", "index.html", "main-4.js", "same.svg"]);
  expect([there("before"), there("before", "1"), there("before", "2")]).toEqual([["1", "2"], ["main-3.js"], ["main-2.js"]]);
  expect(readFileSync(join(root, "static", "index.html"), "utf8")).toBe("4");
});

it("the same build again drives nothing out", () => {
  for (const version of ["1", "2", "2", "2"]) build({ "index.html": version, [`main-${version}.js`]: version });
  expect(there("before", "1")).toEqual(["main-1.js"]);
});

it("what is kept is bounded, the oldest goes first", () => {
  for (const version of ["1", "2", "3"]) build({ "index.html": version, [`main-${version}.js`]: "x".repeat(60) }, 100);
  expect(there("before")).toEqual(["1"]);
  expect(there("before", "1")).toEqual(["main-2.js"]);
});
