/** What people do to what is shown: each returns when all that it sets off, but for answers that are still due, has ended. */
import { act } from "react";

/** The button with this text, else the one with this label. */
export function button(label: string, within = "body"): HTMLElement | undefined {
  const found = [...document.querySelectorAll<HTMLElement>(`${within} button`)];
  return found.find((one) => one.textContent === label) ?? found.find((one) => one.getAttribute("aria-label") === label);
}

export const click = (found: HTMLElement | null | undefined, what = "element") =>
  act(async () => {
    if (!found) throw new Error(`There is no such ${what} to click`);
    found.click();
  });
export const press = (label: string, within?: string) => click(button(label, within), `button "${label}"`);
export const escape = () => act(async () => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));

/** Waits for answers and for parts that are still being loaded. */
export async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; looks < 100 && !holds(); looks++) await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  if (!holds()) throw new Error(`It did not come about: ${String(holds)}`);
}

/** Sends the form: so often within one tick. */
export const submit = (times = 1) =>
  act(async () => Array.from({ length: times }).forEach(() => document.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }))));

/** Puts the text into the input, as a key pressed there does. */
export function fill(found: Element | null | undefined, text: string): void {
  const prototype = found instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  if (!found) throw new Error("There is no input");
  act(() => {
    Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(found, text);
    found.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
