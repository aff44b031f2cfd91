import { Alert, Button, Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Row } from "../../client";
import type { Change, Edits } from "../../forms/edits";
import { recordTitle } from "../../model/collections";
import { labelOf } from "../../model/fields";
import { Timestamp } from "../../ui/Timestamp";
import { intoView } from "../../ui/intoView";
import { Cell } from "./Cell";

interface Props {
  edits: Edits;
  /** The server has just refused to save. */
  isRefused: boolean;
  isGone: boolean;
  /** Takes what the others wrote: of a field, or of all. */
  onTake: (name?: string) => void;
}

/** Who changed a record while it is being edited, what, and what becomes of it. */
export function ChangedNote({ edits, isRefused, isGone, onTake }: Props) {
  const { changes, stored } = edits;
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isRefused) intoView(note.current);
  }, [isRefused]);
  if (isGone) {
    return (
      <Alert ref={note} tabIndex={-1} color="red" role="alert" title="This record was deleted meanwhile">
        <Text size="sm">There is nothing to save it to any more. Copy what you still need, then close.</Text>
      </Alert>
    );
  }
  if (changes.length === 0 && !isRefused) return null;
  const isConflict = changes.some((one) => one.isTyped);
  return (
    <Alert ref={note} tabIndex={-1} color="yellow" role="alert" title="Somebody else changed this record meanwhile">
      <Stack gap="xs">
        <Text size="sm" component="div">
          <Writer record={stored.record} />
          {isRefused && "Nothing was saved yet. "}
          What you typed is still here.
          {isConflict ? " Saving writes it over theirs." : " Saving keeps their changes and yours."}
        </Text>
        {changes.map((one) => (
          <ChangeLine key={one.field.name} change={one} onTake={() => onTake(one.field.name)} />
        ))}
        {changes.length === 0 && <Text size="sm">Nothing that you see here is different.</Text>}
        <Group>
          <Button size="xs" variant="default" onClick={() => onTake()}>
            Discard mine, take theirs
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function Writer({ record }: { record: Row }) {
  const by = record["updatedBy"];
  const at = record["updatedAt"];
  if (typeof by !== "object" || by === null) return null;
  return (
    <>
      {recordTitle(by as Row, undefined)}
      {typeof at === "string" && (
        <>
          , <Timestamp at={at} />
        </>
      )}
      {". "}
    </>
  );
}

function ChangeLine({ change: { field, was, now, isTyped }, onTake }: { change: Change; onTake: () => void }) {
  const label = labelOf(field);
  return (
    <Group gap="xs" fz="sm" wrap="wrap" role="group" aria-label={label}>
      <Text span fz="inherit" fw={600}>
        {label}
      </Text>
      <Cell record={was} field={field} />
      <span aria-hidden>→</span>
      <VisuallyHidden>is now</VisuallyHidden>
      <Cell record={now} field={field} />
      {isTyped && (
        <Button size="compact-xs" variant="default" aria-label={`Take theirs: ${label}`} onClick={onTake}>
          Take theirs
        </Button>
      )}
    </Group>
  );
}
