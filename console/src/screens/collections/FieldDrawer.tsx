import { Button, Group, Stack } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { ApiError, Press, type Collection, type Field } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { draftOf, EMPTY_FIELD, mistakesIn, toField } from "./fieldDraft";
import { FieldInputs } from "./FieldInputs";

interface Props {
  collection: Collection;
  /** The name of a field, `new`, or null. */
  open: string | null;
  onClose: () => void;
  onSaved: () => Promise<void>;
}

const OPTIONS = new Set(["name", "type", "target", "foreignKey", "through", "required", "unique", "index", "defaultValue", "uiSchema"]);

export function FieldDrawer({ collection, open, onClose, onSaved }: Props) {
  const field = collection.fields.find((one) => one.name === open);
  const shown = open === "new" || field !== undefined;
  return (
    <GuardedDrawer opened={shown} onClose={onClose} title={field ? "Change the field" : "Add a field"}>
      {shown && <FieldForm key={open} collection={collection} field={field} onClose={onClose} onSaved={onSaved} />}
    </GuardedDrawer>
  );
}

function FieldForm({ collection, field, onClose, onSaved }: { collection: Collection; field: Field | undefined; onClose: () => void; onSaved: () => Promise<void> }) {
  const [first] = useState(() => (field ? draftOf(field) : EMPTY_FIELD));
  const [draft, setDraft] = useState(first);
  const [error, setError] = useState<unknown>(null);
  const [mistakes, setMistakes] = useState<Record<string, string>>({});
  const [press] = useState(() => new Press());
  const [busy, once] = useOnce({ forGood: true });
  const problems = error instanceof ApiError ? error.problems : [];
  const optionOf = (path = "") => path.split(".").find((one) => OPTIONS.has(one));
  const errors = Object.fromEntries(problems.flatMap(({ path, message }) => (optionOf(path) ? [[optionOf(path), message]] : []))) as Record<string, string>;
  const others = problems.filter((one) => !optionOf(one.path)).map((one) => one.message);

  async function saved() {
    setError(null);
    const fields = client.resource(`collections/${collection.name}/fields`);
    if (field) await fields.update(field.name, toField(draft, field));
    else await press.send(toField(draft), (idempotencyKey) => fields.create(toField(draft), { idempotencyKey }));
    await onSaved();
    say(field ? "Field changed" : "Field added", draft.title || draft.name, "success");
    onClose();
  }
  function save(event: SyntheticEvent) {
    event.preventDefault();
    const wrong = mistakesIn(draft);
    setMistakes(wrong);
    if (Object.keys(wrong).length === 0) once(saved, setError);
  }

  return (
    <form onSubmit={save} noValidate>
      <Unsaved when={JSON.stringify(draft) !== JSON.stringify(first)} />
      <Stack>
        {others.length > 0 && <ErrorNote error={new Error(others.join("\n"))} />}
        {error !== null && !(error instanceof ApiError) && <ErrorNote error={error} />}
        <FieldInputs draft={draft} onChange={setDraft} errors={{ ...errors, ...mistakes }} isOld={field !== undefined} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {field ? "Save" : "Add"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
