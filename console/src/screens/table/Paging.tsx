import { ActionIcon, Group, Pagination, Select, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { PageMeta } from "../../client";
import { PAGE_SIZES, type TableState } from "./tableState";

interface Props {
  meta: PageMeta | undefined;
  shown: number;
  state: TableState;
  onChange: (changes: Partial<TableState>) => void;
}

const NUMBER = new Intl.NumberFormat();

/** Pages by number where they are counted; else on and back. */
export function Paging({ meta, shown, state, onChange }: Props) {
  return (
    <Group justify="space-between" p="xs" gap="xs">
      <Group gap="xs">
        <Text size="sm" c="dimmed" role="status">
          {summary(meta, shown, state)}
        </Text>
        <Select size="xs" w={110} aria-label="Rows per page" data={PAGE_SIZES.map((one) => ({ value: String(one), label: `${one} rows` }))} value={String(state.size)} onChange={(size) => size && onChange({ size: Number(size) })} allowDeselect={false} />
      </Group>
      {meta?.totalPage === undefined ? (
        <Group gap={4}>
          <ActionIcon variant="default" aria-label="Previous page" disabled={state.page === 1} onClick={() => onChange({ page: state.page - 1, cursor: null })}>
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Text size="sm" px="xs">
            Page {state.page}
          </Text>
          <ActionIcon variant="default" aria-label="Next page" disabled={!meta?.hasNext} onClick={() => onChange({ page: state.page + 1, cursor: meta?.cursor ?? null })}>
            <IconChevronRight size={16} />
          </ActionIcon>
        </Group>
      ) : (
        meta.totalPage > 1 && (
          <Pagination size="sm" total={meta.totalPage} value={state.page} onChange={(page) => onChange({ page, cursor: null })} getControlProps={(control) => ({ "aria-label": `${control} page` })} getItemProps={(page) => ({ "aria-label": `Page ${page}` })} />
        )
      )}
    </Group>
  );
}

function summary(meta: PageMeta | undefined, shown: number, state: TableState): string {
  if (!meta) return "";
  const from = (state.page - 1) * state.size + 1;
  if (meta.count === 0 || shown === 0) return "No rows";
  const of = meta.count !== undefined ? NUMBER.format(meta.count) : `more than ${NUMBER.format(Math.max(meta.countAtLeast ?? 0, from + shown - 1) - 1)}`;
  return `${NUMBER.format(from)}–${NUMBER.format(from + shown - 1)} of ${of}`;
}
