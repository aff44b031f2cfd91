// @vitest-environment happy-dom
import { act, useState } from "react";
import { describe, expect, it } from "vitest";
import type { Field } from "../client";
import { fill } from "../testing/hands";
import { mount } from "../testing/mount";
import { FieldInput } from "./FieldInput";
import { TypedNumber } from "./TypedNumber";
import { readJson, Unreadable, unreadableIn, writeJson } from "./unreadable";

const input = () => document.querySelector<HTMLInputElement | HTMLTextAreaElement>("input, textarea:not([aria-hidden])");

/** Types the text key by key; what the input shows after each key. */
function type(text: string): string[] {
  const shown: string[] = [];
  for (const key of text) {
    fill(input(), (input()?.value ?? "") + key);
    shown.push(input()?.value ?? "");
  }
  return shown;
}

function Kept({ first, keep, children }: { first: unknown; keep: (value: unknown) => void; children: (value: unknown, set: (value: unknown) => void) => React.ReactNode }) {
  const [value, setValue] = useState(first);
  return children(value, (next) => {
    keep(next);
    setValue(next);
  });
}

const JSON_FIELD: Field = { name: "extra", type: "json" };
const prefixes = (text: string) => [...text].map((_, at) => text.slice(0, at + 1));

describe("a JSON value", () => {
  it.each(['{"a":[1, 2]}', '"text"', "[1,2.50]", " null", '{"a":1}x'])("stays as it is typed, key by key: %s", async (text) => {
    await mount(
      <Kept first={null} keep={() => undefined}>
        {(value, set) => <FieldInput field={JSON_FIELD} value={value} onChange={set} />}
      </Kept>,
    );
    expect(type(text)).toEqual(prefixes(text));
  });

  it("is read as a value once it is one, and until then as text that no form sends", async () => {
    const kept: unknown[] = [];
    await mount(
      <Kept first={null} keep={(value) => kept.push(value)}>
        {(value, set) => <FieldInput field={JSON_FIELD} value={value} onChange={set} />}
      </Kept>,
    );
    type('{"a":1}');
    expect(kept.at(-1)).toEqual({ a: 1 });
    expect(kept[0]).toBeInstanceOf(Unreadable);
    expect(unreadableIn({ extra: kept[0], title: "A" })).toHaveProperty("extra");
    expect(unreadableIn({ extra: kept.at(-1) })).toEqual({});
  });

  it("is a text only when it stands in quotes", async () => {
    expect([readJson('"text"'), readJson("7"), readJson("  ")]).toEqual(["text", 7, null]);
    expect(readJson("text")).toBeInstanceOf(Unreadable);
    expect([writeJson("text"), writeJson({ a: 1 }), writeJson(null)]).toEqual(['"text"', '{\n  "a": 1\n}', ""]);
  });
});

describe("a yes or no", () => {
  const showFlag = (field: Partial<Field>, value: unknown) => mount(<FieldInput field={{ name: "flag", type: "boolean", ...field }} value={value} onChange={() => undefined} />);
  const role = () => document.querySelector("input")?.getAttribute("role");

  it("that must be given is a switch", async () => {
    await showFlag({ required: true }, false);
    expect(role()).toBe("switch");
  });

  it.each([[null, ""], [false, "No"], [true, "Yes"]])("that may be left out tells none from no: %s", async (value, shown) => {
    await showFlag({}, value);
    expect(role()).not.toBe("switch");
    expect([input()?.value, input()?.placeholder]).toEqual([shown, "Not set"]);
  });
});

describe("a date and time without a zone", () => {
  it("is shown and sent as it stands, wherever the browser is", async () => {
    const kept: unknown[] = [];
    await mount(<FieldInput field={{ name: "at", type: "datetimeNoTz" }} value="2026-01-05T10:30:00.000Z" onChange={(value) => kept.push(value)} />);
    expect(input()?.value).toBe("2026-01-05T10:30");
    fill(input(), "2026-01-05T11:30");
    expect(kept).toEqual(["2026-01-05T11:30:00.000Z"]);
  });
});

describe("a choice", () => {
  it("of plain values, one of them twice, is shown", async () => {
    await mount(<FieldInput field={{ name: "color", type: "string", uiSchema: { enum: ["red", "green", "red"] } }} value="green" onChange={() => undefined} />);
    expect(input()?.value).toBe("green");
  });
});

describe("a number", () => {
  it("out of bounds stays as it was typed when the input is left", async () => {
    const kept: unknown[] = [];
    await mount(<Kept first={null} keep={(value) => kept.push(value)}>{(value, set) => <TypedNumber value={value} onChange={set} min={0} max={10} />}</Kept>);
    act(() => input()?.focus());
    type("99");
    act(() => input()?.blur());
    expect([input()?.value, kept.at(-1)]).toEqual(["99", 99]);
  });

  it.each([[1e-14, "0.00000000000001"], [0.12345678901234566, "0.12345678901234566"]])("is shown with all its places: %d", async (value, shown) => {
    await mount(<FieldInput field={{ name: "size", type: "double" }} value={value} onChange={() => undefined} />);
    expect(input()?.value).toBe(shown);
  });

  it("is typed with all its places", async () => {
    const kept: unknown[] = [];
    await mount(
      <Kept first={null} keep={(value) => kept.push(value)}>
        {(value, set) => <FieldInput field={{ name: "size", type: "double" }} value={value} onChange={set} />}
      </Kept>,
    );
    const text = "0.00000000000001";
    expect(type(text)).toEqual(prefixes(text));
    expect(kept.at(-1)).toBe(1e-14);
  });

  it.each(["90.05", "-1.50", "1.0"])("is typed key by key: %s", async (text) => {
    const kept: unknown[] = [];
    await mount(
      <Kept first={null} keep={(value) => kept.push(value)}>
        {(value, set) => <TypedNumber value={value} onChange={set} />}
      </Kept>,
    );
    expect(type(text)).toEqual(prefixes(text));
    expect(kept.at(-1)).toBe(Number(text));
  });
});
