import { ActionIcon, Group, Menu } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { ActionButton } from "../../actions/ActionButton";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { refreshRecords } from "../../app/queries";
import type { Collection, Row } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import type { Offered } from "./useTable";

interface Props {
  collection: Collection;
  record: Row;
  offers: Offered;
  onEdit: () => void;
}

export function RowActions({ collection, record, offers, onEdit }: Props) {
  const [deleting, setDeleting] = useState(false);
  const id = idOf(record);
  const title = recordTitle(record, collection);
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      {offers.row.map((action) => {
        const verdict = offers.verdict(action.name, id);
        return verdict === undefined ? null : <ActionButton key={action.name} action={action} ids={[id]} verdict={verdict} compact={offers.row.length > 2 ? "icon" : "text"} />;
      })}
      {("update" in collection.may || "destroy" in collection.may) && (
        <Menu position="bottom-end" width={160}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`More about ${title}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
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
            await refreshRecords(collection.name);
            say("Deleted", `${title} was deleted.`, "success");
          }}
        />
      )}
    </Group>
  );
}
