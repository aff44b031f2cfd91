import { Alert, Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconAlertTriangle, IconCheck, IconCopy } from "@tabler/icons-react";
import { useRef } from "react";

interface Props {
  name: string;
  token: string;
  onClose: () => void;
}

/** The token of a new key, this once: nobody can show it again. */
export function NewToken({ name, token, onClose }: Props) {
  const { copy, copied, error } = useClipboard({ timeout: 4_000 });
  const text = useRef<HTMLTextAreaElement>(null);
  return (
    <Modal opened onClose={onClose} title={`The key "${name}"`} closeOnClickOutside={false} closeOnEscape={false} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Copy it now">
          It is shown this once and kept nowhere. Whoever has it may do what its role may.
        </Alert>
        <Textarea ref={text} aria-label="The key" value={token} readOnly autosize minRows={3} styles={{ input: { fontFamily: "monospace", wordBreak: "break-all" } }} onFocus={(event) => event.currentTarget.select()} data-autofocus error={error ? "The browser does not let this page copy; select the text and press Ctrl+C" : undefined} />
        <Group justify="flex-end">
          <Button
            variant="light"
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            onClick={() => {
              text.current?.select();
              copy(token);
            }}
          >
            {copied ? "Copied" : "Copy"}
          </Button>
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
