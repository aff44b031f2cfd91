import { expect, it } from "vitest";
import { isMissingPart, mayReload, startOf } from "./updated";

it("a page is known by the script that it starts with", () => {
  expect(startOf('<base href="/dev/console/" /><script type="module" crossorigin src="./index-Ab_3-f9x.js"></script>')).toBe("./index-Ab_3-f9x.js");
  expect(startOf("<h1>The web console is not built</h1>")).toBeNull();
});

it("a page loads itself anew once, not in a circle", () => {
  expect(mayReload(null, 1_000)).toBe(true);
  expect(mayReload(1_000, 2_000)).toBe(false);
  expect(mayReload(1_000, 3_600_000)).toBe(true);
  // The clock was set back.
  expect(mayReload(3_600_000, 1_000)).toBe(true);
});

it("an error of the code is no missing part", () => {
  expect([isMissingPart(new Error("Failed to fetch")), isMissingPart(null), isMissingPart("gone")]).toEqual([false, false, false]);
});
