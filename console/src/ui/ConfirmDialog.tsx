import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ErrorNote } from "./ErrorNote";

interface Props {
  title: string;
  text: string;
  label: string;
  /** What has to be typed before it can be confirmed. */
  typed?: string;
  onClose: () => void;
  /** What it throws is shown, and the dialog stays. */
  onConfirm: () => Promise<void>;
}

/** Asks before something is lost. */
export function ConfirmDialog({ title, text, label, typed, onClose, onConfirm }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [entered, setEntered] = useState("");

  async function confirm() {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={busy ? () => undefined : onClose} title={title} role="alertdialog" closeButtonProps={{ "aria-label": "Close", disabled: busy }}>
      <Stack onClick={(event) => event.stopPropagation()}>
        <Text size="sm" className="as-written">
          {text}
        </Text>
        {typed !== undefined && <TextInput label={`Type ${typed} to confirm`} value={entered} onChange={(event) => setEntered(event.currentTarget.value)} autoComplete="off" data-autofocus />}
        {error !== null && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy} data-autofocus={typed === undefined || undefined}>
            Cancel
          </Button>
          <Button color="red" loading={busy} disabled={typed !== undefined && entered !== typed} onClick={() => void confirm()}>
            {label}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
