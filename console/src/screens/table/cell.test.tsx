// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { mount } from "../../testing/mount";
import { Cell } from "./Cell";

async function shown(type: string, value: unknown): Promise<string> {
  await mount(<Cell record={{ of: value }} field={{ name: "of", type }} />);
  return document.body.textContent;
}

it.each([[1e-14, "1e-14"], [0.1234567890123, "0.1234567890123"], [0.1, "0.1"], [0, "0"]])("a number is shown as it is stored: %d", async (value, text) => {
  expect(await shown("double", value)).toBe(text);
});

it("a time without a zone is shown as it stands, an instant in the zone of who looks", async () => {
  expect(await shown("datetimeNoTz", "2026-01-05T10:30:00.000Z")).toMatch(/10:30/);
  expect(await shown("datetimeTz", "2026-01-05T10:30:00.000Z")).toMatch(/0?5:30/);
});
