import { ActionIcon, Code, CopyButton, Group, Title, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** The workflow's name; its key shows, and can be copied, when the mouse is over it or the keyboard on it. */
export function WorkflowName({ name, workflowKey }: { name: string; workflowKey: string }) {
  return (
    <Group gap={8} wrap="nowrap" className="wf-name" miw={0}>
      <Title order={1} size="h2" className="one-line" tabIndex={0} title={workflowKey} aria-label={`${name}, key ${workflowKey}`}>
        {name}
      </Title>
      <Group gap={2} wrap="nowrap" className="wf-key">
        <Code>{workflowKey}</Code>
        <CopyButton value={workflowKey}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? "Copied" : "Copy the key"}>
              <ActionIcon variant="subtle" color={copied ? "teal" : "gray"} aria-label={copied ? "Copied" : `Copy the key ${workflowKey}`} onClick={copy}>
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
    </Group>
  );
}
