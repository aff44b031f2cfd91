import { Button, Group } from "@mantine/core";
import { Unsaved } from "../../ui/Unsaved";

interface Props {
  dirty: boolean;
  busy: boolean;
  onSave: () => void;
  onReset: () => void;
}

export function SaveRow({ dirty, busy, onSave, onReset }: Props) {
  return (
    <Group justify="flex-end" mt="md">
      <Unsaved when={dirty} />
      <Button variant="default" onClick={onReset} disabled={!dirty || busy}>
        Reset
      </Button>
      <Button onClick={onSave} loading={busy} disabled={!dirty}>
        Save
      </Button>
    </Group>
  );
}
