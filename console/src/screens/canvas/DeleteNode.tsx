import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { ErrorNote } from "../../ui/ErrorNote";
import { inOrder, titleOfNode, type TreeNode } from "./tree";
import type { Kinds } from "./types";

interface Props {
  found: TreeNode;
  kinds: Kinds;
  onClose: () => void;
  /** `keep`: the branch that takes the node's place. */
  onDelete: (keep: number | null) => Promise<void>;
}

const NOTHING = "none";

export function DeleteNode({ found, kinds, onClose, onDelete }: Props) {
  const [keep, setKeep] = useState(NOTHING);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const filled = found.branches.filter((one) => one.line.length > 0);

  async function destroy() {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await onDelete(keep === NOTHING ? null : Number(keep));
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={busy ? () => undefined : onClose} title={`Delete ${titleOfNode(found.node, kinds)}?`} role="alertdialog" aria-label={`Delete ${titleOfNode(found.node, kinds)}?`} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        {filled.length === 0 ? (
          <Text size="sm">What follows moves up.</Text>
        ) : (
          <Radio.Group label="What becomes of the nodes in its branches?" value={keep} onChange={setKeep}>
            <Stack gap="xs" mt="xs">
              <Radio value={NOTHING} label="They are deleted too" />
              {filled.map((one) => (
                <Radio key={one.index} value={String(one.index)} label={`Keep those of “${one.label}” (${inOrder(one.line).length}) in its place`} />
              ))}
            </Stack>
          </Radio.Group>
        )}
        {error !== null && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={busy} onClick={() => void destroy()}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
