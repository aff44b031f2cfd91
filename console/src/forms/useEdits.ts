import { useMemo, useState } from "react";
import type { Collection } from "../client";
import { shownFields, writableFields } from "../model/fields";
import { begin, meet, takeTheirs, type Stored } from "./edits";

/** The form of a record that others may change meanwhile. `latest` is the record as it was last read, `null` when it is gone. */
export function useEdits(collection: Collection, first: Stored, latest: Stored | null) {
  const fields = useMemo(() => writableFields(collection, "update").filter((one) => one.type === "belongsTo" || !one.target), [collection]);
  const [edits, setEdits] = useState(() => begin(fields, first));
  if (latest && latest.version !== edits.stored.version) setEdits(meet(fields, shownFields(collection), edits, latest));
  return {
    fields,
    edits,
    set: (name: string, value: unknown) => setEdits((now) => ({ ...now, values: { ...now.values, [name]: value } })),
    /** Of one field, or of all. */
    takeTheirs: (name?: string) => setEdits((now) => takeTheirs(fields, now, name)),
  };
}
