// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { specialInput } from "./special";
import { ValuesInput } from "./ValuesInput";

it("sets the fields of the record that a task's form writes, whatever the form is called", () => {
  const inputOf = (type: string, key: string, collection?: string) => specialInput({ type: "manual", place: `forms.${key}.actions.0.values`, name: "values", root: { forms: { [key]: { type, collection } } }, collection });
  expect([inputOf("create", "check", "samples"), inputOf("update", "1", "samples")]).toEqual([ValuesInput, ValuesInput]);
  expect([inputOf("create", "check"), inputOf("custom", "check", "samples")]).toEqual([undefined, undefined]);
});
