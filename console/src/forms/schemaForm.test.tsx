// @vitest-environment happy-dom
import { act, useState } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Row } from "../client";
import { fill } from "../testing/hands";
import { mount } from "../testing/mount";
import { inOrder, orderOf } from "./fieldOrder";
import SchemaForm from "./SchemaForm";

let sent: Row[];

beforeEach(() => void (sent = []));

function Filled({ schema }: { schema: Row }) {
  const [values, setValues] = useState<Row>({});
  return <SchemaForm id="f" schema={schema} values={values} onChange={setValues} onSubmit={() => sent.push(values)} errors={{}} />;
}

const show = (schema: Row) => mount(<Filled schema={schema} />);
const labels = () => [...document.querySelectorAll("label")].map((one) => one.textContent?.replace(/[\s*]+$/, ""));

async function fillIn(text: string) {
  const input = document.querySelector("input") as HTMLInputElement;
  act(() => input.focus());
  fill(input, text);
  act(() => input.blur());
  await act(async () => document.querySelector("form")?.requestSubmit());
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
    await show({ type: "object", properties: { size } });
    await fillIn(text);
    expect(document.querySelector("input")?.value).toBe(text);
    expect(document.body.textContent).toContain(said);
    expect(sent).toEqual([]);
  });

  it("within them is sent", async () => {
    await show({ type: "object", properties: { size: bounded } });
    await fillIn("7.5");
    expect(sent).toEqual([{ size: 7.5 }]);
  });
});

describe("the fields of a form", () => {
  const field = (title: string, index?: unknown): Row => ({ type: "string", title, ...(index === undefined ? {} : { "x-index": index }) });

  it("stand in the order of their x-index, those without one behind as they stand", async () => {
    await show({ type: "object", properties: { d: field("D"), c: field("C", 2), 7: field("Seven", 1), e: field("E", "0"), a: field("A", 0) } });
    expect(labels()).toEqual(["A", "Seven", "C", "D", "E"]);
  });

  it("do so within lists and objects", async () => {
    const inner = { type: "object", properties: { z: field("Z", 1), y: field("Y", 0) } };
    expect(orderOf({ type: "object", properties: { rows: { type: "array", items: inner }, one: inner } })).toEqual({
      rows: { items: { "ui:order": ["y", "z", "*"] } }, one: { "ui:order": ["y", "z", "*"] },
    });
    await show({ type: "object", properties: { one: inner } });
    expect(labels()).toEqual(["Y", "Z"]);
  });

  it("stand as they are where none says its place, whatever they are called", async () => {
    expect(orderOf({ type: "object", properties: { b: field("B"), a: field("A") } })).toEqual({});
    await show({ type: "object", properties: { "*": field("Star", 1), b: field("B", 0) } });
    expect(labels()).toEqual(["Star", "B"]);
    expect(inOrder({ b: field("B", 1), x: null, a: field("A", 0.5) }).map(([name]) => name)).toEqual(["a", "b", "x"]);
  });
});
