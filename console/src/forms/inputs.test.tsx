// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act, useState } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { theme } from "../app/theme";
import type { Field, Row } from "../client";
import { FieldInput } from "./FieldInput";
import { TypedNumber } from "./TypedNumber";
import { readJson, Unreadable, unreadableIn, writeJson } from "./unreadable";

let place: HTMLElement;
let root: ReturnType<typeof createRoot>;

beforeEach(() => {
  (globalThis as Row)["IS_REACT_ACT_ENVIRONMENT"] = true;
  // What an input that grows with its text listens to, and happy-dom has not.
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => act(() => root.unmount()));

function show(input: React.ReactNode) {
  act(() => root.render(<MantineProvider env="test">{input}</MantineProvider>));
}

const input = () => place.querySelector<HTMLInputElement | HTMLTextAreaElement>("input, textarea:not([aria-hidden])");

/** Types the text key by key; what the input shows after each key. */
function type(text: string): string[] {
  const shown: string[] = [];
  for (const key of text) {
    const found = input();
    if (!found) throw new Error("there is no input");
    const prototype = found instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
    act(() => {
      Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(found, found.value + key);
      found.dispatchEvent(new Event("input", { bubbles: true }));
    });
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
  it.each(['{"a":[1, 2]}', '"text"', "[1,2.50]", " null", '{"a":1}x'])("stays as it is typed, key by key: %s", (text) => {
    show(
      <Kept first={null} keep={() => undefined}>
        {(value, set) => <FieldInput field={JSON_FIELD} value={value} onChange={set} />}
      </Kept>,
    );
    expect(type(text)).toEqual(prefixes(text));
  });

  it("is read as a value once it is one, and until then as text that no form sends", () => {
    const kept: unknown[] = [];
    show(
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

  it("is a text only when it stands in quotes", () => {
    expect([readJson('"text"'), readJson("7"), readJson("  ")]).toEqual(["text", 7, null]);
    expect(readJson("text")).toBeInstanceOf(Unreadable);
    expect([writeJson("text"), writeJson({ a: 1 }), writeJson(null)]).toEqual(['"text"', '{\n  "a": 1\n}', ""]);
  });
});

describe("a yes or no", () => {
  const showFlag = (field: Partial<Field>, value: unknown) => show(<FieldInput field={{ name: "flag", type: "boolean", ...field }} value={value} onChange={() => undefined} />);
  const role = () => place.querySelector("input")?.getAttribute("role");

  it("that must be given is a switch", () => {
    showFlag({ required: true }, false);
    expect(role()).toBe("switch");
  });

  it.each([[null, ""], [false, "No"], [true, "Yes"]])("that may be left out tells none from no: %s", (value, shown) => {
    showFlag({}, value);
    expect(role()).not.toBe("switch");
    expect([input()?.value, input()?.placeholder]).toEqual([shown, "Not set"]);
  });
});

describe("a date and time without a zone", () => {
  it("is shown and sent as it stands, wherever the browser is", () => {
    vi.stubEnv("TZ", "America/New_York");
    const kept: unknown[] = [];
    show(<FieldInput field={{ name: "at", type: "datetimeNoTz" }} value="2026-01-05T10:30:00.000Z" onChange={(value) => kept.push(value)} />);
    expect(input()?.value).toBe("2026-01-05T10:30");
    const found = input() as HTMLInputElement;
    act(() => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(found, "2026-01-05T11:30");
      found.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(kept).toEqual(["2026-01-05T11:30:00.000Z"]);
    vi.unstubAllEnvs();
  });
});

describe("a choice", () => {
  it("of plain values, one of them twice, is shown", () => {
    show(<FieldInput field={{ name: "color", type: "string", uiSchema: { enum: ["red", "green", "red"] } }} value="green" onChange={() => undefined} />);
    expect(input()?.value).toBe("green");
  });
});

describe("a number", () => {
  it("out of bounds stays as it was typed when the input is left", () => {
    const kept: unknown[] = [];
    act(() => root.render(<MantineProvider env="test" theme={theme}><Kept first={null} keep={(value) => kept.push(value)}>{(value, set) => <TypedNumber value={value} onChange={set} min={0} max={10} />}</Kept></MantineProvider>));
    act(() => input()?.focus());
    type("99");
    act(() => input()?.blur());
    expect([input()?.value, kept.at(-1)]).toEqual(["99", 99]);
  });

  it.each([[1e-14, "0.00000000000001"], [0.12345678901234566, "0.12345678901234566"]])("is shown with all its places: %d", (value, shown) => {
    show(<FieldInput field={{ name: "size", type: "double" }} value={value} onChange={() => undefined} />);
    expect(input()?.value).toBe(shown);
  });

  it("is typed with all its places", () => {
    const kept: unknown[] = [];
    show(
      <Kept first={null} keep={(value) => kept.push(value)}>
        {(value, set) => <FieldInput field={{ name: "size", type: "double" }} value={value} onChange={set} />}
      </Kept>,
    );
    const text = "0.00000000000001";
    expect(type(text)).toEqual(prefixes(text));
    expect(kept.at(-1)).toBe(1e-14);
  });

  it.each(["90.05", "-1.50", "1.0"])("is typed key by key: %s", (text) => {
    const kept: unknown[] = [];
    show(
      <Kept first={null} keep={(value) => kept.push(value)}>
        {(value, set) => <TypedNumber value={value} onChange={set} />}
      </Kept>,
    );
    expect(type(text)).toEqual(prefixes(text));
    expect(kept.at(-1)).toBe(Number(text));
  });
});
