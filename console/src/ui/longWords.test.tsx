// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { Cell } from "../screens/table/Cell";
import { mount } from "../testing/mount";
import { PageHeader } from "./PageHeader";

const WORD = "a".repeat(3_000);

it("a long word in the title is broken, and the title has few lines", async () => {
  await mount(<PageHeader title={WORD} />);
  const title = document.querySelector("h1");
  expect(title?.textContent).toBe(WORD);
  expect(title?.dataset["lineClamp"]).toBe("true");
  expect(title?.parentElement?.style.overflowWrap).toBe("anywhere");
});

it.each([
  ["status", { name: "status", type: "string" }, WORD],
  ["choice", { name: "kind", type: "string", uiSchema: { enum: [{ value: WORD }] } }, WORD],
  ["list", { name: "tags", type: "array" }, [WORD]],
])("a long word in a badge is cut off: %s", async (_, field, value) => {
  await mount(<Cell record={{ [field.name]: value }} field={field} />);
  expect(document.querySelector<HTMLElement>(".mantine-Badge-label")?.style.maxWidth).toBe("min(320px, 55vw)");
});
