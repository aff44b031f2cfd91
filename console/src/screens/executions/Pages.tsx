import { ActionIcon, Group, Pagination, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { PageMeta } from "../../client";

interface Props {
  meta: PageMeta | undefined;
  page: number;
  /** How many rows this page has. */
  shown: number;
  onChange: (page: number) => void;
}

const NUMBER = new Intl.NumberFormat();

/** Pages by number where they are counted; else on and back. */
export function Pages({ meta, page, shown, onChange }: Props) {
  if (!meta || (page === 1 && shown === 0)) return null;
  const from = (page - 1) * meta.pageSize + 1;
  const of = meta.count === undefined ? `at least ${NUMBER.format(Math.max(meta.countAtLeast ?? 0, from + shown - 1))}` : NUMBER.format(meta.count);
  return (
    <Group justify="space-between" p="xs">
      <Text size="sm" c="dimmed" role="status">
        {shown === 0 ? "Nothing on this page" : `${NUMBER.format(from)}–${NUMBER.format(from + shown - 1)} of ${of}`}
      </Text>
      {meta.totalPage === undefined ? (
        <Group gap={4}>
          <ActionIcon variant="default" aria-label="Previous page" disabled={page === 1} onClick={() => onChange(page - 1)}>
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Text size="sm" px="xs">
            Page {page}
          </Text>
          <ActionIcon variant="default" aria-label="Next page" disabled={!meta.hasNext} onClick={() => onChange(page + 1)}>
            <IconChevronRight size={16} />
          </ActionIcon>
        </Group>
      ) : (
        (meta.totalPage > 1 || page > 1) && <Pagination size="sm" total={Math.max(1, meta.totalPage)} value={page} onChange={onChange} getControlProps={(control) => ({ "aria-label": `${control} page` })} getItemProps={(item) => ({ "aria-label": `Page ${item}` })} />
      )}
    </Group>
  );
}
