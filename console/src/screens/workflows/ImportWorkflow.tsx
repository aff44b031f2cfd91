import { Button, FileInput, Group, JsonInput, Stack, Text } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { Press, type Row } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedModal, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { change, refreshUnheard, refreshWorkflows } from "../canvas/api";

/** Takes a workflow's document: of a key that is not there a workflow, of one that is its next version. */
export function ImportWorkflow({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [press] = useState(() => new Press());
  const [busy, once] = useOnce({ forGood: true });
  const [error, setError] = useState<unknown>(null);
  const document = parsed(text);

  async function bring() {
    if (!document) return;
    setError(null);
    const made = await press.send(document, (idempotencyKey) => change.importDocument(document, idempotencyKey));
    await refreshWorkflows();
    say("Imported", made.title ?? made.key, "success");
    void navigate(`/workflows/${made.id}`);
  }
  function refused(error: unknown) {
    refreshUnheard(error);
    setError(error);
  }

  return (
    <GuardedModal opened busy={busy} onClose={onClose} title="Import a workflow" size="lg">
      <Unsaved when={text !== ""} />
      <Stack>
        <Text size="sm" c="dimmed">
          A document as Export gives it. When its key is taken, it becomes the next version of that workflow, and is not enabled.
        </Text>
        <FileInput label="File" placeholder="Choose a file" accept="application/json,.json" leftSection={<IconFile size={16} aria-hidden />} clearable onChange={(file) => void file?.text().then(setText)} />
        <JsonInput label="Document" value={text} onChange={setText} validationError="This is not JSON yet" autosize minRows={6} maxRows={18} />
        {error !== null && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            Cancel
          </Button>
          <Button loading={busy} disabled={!document} onClick={() => once(bring, refused)}>
            Import
          </Button>
        </Group>
      </Stack>
    </GuardedModal>
  );
}

function parsed(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}
