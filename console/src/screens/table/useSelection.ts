/** Which rows are checked: also those of other pages, until another filter makes it another list. */
import { useEffect, useState } from "react";
import { say } from "../../actions/messages";
import type { Filter, Id, Row } from "../../client";
import { idOf } from "../../model/collections";

/** So many records the server takes in one call. */
export const MOST_AT_ONCE = 90;
const NONE: Id[] = [];

export interface Selection {
  /** In the order in which they were checked. */
  ids: Id[];
  /** The rows of this page among them. */
  here: Row[];
  /** Those that this page does not show. */
  elsewhere: Id[];
  /** What is checked of this page from now on. */
  check: (here: Row[]) => void;
  clear: () => void;
  /** These are done with. */
  forget: (ids: Id[]) => void;
}

export function useSelection(filter: Filter | null, shown: Row[] | undefined): Selection {
  const of = JSON.stringify(filter);
  const [kept, keep] = useState({ of, ids: NONE });
  const ids = kept.of === of ? kept.ids : NONE;
  useEffect(() => {
    if (kept.of === of) return;
    if (kept.ids.length > 0) say("Nothing is selected any more", `${kept.ids.length === 1 ? "The selected row was" : `The ${kept.ids.length} selected rows were`} of the list before its filter changed.`, "info", "selection");
    keep({ of, ids: NONE });
  }, [kept, of]);
  const rows = shown ?? [];
  const shownIds = new Set(rows.map(idOf));
  return {
    ids,
    here: rows.filter((one) => ids.includes(idOf(one))),
    elsewhere: ids.filter((one) => !shownIds.has(one)),
    check: (here) => {
      const checked = new Set(here.map(idOf));
      const stay = ids.filter((one) => checked.has(one) || !shownIds.has(one));
      keep({ of, ids: [...new Set([...stay, ...checked])] });
    },
    clear: () => keep({ of, ids: NONE }),
    forget: (gone) => keep((now) => ({ ...now, ids: now.ids.filter((one) => !gone.includes(one)) })),
  };
}

/** Why no call takes all of them; `null` when one does. */
export function whyTooMany(count: number): string | null {
  return count > MOST_AT_ONCE ? `At most ${MOST_AT_ONCE} rows at a time; ${count} are selected` : null;
}
