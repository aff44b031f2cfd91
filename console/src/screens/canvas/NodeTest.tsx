import { Alert, Button, Code, Popover, ScrollArea, Stack, Text } from "@mantine/core";
import { IconTestPipe } from "@tabler/icons-react";
import { useState } from "react";
import { statusName, type Row } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { change } from "./api";

type Tested = Awaited<ReturnType<typeof change.testNode>>;

/** Runs the node by itself with the config as it is in the form; it changes nothing. */
export function NodeTest({ type, config }: { type: string; config: Row }) {
  const [busy, setBusy] = useState(false);
  const [opened, setOpened] = useState(false);
  const [result, setResult] = useState<Tested | null>(null);
  const [error, setError] = useState<unknown>(null);

  async function test() {
    if (busy) return;
    setBusy(true);
    setError(null);
    setResult(null);
    try {
      setResult(await change.testNode(type, config));
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
    setOpened(true);
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="top-end" width={380} shadow="md" styles={{ dropdown: { maxWidth: "calc(100vw - 24px)" } }}>
      <Popover.Target>
        <Button variant="light" color="gray" leftSection={<IconTestPipe size={16} aria-hidden />} loading={busy} onClick={() => void test()}>
          Test
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="status">
        {error !== null && <ErrorNote error={error} />}
        {result && (
          <Stack gap="xs">
            <Alert color={result.status === 1 ? "teal" : "red"} p="xs" title={statusName(result.status)}>
              {result.log && <Text size="sm" className="as-written">{result.log}</Text>}
            </Alert>
            <ScrollArea.Autosize mah={240} type="auto">
              <Code block>{JSON.stringify(result.result, null, 2) ?? "null"}</Code>
            </ScrollArea.Autosize>
            <Text size="xs" c="dimmed">
              By itself it knows no record and no earlier node: their variables are empty.
            </Text>
          </Stack>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
