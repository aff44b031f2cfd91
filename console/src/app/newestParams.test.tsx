// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { HashRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newestParams, useNewestParams } from "./newestParams";

let root: Root;
let change: ReturnType<typeof useNewestParams>[1];

function Page() {
  const [params, set] = useNewestParams();
  return <Probe shown={params.toString()} given={set} />;
}

const Probe = ({ shown, given }: { shown: string; given: typeof change }) => (
  <button ref={() => void (change = given)} type="button">
    {shown}
  </button>
);

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  window.location.hash = "#/users?open=new";
  root = createRoot(document.body.appendChild(document.createElement("div")));
  act(() =>
    root.render(
      <HashRouter>
        <Page />
      </HashRouter>,
    ),
  );
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

const put = (name: string, value: string | null) =>
  change((now) => {
    if (value === null) now.delete(name);
    else now.set(name, value);
    return now;
  });

it("a change begins with the newest address, also while an older one is shown", () => {
  act(() => {
    put("open", null);
    put("search", "a b?c");
  });
  expect(document.body.textContent).toBe("search=a+b%3Fc");
  expect(newestParams().get("search")).toBe("a b?c");
});
