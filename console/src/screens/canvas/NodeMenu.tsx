import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowsMove, IconCopy, IconDotsVertical, IconTrash } from "@tabler/icons-react";

interface Props {
  title: string;
  onMove: () => void;
  onDuplicate: () => void;
  onDelete: () => void;
}

export function NodeMenu({ title, onMove, onDuplicate, onDelete }: Props) {
  return (
    <Menu position="bottom-end" width={170} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" mr={4} aria-label={`More about ${title}`}>
          <IconDotsVertical size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconArrowsMove size={16} aria-hidden />} onClick={onMove}>
          Move to…
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={onDuplicate}>
          Duplicate to…
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={onDelete}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
