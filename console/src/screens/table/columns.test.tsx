// @vitest-environment happy-dom
import { Table } from "@mantine/core";
import { act, startTransition, use, useState } from "react";
import { expect, it, vi } from "vitest";
import { click } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { ColumnChoice } from "./ColumnChoice";
import { SortHeading } from "./SortHeading";

const FIELDS = ["title", "size", "due"].map((name) => ({ name, type: "string" }));

const box = (label: string) => [...document.querySelectorAll("label")].find((one) => one.textContent === label)?.closest(".mantine-Checkbox-root")?.querySelector("input");

it("a second column chosen before the address has the first one counts with it", async () => {
  const asked = vi.fn();
  let arrive: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => (arrive = () => resolve(undefined)));
  /** What is shown at an address, once it is there. */
  function Shown({ there }: { there: Promise<undefined> | null }) {
    if (there) use(there);
    return null;
  }
  function Page() {
    const [columns, setColumns] = useState(["title"]);
    return (
      <>
        <ColumnChoice
          fields={FIELDS}
          columns={columns}
          onChange={(next) => {
            asked(next);
            startTransition(() => setColumns(next));
          }}
        />
        <p>{columns.join()}</p>
        <Shown there={columns.length > 1 ? late : null} />
      </>
    );
  }
  await mount(<Page />);
  await click(document.querySelector("button"));
  await click(box("Size"));
  expect([document.querySelector("p")?.textContent, box("Size")?.checked]).toEqual(["title", true]);
  await click(box("Due"));
  expect(asked.mock.calls).toEqual([[["title", "size"]], [["title", "size", "due"]]]);
  await act(async () => arrive());
  expect([document.querySelector("p")?.textContent, box("Due")?.checked]).toEqual(["title,size,due", true]);
});

it.each([["ascending"], ["descending"], [null]] as const)("the heading of a column tells how it is sorted: %s", async (sorted) => {
  const sort = vi.fn();
  const table = (order: "ascending" | "descending" | null) => (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>
            <SortHeading label="Size" sorted={order} align="left" onSort={sort} />
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
    </Table>
  );
  await mount(table(sorted === null ? "ascending" : null));
  await mount(table(sorted));
  expect(document.querySelector("th")?.getAttribute("aria-sort")).toBe(sorted);
  await click(document.querySelector("button"));
  expect(sort).toHaveBeenCalledOnce();
});
