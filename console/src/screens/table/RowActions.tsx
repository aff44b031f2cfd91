import { ActionIcon, Group, Menu, Text } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { ActionButton } from "../../actions/ActionButton";
import { useActions } from "../../actions/ActionHost";
import { actionIcon } from "../../actions/icons";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { refreshRecords } from "../../app/queries";
import type { AvailableAction, Collection, Id, Row, Verdict } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useFocusPassedOn } from "../../ui/useFocusPassedOn";
import type { Offered } from "./useTable";

interface Props {
  collection: Collection;
  record: Row;
  offers: Offered;
  onEdit: () => void;
  onDeleted: () => void;
  /** All of it in one menu: on a phone the buttons would leave no room for the rest. */
  folded: boolean;
}

export function RowActions({ collection, record, offers, onEdit, onDeleted, folded }: Props) {
  const { isRunning } = useActions();
  const [deleting, setDeleting] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useFocusPassedOn(place, deleting);
  const id = idOf(record);
  const title = recordTitle(record, collection);
  const shown = offers.row.flatMap((action) => {
    const verdict = offers.verdict(action.name, id);
    return verdict === undefined ? [] : [{ action, verdict }];
  });
  return (
    <Group ref={place} gap={6} justify="flex-end" wrap="nowrap">
      {!folded && shown.map(({ action, verdict }) => <ActionButton key={action.name} action={action} ids={[id]} verdict={verdict} compact={offers.row.length > 2 ? "icon" : "text"} />)}
      {((folded && shown.length > 0) || "update" in collection.may || "destroy" in collection.may) && (
        <Menu position="bottom-end" width={folded ? 240 : 160}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`More about ${title}`} loading={folded && shown.some(({ action }) => isRunning(action.name, [id]))}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {folded && shown.map((one) => <PressItem key={one.action.name} {...one} id={id} />)}
            {"update" in collection.may && (
              <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={onEdit}>
                Edit
              </Menu.Item>
            )}
            {"destroy" in collection.may && (
              <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDeleting(true)}>
                Delete
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {deleting && (
        <ConfirmDialog
          title={`Delete ${title}?`}
          text="It is gone for good."
          label="Delete"
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await client.resource(collection.name).destroy([id]);
            onDeleted();
            await refreshRecords(collection.name);
            say("Deleted", `${title} was deleted.`, "success");
          }}
        />
      )}
    </Group>
  );
}

/** A button as an item of the menu; what may not be pressed says why below its name. */
function PressItem({ action, verdict, id }: { action: AvailableAction; verdict: Verdict | null; id: Id }) {
  const { press } = useActions();
  const may = verdict?.enabled === true;
  return (
    <Menu.Item leftSection={actionIcon(action.icon, 16)} aria-disabled={!may} c={may ? undefined : "dimmed"} closeMenuOnClick={may} onClick={() => may && press({ action, ids: [id] })}>
      {action.label ?? action.name}
      {!may && verdict?.reason && <Text size="xs">{verdict.reason}</Text>}
    </Menu.Item>
  );
}
