// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Cell } from "../screens/table/Cell";
import { PageHeader } from "./PageHeader";

const WORD = "a".repeat(3_000);
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

function show(what: React.ReactNode) {
  act(() =>
    root.render(
      <MantineProvider env="test">
        <MemoryRouter>{what}</MemoryRouter>
      </MantineProvider>,
    ),
  );
}

it("a long word in the title is broken, and the title has few lines", () => {
  show(<PageHeader title={WORD} />);
  const title = document.querySelector("h1");
  expect(title?.textContent).toBe(WORD);
  expect(title?.dataset["lineClamp"]).toBe("true");
  expect(title?.parentElement?.style.overflowWrap).toBe("anywhere");
});

it.each([
  ["status", { name: "status", type: "string" }, WORD],
  ["choice", { name: "kind", type: "string", uiSchema: { enum: [{ value: WORD }] } }, WORD],
  ["list", { name: "tags", type: "array" }, [WORD]],
])("a long word in a badge is cut off: %s", (_, field, value) => {
  show(<Cell record={{ [field.name]: value }} field={field} />);
  expect(document.querySelector<HTMLElement>(".mantine-Badge-label")?.style.maxWidth).toBe("min(320px, 55vw)");
});
