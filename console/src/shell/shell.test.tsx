// @vitest-environment happy-dom
import { expect, it, onTestFinished } from "vitest";
import { press } from "../testing/hands";
import { mount } from "../testing/mount";
import { Shell } from "./Shell";

const { happyDOM } = window as unknown as { happyDOM: { setViewport: (size: { width: number }) => void } };

function show(widthPx: number) {
  const { innerWidth } = window;
  happyDOM.setViewport({ width: widthPx });
  onTestFinished(() => happyDOM.setViewport({ width: innerWidth }));
  return mount(<Shell>page</Shell>);
}

const isInReach = () => document.querySelector('nav[aria-label="Main"]')?.hasAttribute("inert") === false;

it("on a phone the keyboard comes to the navigation only while it is open", async () => {
  await show(375);
  expect(isInReach()).toBe(false);
  await press("Open the navigation");
  expect(isInReach()).toBe(true);
  await press("Close the navigation");
  expect(isInReach()).toBe(false);
});

it("beside the page the navigation is always in reach", async () => {
  await show(1280);
  expect(isInReach()).toBe(true);
});
