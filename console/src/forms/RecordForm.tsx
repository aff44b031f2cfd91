import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState, type ReactNode, type SyntheticEvent } from "react";
import { ApiError, Press, type Answer, type Collection, type Field, type Row } from "../client";
import { ErrorNote } from "../ui/ErrorNote";
import { MistakesNote } from "../ui/MistakesNote";
import { Unsaved } from "../ui/Unsaved";
import { FieldInput } from "./FieldInput";
import { refusedAfterSaving } from "./mistakes";
import { changedValues, firstValues, mistakesByField } from "./recordValues";
import { unreadableIn } from "./unreadable";

interface Props {
  collection: Collection;
  fields: Field[];
  /** The record with its to-one associations, `null` for a new one. */
  record: Row | null;
  version?: string | null;
  values: Row;
  onChange: (name: string, value: unknown) => void;
  /** What stands above the inputs. */
  note?: ReactNode;
  saveLabel: string;
  /** Why nothing can be saved any more. */
  isGone?: boolean;
  /** Sends the values; what it throws is shown where it belongs. */
  onSave: (values: Row, idempotencyKey: string) => Promise<Answer<unknown>>;
  onSaved: (answer: Answer<unknown> | null) => void;
  /** It is saved, but a workflow that came after it has refused: sent again it would be there twice. */
  onSavedButRefused: (refusal: ApiError) => void;
  /** Whether this refusal is told in the note. */
  onRefused?: (error: unknown) => Promise<boolean>;
  onCancel: () => void;
}

export function RecordForm({ collection, fields, record, version = null, values, onChange, note, saveLabel, isGone = false, onSave, onSaved, onSavedButRefused, onRefused, onCancel }: Props) {
  const need = record ? "update" : "create";
  const before = firstValues(fields, record);
  const [error, setError] = useState<unknown>(null);
  const [unreadable, setUnreadable] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [press] = useState(() => new Press());
  const refused = mistakesByField(error instanceof ApiError ? error.problems : [], fields);
  const wrong = fields.filter((one) => unreadable[one.name] ?? refused.at[one.name]);
  const firstWrong = useRef<HTMLDivElement>(null);
  const hasNote = error !== null && (refused.others.length > 0 || !(error instanceof ApiError));
  // Each refusal is told anew: the note takes the focus; without one the first input that is wrong comes into view, and what is typed goes there.
  useEffect(() => {
    if (!hasNote) firstWrong.current?.querySelector<HTMLElement>("input:not([type=hidden]), textarea")?.focus();
  }, [hasNote, error, unreadable]);
  const bound = collection.formWorkflows?.[need] ?? [];

  async function save(event: SyntheticEvent) {
    event.preventDefault();
    if (busy || isGone) return undefined;
    const changed = changedValues(values, before, record === null);
    const notRead = unreadableIn(changed);
    setUnreadable(notRead);
    if (Object.keys(notRead).length > 0) return undefined;
    if (record && Object.keys(changed).length === 0) return onSaved(null);
    setBusy(true);
    setError(null);
    try {
      // Without an answer it may have got through: the same values on the same version are then the same call.
      onSaved(await press.send([version, changed], (idempotencyKey) => onSave(changed, idempotencyKey)));
    } catch (thrown) {
      const after = refusedAfterSaving(thrown);
      if (after) return onSavedButRefused(after);
      if (!(await onRefused?.(thrown))) setError(thrown);
      setBusy(false);
    }
    return undefined;
  }

  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <Unsaved when={Object.keys(changedValues(values, before, false)).length > 0} />
      <Stack>
        {note}
        {hasNote && <ErrorNote focusFor={error} error={error instanceof ApiError && Object.keys(refused.at).length > 0 ? new Error(refused.others.join("\n")) : error} />}
        <MistakesNote count={wrong.length} />
        {fields.length === 0 && <Text c="dimmed">Your role may not write any field.</Text>}
        {fields.map((field) => (
          <div key={field.name} data-field={field.name} ref={field === wrong[0] ? firstWrong : undefined}>
            <FieldInput field={field} value={values[field.name]} error={unreadable[field.name] ?? refused.at[field.name]} disabled={busy} known={partners(record, field.name)} onChange={(value) => onChange(field.name, value)} />
          </div>
        ))}
        {bound.length > 0 && (
          <Text size="xs" c="dimmed">
            Saving starts {bound.join(", ")}.
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel} disabled={busy}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={fields.length === 0 || isGone}>
            {saveLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function partners(record: Row | null, name: string): Row[] {
  const value = record?.[name];
  if (Array.isArray(value)) return value as Row[];
  return typeof value === "object" && value !== null ? [value as Row] : [];
}
