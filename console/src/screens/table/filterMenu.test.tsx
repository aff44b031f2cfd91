// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import type { Field } from "../../client";
import { fill, press, submit } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { FilterMenu } from "./FilterMenu";

const FIELDS = [{ name: "price", type: "double" }, { name: "due", type: "dateOnly" }, { name: "title", type: "string" }] as unknown as Field[];
const onChange = vi.fn();
const input = (label: string) => document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`);
const marked = () => [...document.querySelectorAll("[aria-invalid=true]")].map((one) => [one.getAttribute("aria-label"), one.closest(".mantine-InputWrapper-root")?.querySelector(".mantine-InputWrapper-error")?.textContent]);

/** Opens the filter with this one condition. */
async function open(name: string, operator: string, value: unknown) {
  await mount(<FilterMenu fields={FIELDS} filter={{ $and: [{ [name]: { [operator]: value } }] }} onChange={onChange} />);
  await press("Filter1");
}

beforeEach(() => void onChange.mockReset());

it.each([
  ["price", "$between", [1, null], "To", "≥"],
  ["price", "$between", [null, 5], "From", "≤"],
  ["due", "$dateBetween", ["2026-01-01", ""], "To", "is on or after"],
  ["due", "$dateBetween", ["", "2026-01-01"], "From", "is on or before"],
])("of %s %s %j what is missing is marked, named and has the focus; nothing is applied", async (name, operator, value, missing, instead) => {
  await open(name, operator, value);
  expect(marked()).toEqual([]);
  await submit();
  expect(marked()).toEqual([[missing, `Fill in both, or choose “${instead}”`]]);
  expect([document.activeElement?.getAttribute("aria-label"), onChange.mock.calls]).toEqual([missing, []]);
});

it("with both filled in it is applied, with none it asks nothing", async () => {
  await open("price", "$between", [1, null]);
  await submit();
  fill(input("To"), "5");
  expect(marked()).toEqual([]);
  await submit();
  expect(onChange.mock.calls).toEqual([[{ $and: [{ price: { $between: [1, 5] } }] }]]);
  onChange.mockReset();
  await press("Filter1");
  fill(input("From"), "");
  fill(input("To"), "");
  await submit();
  expect(onChange.mock.calls).toEqual([[null]]);
});
