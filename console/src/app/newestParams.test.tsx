// @vitest-environment happy-dom
import { act } from "react";
import { HashRouter } from "react-router-dom";
import { expect, it } from "vitest";
import { mount } from "../testing/mount";
import { newestParams, useNewestParams } from "./newestParams";

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

const put = (name: string, value: string | null) =>
  change((now) => {
    if (value === null) now.delete(name);
    else now.set(name, value);
    return now;
  });

it("a change begins with the newest address, also while an older one is shown", async () => {
  window.location.hash = "#/users?open=new";
  await mount(<Page />, { router: HashRouter });
  act(() => {
    put("open", null);
    put("search", "a b?c");
  });
  expect(document.body.textContent).toBe("search=a+b%3Fc");
  expect(newestParams().get("search")).toBe("a b?c");
});
