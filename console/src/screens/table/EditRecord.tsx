import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import { ApiError, type Answer, type Collection } from "../../client";
import type { Stored } from "../../forms/edits";
import { RecordForm } from "../../forms/RecordForm";
import { useEdits } from "../../forms/useEdits";
import { appendsOf, recordTitle } from "../../model/collections";
import { SYSTEM_FIELDS, writableFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { NotFound } from "../home/NotFound";
import { ChangedNote } from "./ChangedNote";

interface Props {
  collection: Collection;
  id: string;
  onClose: () => void;
  onSaved: (title: string, answer: Answer<unknown> | null) => void;
  onSavedButRefused: (title: string, refusal: ApiError) => void;
}

const UPDATED_BY = SYSTEM_FIELDS.filter((one) => one.name === "updatedBy");

export function EditRecord({ collection, id, onClose, onSaved, onSavedButRefused }: Props) {
  const session = useSession();
  const appends = appendsOf([...writableFields(collection, "update"), ...UPDATED_BY], (name) => session.collection(name) !== undefined);
  const asked = useQuery({
    queryKey: keys.record(collection.name, id, { appends, for: "edit" }),
    queryFn: ({ signal }) => client.resource(collection.name).getVersion(id, { appends, signal }),
    staleTime: 0,
    gcTime: 0,
  });
  const [first, setFirst] = useState<Stored | null>(null);
  const { record = null, version = null } = asked.data ?? {};
  const latest = record && { record, version };
  if (!first && latest) setFirst(latest);
  if (first) return <EditForm collection={collection} id={id} first={first} latest={latest} refetch={async () => (await asked.refetch()).isSuccess} onClose={onClose} onSaved={onSaved} onSavedButRefused={onSavedButRefused} />;
  if (asked.isError) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  return asked.isPending ? <Loading /> : <NotFound what="This record" />;
}

interface FormProps extends Props {
  first: Stored;
  /** As last read; `null`: it is not there any more. */
  latest: Stored | null;
  /** Whether it could be read. */
  refetch: () => Promise<boolean>;
}

/** What is typed stays, whatever is read meanwhile; of a change by somebody else it is told what it was. */
function EditForm({ collection, id, first, latest, refetch, onClose, onSaved, onSavedButRefused }: FormProps) {
  const { fields, edits, set, takeTheirs } = useEdits(collection, first, latest);
  const [isRefused, setRefused] = useState(false);
  const { record, version } = edits.stored;
  const take = (name?: string) => {
    if (name === undefined) setRefused(false);
    takeTheirs(name);
  };
  const isConflict = edits.changes.some((one) => one.isTyped);
  return (
    <RecordForm
      collection={collection}
      fields={fields}
      record={record}
      version={version}
      values={edits.values}
      onChange={set}
      note={<ChangedNote edits={edits} isRefused={isRefused} isGone={latest === null} onTake={take} />}
      saveLabel={isConflict ? "Save over theirs" : "Save"}
      isGone={latest === null}
      onCancel={onClose}
      onSave={(values, idempotencyKey) => {
        setRefused(false);
        return client.resource(collection.name).update(id, values, { ifMatch: version ?? undefined, idempotencyKey, triggerWorkflows: collection.formWorkflows?.update });
      }}
      onSaved={(answer) => onSaved(`Saved ${recordTitle(record, collection)}`, answer)}
      onSavedButRefused={(refusal) => onSavedButRefused(`Saved ${recordTitle(record, collection)}`, refusal)}
      onRefused={async (error) => {
        if (!(error instanceof ApiError && error.status === 412 && (await refetch()))) return false;
        setRefused(true);
        return true;
      }}
    />
  );
}
