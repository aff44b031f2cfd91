import { Button, Checkbox, Popover, ScrollArea, Stack } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { startTransition, useOptimistic } from "react";
import type { Field } from "../../client";
import { labelOf } from "../../model/fields";

interface Props {
  fields: Field[];
  columns: string[];
  onChange: (columns: string[]) => void;
}

export function ColumnChoice({ fields, columns, onChange }: Props) {
  // The address follows in its own time: until it is there, what was chosen counts.
  const [chosen, choose] = useOptimistic(columns);
  const shown = new Set(chosen);
  const toggle = (name: string) =>
    startTransition(() => {
      const next = fields.map((one) => one.name).filter((one) => (one === name ? !shown.has(one) : shown.has(one)));
      choose(next);
      onChange(next);
    });
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconColumns3 size={16} aria-hidden />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={320} type="auto">
          <Stack gap="xs">
            {fields.map((field) => (
              <Checkbox key={field.name} label={labelOf(field)} checked={shown.has(field.name)} disabled={chosen.length === 1 && shown.has(field.name)} onChange={() => toggle(field.name)} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
