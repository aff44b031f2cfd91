import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ErrorNote } from "./ErrorNote";
import { useFocusBack } from "./useFocusBack";
import { useOnce } from "./useOnce";

interface Props {
  title: string;
  text: string;
  label: string;
  cancelLabel?: string;
  /** For what destroys nothing: not red. */
  harmless?: boolean;
  /** What has to be typed before it can be confirmed. */
  typed?: string;
  onClose: () => void;
  /** What it throws is shown, and the dialog stays. */
  onConfirm: () => Promise<void>;
}

/** Asks before something is lost. */
export function ConfirmDialog({ title, text, label, cancelLabel = "Cancel", harmless = false, typed, onClose, onConfirm }: Props) {
  useFocusBack();
  const [busy, once] = useOnce({ forGood: true });
  const [error, setError] = useState<unknown>(null);
  const [entered, setEntered] = useState("");
  const isReady = typed === undefined || entered === typed;

  function confirm() {
    if (!isReady) return;
    once(async () => {
      setError(null);
      await onConfirm();
      onClose();
    }, setError);
  }

  return (
    <Modal opened onClose={busy ? () => undefined : onClose} title={title} role="alertdialog" aria-label={title} closeButtonProps={{ "aria-label": "Close", disabled: busy }}>
      <form
        noValidate
        onClick={(event) => event.stopPropagation()}
        onSubmit={(event) => {
          event.preventDefault();
          // In React it stands within the form that asks.
          event.stopPropagation();
          confirm();
        }}
      >
        <Stack>
          <Text size="sm" className="as-written">
            {text}
          </Text>
          {typed !== undefined && <TextInput label={`Type ${typed} to confirm`} value={entered} onChange={(event) => setEntered(event.currentTarget.value)} autoComplete="off" data-autofocus />}
          {error !== null && <ErrorNote error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy} data-autofocus={typed === undefined || undefined}>
              {cancelLabel}
            </Button>
            <Button type="submit" color={harmless ? undefined : "red"} loading={busy} disabled={!isReady}>
              {label}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
