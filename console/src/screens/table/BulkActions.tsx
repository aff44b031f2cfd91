import { Badge, Button, Group, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useRef, useState, type RefObject } from "react";
import { useActions } from "../../actions/ActionHost";
import { actionIcon } from "../../actions/icons";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { refreshRecords } from "../../app/queries";
import type { AvailableAction, Collection, Id } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Refusable } from "../../ui/Refusable";
import { useFocusPassedOn } from "../../ui/useFocusPassedOn";
import { whyTooMany, type Selection } from "./useSelection";
import type { Offered } from "./useTable";

interface Props {
  collection: Collection;
  offers: Offered;
  /** The same of the chosen records that this page does not show. */
  others: Offered;
  selection: Selection;
  /** Has the focus when what had it goes with the selection. */
  table: RefObject<HTMLElement | null>;
}

export function BulkActions(props: Props) {
  const { collection, offers, selection } = props;
  const isAny = selection.ids.length > 0;
  return (
    <Group gap="xs">
      {isAny && <Chosen {...props} />}
      {offers.bulk.map((action) => (
        <BulkButton key={action.name} action={action} {...props} />
      ))}
      {isAny && "destroy" in collection.may && <DeleteChosen {...props} />}
    </Group>
  );
}

/** How many are chosen. */
function Chosen({ selection: { ids, elsewhere, clear }, table }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useFocusPassedOn(place, false, () => table.current);
  return (
    <Group ref={place} gap={4}>
      <Badge variant="light" tt="none" fw={500} role="status">
        {ids.length} selected{elsewhere.length > 0 && `, ${elsewhere.length} not on this page`}
      </Badge>
      <Button size="compact-sm" variant="subtle" color="gray" aria-label="Clear the selection" onClick={clear}>
        Clear
      </Button>
    </Group>
  );
}

function DeleteChosen({ collection, selection: { ids, elsewhere, forget }, table }: Props) {
  const [deleting, setDeleting] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useFocusPassedOn(place, deleting, () => table.current);
  return (
    <div ref={place}>
      <Refusable reason={whyTooMany(ids.length)}>
        <Button size="compact-sm" variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      </Refusable>
      {deleting && (
        <ConfirmDialog
          title={ids.length === 1 ? "Delete this record?" : `Delete ${ids.length} records?`}
          text={elsewhere.length > 0 ? `They are gone for good, also the ${elsewhere.length} not on this page.` : "They are gone for good."}
          label="Delete"
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            const count = await client.resource(collection.name).destroy(ids);
            await refreshRecords(collection.name);
            say("Deleted", count === 1 ? "One record was deleted." : `${count} records were deleted.`, "success");
            forget(ids);
          }}
        />
      )}
    </div>
  );
}

/** Pressed with nothing selected it says so, and calls nobody. */
function BulkButton({ action, offers, others, selection }: Props & { action: AvailableAction }) {
  const { press, isRunning } = useActions();
  const label = action.label ?? action.name;
  const { ids, forget } = selection;
  const nothing = ids.length === 0 && (action.enabled || action.code === "NO_RECORD");
  const reason = nothing ? "Select at least one row first" : whyNot(action, selection, offers, others);
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
          else if (!busy) press({ action, ids, onChanged: () => forget(ids) });
        }}
      >
        {label}
      </Button>
    </Tooltip>
  );
}

const NOT_WITH_ONE = "Not possible with one of the chosen records";

/** Why the server would refuse the chosen records; what holds for each alone holds for all together. */
function whyNot(action: AvailableAction, { ids, elsewhere }: Selection, offers: Offered, others: Offered): string | null {
  if (!action.enabled && action.code !== "NO_RECORD") return action.reason ?? "Not possible";
  const tooMany = whyTooMany(ids.length);
  if (tooMany) return tooMany;
  const verdicts = ids.map((id: Id) => (elsewhere.includes(id) ? others : offers).verdict(action.name, id));
  // Of several that are gone the server does the others, and tells which they were.
  const there = verdicts.filter((one) => one?.code !== "RECORD_NOT_FOUND");
  for (const verdict of there.length > 0 ? there : verdicts) {
    if (verdict === undefined) return NOT_WITH_ONE;
    if (verdict && !verdict.enabled) return verdict.reason ?? NOT_WITH_ONE;
  }
  return null;
}
