import { followAnswer } from "../../actions/follow";
import { say } from "../../actions/messages";
import { refreshRecords } from "../../app/queries";
import type { Answer, ApiError, Collection } from "../../client";
import { titleOf } from "../../model/collections";
import { GuardedDrawer } from "../../ui/Unsaved";
import { AddRecord } from "./AddRecord";
import { EditRecord } from "./EditRecord";

interface Props {
  collection: Collection;
  /** An id, `new`, or null. */
  open: string | null;
  onClose: () => void;
}

/** The add and the edit form beside the page. */
export function RecordDrawer({ collection, open, onClose }: Props) {
  const title = open === "new" ? `Add to ${titleOf(collection)}` : "Edit";
  const saved = (what: string, answer: Answer<unknown> | null) => {
    onClose();
    if (!answer) return;
    void refreshRecords(collection.name);
    say(what, answer.messages.join("\n") || "Done.", "success");
    followAnswer(what, answer, collection.name);
  };
  /** The form is done: it would save another record, or over what the workflow wrote. The message stays until it is read. */
  const savedButRefused = (what: string, refusal: ApiError) => {
    onClose();
    void refreshRecords(collection.name);
    say(what, `Saved, but ${refusal.message}`, refusal.status < 500 ? "warning" : "error");
  };
  return (
    <GuardedDrawer opened={open !== null} onClose={onClose} title={title}>
      {open === "new" && <AddRecord collection={collection} onClose={onClose} onSaved={saved} onSavedButRefused={savedButRefused} />}
      {open !== null && open !== "new" && <EditRecord key={open} collection={collection} id={open} onClose={onClose} onSaved={saved} onSavedButRefused={savedButRefused} />}
    </GuardedDrawer>
  );
}
