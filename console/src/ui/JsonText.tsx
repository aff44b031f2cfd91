import { ActionIcon, Box, Code, CopyButton, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

const SHOWN_CHARACTERS = 50_000;

/** A value as it is, as text that can be scrolled and copied. */
export function JsonText({ value, label, maxHeight = 280 }: { value: unknown; label: string; maxHeight?: number }) {
  if (value === null || value === undefined || value === "") return <Text size="sm" c="dimmed">Nothing</Text>;
  const whole = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const isCut = whole.length > SHOWN_CHARACTERS;
  return (
    <Box pos="relative">
      <Code block className="json-text" tabIndex={0} role="region" aria-label={label} style={{ maxHeight }}>
        {isCut ? `${whole.slice(0, SHOWN_CHARACTERS)}…` : whole}
      </Code>
      <CopyButton value={whole}>
        {({ copied, copy }) => (
          <ActionIcon pos="absolute" top={4} right={4} size="sm" variant="default" onClick={copy} aria-label={copied ? "Copied" : `Copy ${label.toLowerCase()}`}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
      {isCut && <Text size="xs" c="dimmed">The beginning; copying takes all of it.</Text>}
    </Box>
  );
}
