import { ActionIcon, Group, Pagination, Select, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { Collection, PageMeta } from "../../client";
import { keepPlace, placeBefore } from "./cursors";
import { lastByNumber, PAGE_SIZES, type TableState } from "./tableState";

interface Props {
  collection: Collection;
  meta: PageMeta | undefined;
  shown: number;
  state: TableState;
  /** `meta` and the rows are still those of another page: from there is no way on. */
  isStale: boolean;
  onChange: (changes: Partial<Pick<TableState, "page" | "cursor" | "size">>) => void;
}

const NUMBER = new Intl.NumberFormat();

/** Pages by number where all of them can be reached so; else on and back. */
export function Paging({ collection, meta, shown, state, isStale, onChange }: Props) {
  const pages = meta?.totalPage;
  const isNumbered = pages !== undefined && pages <= lastByNumber(state.size) && !state.cursor;
  return (
    <Group justify="space-between" p="xs" gap="xs">
      <Group gap="xs">
        <Text size="sm" c="dimmed" role="status">
          {isStale ? "" : summary(meta, shown, state)}
        </Text>
        <Select size="xs" w={110} aria-label="Rows per page" data={PAGE_SIZES.map((one) => ({ value: String(one), label: `${one} rows` }))} value={String(state.size)} onChange={(size) => size && onChange({ size: Number(size) })} allowDeselect={false} />
      </Group>
      {isNumbered ? (
        pages > 1 && <Pagination size="sm" total={pages} value={state.page} onChange={(page) => onChange({ page, cursor: null })} getControlProps={(control) => ({ "aria-label": `${control} page` })} getItemProps={(page) => ({ "aria-label": `Page ${page}` })} />
      ) : (
        <OnAndBack collection={collection} meta={meta} state={state} isStale={isStale} onChange={onChange} />
      )}
    </Group>
  );
}

/** While a page is on its way the buttons keep the focus, and do nothing: where that page ends is not known yet. */
function OnAndBack({ collection, meta, state, isStale, onChange }: Omit<Props, "shown">) {
  const hasNext = meta?.hasNext ?? state.page < (meta?.totalPage ?? 0);
  const ask = (to: () => Parameters<Props["onChange"]>[0]) => {
    if (isStale) return;
    keepPlace(collection, state);
    onChange(to());
  };
  return (
    <Group gap={4}>
      <ActionIcon variant="default" aria-label="Previous page" aria-busy={isStale} disabled={state.page === 1} onClick={() => ask(() => placeBefore(collection, state))}>
        <IconChevronLeft size={16} />
      </ActionIcon>
      <Text size="sm" px="xs">
        Page {NUMBER.format(state.page)}
        {meta?.totalPage !== undefined && ` of ${NUMBER.format(meta.totalPage)}`}
      </Text>
      <ActionIcon variant="default" aria-label="Next page" aria-busy={isStale} disabled={!isStale && !hasNext} onClick={() => ask(() => ({ page: state.page + 1, cursor: meta?.cursor ?? null }))}>
        <IconChevronRight size={16} />
      </ActionIcon>
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
