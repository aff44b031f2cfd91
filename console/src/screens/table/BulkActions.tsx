import { Badge, Button, Group, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useActions } from "../../actions/ActionHost";
import { actionIcon } from "../../actions/icons";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { refreshRecords } from "../../app/queries";
import type { AvailableAction, Collection, Row } from "../../client";
import { idOf } from "../../model/collections";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import type { Offered } from "./useTable";

interface Props {
  collection: Collection;
  offers: Offered;
  selected: Row[];
  onDone: () => void;
}

export function BulkActions({ collection, offers, selected, onDone }: Props) {
  const [deleting, setDeleting] = useState(false);
  const ids = selected.map(idOf);
  return (
    <Group gap="xs">
      {selected.length > 0 && (
        <Badge variant="light" tt="none" fw={500} role="status">
          {selected.length} selected
        </Badge>
      )}
      {offers.bulk.map((action) => (
        <BulkButton key={action.name} action={action} offers={offers} selected={selected} />
      ))}
      {"destroy" in collection.may && selected.length > 0 && (
        <Button size="compact-sm" variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      )}
      {deleting && (
        <ConfirmDialog
          title={ids.length === 1 ? "Delete this record?" : `Delete ${ids.length} records?`}
          text="They are gone for good."
          label="Delete"
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            const count = await client.resource(collection.name).destroy(ids);
            await refreshRecords(collection.name);
            say("Deleted", count === 1 ? "One record was deleted." : `${count} records were deleted.`, "success");
            onDone();
          }}
        />
      )}
    </Group>
  );
}

/** Pressed with nothing selected it says so, and calls nobody. */
function BulkButton({ action, offers, selected }: { action: AvailableAction; offers: Offered; selected: Row[] }) {
  const { press, isRunning } = useActions();
  const label = action.label ?? action.name;
  const ids = selected.map(idOf);
  const nothing = selected.length === 0 && (action.enabled || action.code === "NO_RECORD");
  const reason = nothing ? "Select at least one row first" : whyNot(action, offers, selected);
  const refused = reason !== null && !nothing;
  const busy = isRunning(action.name, ids);
  return (
    <Tooltip label={reason ?? ""} disabled={!reason} events={{ hover: true, focus: true, touch: true }}>
      <Button
        size="compact-sm"
        variant="light"
        color={action.color ?? undefined}
        leftSection={actionIcon(action.icon, 16)}
        loading={busy}
        data-disabled={refused || undefined}
        aria-disabled={refused}
        aria-busy={busy}
        aria-description={reason ?? undefined}
        onClick={() => {
          if (reason) say(label, reason, "warning", `why-${action.name}`);
          else if (!busy) press({ action, ids });
        }}
      >
        {label}
      </Button>
    </Tooltip>
  );
}

/** Why the server would refuse the chosen records; what holds for each alone holds for all together. */
function whyNot(action: AvailableAction, offers: Offered, selected: Row[]): string | null {
  if (!action.enabled && action.code !== "NO_RECORD") return action.reason ?? "Not possible";
  for (const row of selected) {
    const verdict = offers.verdict(action.name, idOf(row));
    if (verdict === undefined) return "Not possible with one of the chosen records";
    if (verdict && !verdict.enabled) return verdict.reason ?? "Not possible with one of the chosen records";
  }
  return null;
}
