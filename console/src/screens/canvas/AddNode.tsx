import { Modal, SimpleGrid, Stack, Text, TextInput, ThemeIcon, Title, Tooltip, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { GROUPS, nodeLook } from "./looks";
import type { Kinds, NodeKind } from "./types";

interface Props {
  kinds: Kinds;
  /** A synchronous workflow has no nodes that wait. */
  sync: boolean;
  where: string;
  onChoose: (type: string) => void;
  onClose: () => void;
}

export function AddNode({ kinds, sync, where, onChoose, onClose }: Props) {
  const [search, setSearch] = useState("");
  const words = search.trim().toLowerCase();
  const listed = new Set(GROUPS.flatMap((one) => one.types));
  const others = [...kinds.nodes.keys()].filter((one) => !listed.has(one));
  const groups = [...GROUPS, { label: "Other", types: others }].map(({ label, types }) => ({
    label,
    kinds: types.flatMap((type) => kinds.nodes.get(type) ?? []).filter((one) => !words || `${one.title} ${one.type} ${one.description}`.toLowerCase().includes(words)),
  }));
  const filled = groups.filter((one) => one.kinds.length > 0);
  return (
    <Modal opened onClose={onClose} title={`Add a node ${where}`} size="xl" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <TextInput aria-label="Search types of nodes" placeholder="Search" leftSection={<IconSearch size={16} aria-hidden />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} data-autofocus />
        {filled.map((group) => (
          <section key={group.label} aria-label={group.label}>
            <Title order={3} size="xs" c="dimmed" tt="uppercase" mb={6}>
              {group.label}
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="xs">
              {group.kinds.map((kind) => (
                <KindButton key={kind.type} kind={kind} why={sync && kind.waits && !kind.alsoSync ? "It waits: only an asynchronous workflow can have it" : null} onChoose={onChoose} />
              ))}
            </SimpleGrid>
          </section>
        ))}
        {filled.length === 0 && <Text c="dimmed">No type of node is called so.</Text>}
      </Stack>
    </Modal>
  );
}

function KindButton({ kind, why, onChoose }: { kind: NodeKind; why: string | null; onChoose: (type: string) => void }) {
  const look = nodeLook(kind.type);
  return (
    <Tooltip label={why} disabled={!why}>
      <UnstyledButton className="wf-kind" aria-disabled={why !== null} onClick={() => !why && onChoose(kind.type)} data-type={kind.type}>
        <ThemeIcon variant="light" color={look.color} size={32} radius="md">
          <look.icon size={17} aria-hidden />
        </ThemeIcon>
        <span>
          <Text span size="sm" fw={600} display="block">
            {kind.title}
          </Text>
          <Text span size="xs" c="dimmed" display="block">
            {why ?? kind.description}
          </Text>
        </span>
      </UnstyledButton>
    </Tooltip>
  );
}
