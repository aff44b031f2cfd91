import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useMemo, useRef, useState, type SyntheticEvent } from "react";
import { ApiError, freshKey, type Answer, type Collection, type Row } from "../client";
import { writableFields } from "../model/fields";
import { ErrorNote } from "../ui/ErrorNote";
import { FieldInput } from "./FieldInput";
import { changedValues, firstValues, mistakesByField } from "./recordValues";

interface Props {
  collection: Collection;
  /** The record with its to-one associations, `null` for a new one. */
  record: Row | null;
  /** Sends the values; what it throws is shown where it belongs. */
  onSave: (values: Row, idempotencyKey: string) => Promise<Answer<unknown>>;
  onSaved: (answer: Answer<unknown> | null) => void;
  onCancel: () => void;
  onReload?: () => void;
}

export function RecordForm({ collection, record, onSave, onSaved, onCancel, onReload }: Props) {
  const need = record ? "update" : "create";
  const fields = useMemo(() => writableFields(collection, need).filter((one) => !record || one.type === "belongsTo" || !one.target), [collection, need, record]);
  const before = useMemo(() => firstValues(fields, record), [fields, record]);
  const [values, setValues] = useState(before);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const key = useRef("");
  const { at, others } = mistakesByField(error instanceof ApiError ? error.problems : [], fields);
  const bound = collection.formWorkflows?.[need] ?? [];

  async function save(event: SyntheticEvent) {
    event.preventDefault();
    if (busy) return;
    const changed = changedValues(values, before, record === null);
    if (record && Object.keys(changed).length === 0) return onSaved(null);
    setBusy(true);
    setError(null);
    try {
      key.current ||= freshKey();
      onSaved(await onSave(changed, key.current));
    } catch (refused) {
      // Without an answer it may have got through: then the next attempt is the same call.
      if (refused instanceof ApiError && refused.status > 0) key.current = "";
      setError(refused);
      setBusy(false);
    }
    return undefined;
  }

  const stale = error instanceof ApiError && error.status === 412;
  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <Stack>
        {stale && (
          <Alert color="yellow" title="Somebody else changed this record meanwhile" role="alert">
            <Text size="sm" mb="xs">
              Nothing was saved. Load it anew to see how it is now.
            </Text>
            <Button size="xs" variant="light" color="yellow" onClick={onReload}>
              Load anew
            </Button>
          </Alert>
        )}
        {error !== null && !stale && (others.length > 0 || !(error instanceof ApiError)) && <ErrorNote error={error instanceof ApiError ? new Error(others.join("\n")) : error} />}
        {fields.length === 0 && <Text c="dimmed">Your role may not write any field.</Text>}
        {fields.map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            value={values[field.name]}
            error={at[field.name]}
            disabled={busy}
            known={partners(record, field.name)}
            onChange={(value) => setValues((now) => ({ ...now, [field.name]: value }))}
          />
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
          <Button type="submit" loading={busy} disabled={fields.length === 0}>
            {record ? "Save" : "Add"}
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
