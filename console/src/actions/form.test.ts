import { expect, it } from "vitest";
import { formOf } from "./form";

const text = { type: "string" };

it.each([
  ["no form", null, false],
  ["a form without fields", { type: "object", properties: {} }, false],
  ["fields of one's own that are forbidden", { type: "object", additionalProperties: false }, false],
  ["a field", { type: "object", properties: { title: text } }, true],
  ["fields of one's own", { type: "object", additionalProperties: text }, true],
])("%s", (_, form, asks) => {
  expect(formOf({ form })).toBe(asks ? form : null);
});
