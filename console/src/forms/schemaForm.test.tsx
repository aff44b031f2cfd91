// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { theme } from "../app/theme";
import type { Row } from "../client";
import { inOrder, orderOf } from "./fieldOrder";
import SchemaForm from "./SchemaForm";

let place: HTMLElement;
let root: ReturnType<typeof createRoot>;
let sent: Row[];

beforeEach(() => {
  (globalThis as Row)["IS_REACT_ACT_ENVIRONMENT"] = true;
  sent = [];
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  place.remove();
});

function Filled({ schema }: { schema: Row }) {
  const [values, setValues] = useState<Row>({});
  return <SchemaForm id="f" schema={schema} values={values} onChange={setValues} onSubmit={() => sent.push(values)} errors={{}} />;
}

function show(schema: Row) {
  act(() => root.render(<MantineProvider env="test" theme={theme}><Filled schema={schema} /></MantineProvider>));
}

const labels = () => [...place.querySelectorAll("label")].map((one) => one.textContent?.replace(/[\s*]+$/, ""));

async function fillIn(text: string) {
  const input = place.querySelector("input") as HTMLInputElement;
  act(() => {
    input.focus();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  act(() => input.blur());
  await act(async () => place.querySelector("form")?.requestSubmit());
}

describe("a number of a form", () => {
  const bounded = { type: "number", title: "Size", minimum: 2, maximum: 10 };

  it.each([
    ["99", bounded, "must be at most 10"],
    ["1", { ...bounded, type: "integer" }, "must be at least 2"],
    ["10", { type: "number", exclusiveMaximum: 10 }, "must be less than 10"],
    ["2", { type: "number", exclusiveMinimum: 2 }, "must be more than 2"],
    ["3", { type: "number", maximum: 10, multipleOf: 2 }, "3 is not a multiple of 2."],
  ])("out of bounds stays as it was typed, and is not sent: %s of %j", async (text, size, said) => {
    show({ type: "object", properties: { size } });
    await fillIn(text);
    expect(place.querySelector("input")?.value).toBe(text);
    expect(place.textContent).toContain(said);
    expect(sent).toEqual([]);
  });

  it("within them is sent", async () => {
    show({ type: "object", properties: { size: bounded } });
    await fillIn("7.5");
    expect(sent).toEqual([{ size: 7.5 }]);
  });
});

describe("the fields of a form", () => {
  const field = (title: string, index?: unknown): Row => ({ type: "string", title, ...(index === undefined ? {} : { "x-index": index }) });

  it("stand in the order of their x-index, those without one behind as they stand", () => {
    show({ type: "object", properties: { d: field("D"), c: field("C", 2), 7: field("Seven", 1), e: field("E", "0"), a: field("A", 0) } });
    expect(labels()).toEqual(["A", "Seven", "C", "D", "E"]);
  });

  it("do so within lists and objects", () => {
    const inner = { type: "object", properties: { z: field("Z", 1), y: field("Y", 0) } };
    expect(orderOf({ type: "object", properties: { rows: { type: "array", items: inner }, one: inner } })).toEqual({
      rows: { items: { "ui:order": ["y", "z", "*"] } }, one: { "ui:order": ["y", "z", "*"] },
    });
    show({ type: "object", properties: { one: inner } });
    expect(labels()).toEqual(["Y", "Z"]);
  });

  it("stand as they are where none says its place, whatever they are called", () => {
    expect(orderOf({ type: "object", properties: { b: field("B"), a: field("A") } })).toEqual({});
    show({ type: "object", properties: { "*": field("Star", 1), b: field("B", 0) } });
    expect(labels()).toEqual(["Star", "B"]);
    expect(inOrder({ b: field("B", 1), x: null, a: field("A", 0.5) }).map(([name]) => name)).toEqual(["a", "b", "x"]);
  });
});
