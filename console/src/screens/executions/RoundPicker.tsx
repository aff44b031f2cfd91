import { ActionIcon, Group, NumberInput, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { titleOfNode } from "../canvas/tree";
import type { FlowNode, Kinds } from "../canvas/types";

interface Props {
  rounds: Record<string, { count: number; round: number }>;
  nodes: FlowNode[];
  kinds?: Kinds;
  onChange: (key: string, round: number) => void;
}

/** Which round of each loop is looked at; people count from one. */
export function RoundPicker({ rounds, nodes, kinds, onChange }: Props) {
  return (
    <Group gap="lg">
      {Object.entries(rounds).map(([key, { count, round }]) => {
        const node = nodes.find((one) => one.key === key);
        const name = node ? titleOfNode(node, kinds) : key;
        return (
          <Group key={key} gap={6} role="group" aria-label={`Round of ${name}`}>
            <Text size="sm">{name}: round</Text>
            <ActionIcon variant="default" aria-label={`Round before, of ${name}`} disabled={round === 0} onClick={() => onChange(key, round - 1)}>
              <IconChevronLeft size={16} />
            </ActionIcon>
            <NumberInput aria-label={`Round of ${name}`} size="xs" w={64} hideControls clampBehavior="blur" min={1} max={count} allowDecimal={false} value={round + 1} onChange={(value) => typeof value === "number" && value >= 1 && onChange(key, Math.min(count, value) - 1)} />
            <Text size="sm" c="dimmed">
              of {count}
            </Text>
            <ActionIcon variant="default" aria-label={`Next round of ${name}`} disabled={round >= count - 1} onClick={() => onChange(key, round + 1)}>
              <IconChevronRight size={16} />
            </ActionIcon>
          </Group>
        );
      })}
    </Group>
  );
}
