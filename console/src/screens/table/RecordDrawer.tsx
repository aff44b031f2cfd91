import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { keys, refreshRecords } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Answer, Collection } from "../../client";
import { RecordForm } from "../../forms/RecordForm";
import { appendsOf, recordTitle, titleOf } from "../../model/collections";
import { writableFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { NotFound } from "../home/NotFound";

interface Props {
  collection: Collection;
  /** An id, `new`, or null. */
  open: string | null;
  onClose: () => void;
}

/** The add and the edit form beside the page. */
export function RecordDrawer({ collection, open, onClose }: Props) {
  const title = open === "new" ? `Add to ${titleOf(collection)}` : "Edit";
  return (
    <Drawer opened={open !== null} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      {open === "new" && <Add collection={collection} onClose={onClose} />}
      {open !== null && open !== "new" && <Edit key={open} collection={collection} id={open} onClose={onClose} />}
    </Drawer>
  );
}

function Add({ collection, onClose }: { collection: Collection; onClose: () => void }) {
  return (
    <RecordForm
      collection={collection}
      record={null}
      onCancel={onClose}
      onSave={(values, idempotencyKey) => client.resource(collection.name).create(values, { idempotencyKey, triggerWorkflows: collection.formWorkflows?.create })}
      onSaved={(answer) => saved(collection, "Added", answer, onClose)}
    />
  );
}

function Edit({ collection, id, onClose }: { collection: Collection; id: string; onClose: () => void }) {
  const session = useSession();
  const appends = appendsOf(writableFields(collection, "update"), (name) => session.collection(name) !== undefined);
  const asked = useQuery({
    queryKey: keys.record(collection.name, id, { appends, for: "edit" }),
    queryFn: ({ signal }) => client.resource(collection.name).getVersion(id, { appends, signal }),
    staleTime: 0,
    gcTime: 0,
  });
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending || (asked.isFetching && !asked.data)) return <Loading />;
  const { record, version } = asked.data;
  if (!record) return <NotFound what="This record" />;
  const ifMatch = version ?? undefined;
  return (
    <RecordForm
      key={version}
      collection={collection}
      record={record}
      onCancel={onClose}
      onReload={() => void asked.refetch()}
      onSave={(values, idempotencyKey) => client.resource(collection.name).update(id, values, { ifMatch, idempotencyKey, triggerWorkflows: collection.formWorkflows?.update })}
      onSaved={(answer) => saved(collection, `Saved ${recordTitle(record, collection)}`, answer, onClose)}
    />
  );
}

function saved(collection: Collection, title: string, answer: Answer<unknown> | null, onClose: () => void): void {
  onClose();
  if (!answer) return;
  void refreshRecords(collection.name);
  say(title, answer.messages.join("\n") || "Done.", "success");
}
