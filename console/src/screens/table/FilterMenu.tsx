import { ActionIcon, Badge, Button, CloseButton, Group, Popover, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { IconFilter, IconPlus } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Field, Filter } from "../../client";
import { labelOf } from "../../model/fields";
import { fromFilter, missingSide, NO_CONDITIONS, toFilter, withoutGone, type Condition, type Conditions } from "../../model/filters";
import { operatorsOf } from "../../model/operators";
import { FilterValue } from "./FilterValue";

interface Props {
  fields: Field[];
  filter: Filter | null;
  onChange: (filter: Filter | null) => void;
}

export function FilterMenu({ fields, filter, onChange }: Props) {
  const [opened, setOpened] = useState(false);
  const asked = fromFilter(filter, fields);
  const [draft, setDraft] = useState<Conditions>(NO_CONDITIONS);
  const left = filter && !asked ? withoutGone(filter, fields) : null;
  const known = asked ?? (left && left.gone.length > 0 ? fromFilter(left.filter, fields) : null);
  const more = useRef<HTMLButtonElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const [isSent, setSent] = useState(false);
  const usable = fields.filter((one) => operatorsOf(one).length > 0);

  function open() {
    setDraft(known && known.rows.length > 0 ? known : { all: true, rows: [firstRow(usable)] });
    setSent(false);
    setOpened(true);
  }
  function close() {
    setOpened(false);
    opener.current?.focus();
  }
  function apply(form: HTMLElement) {
    const isHalf = draft.rows.some((row) => {
      const field = fields.find((one) => one.name === row.field);
      return field && missingSide(row, field) !== null;
    });
    if (isHalf) {
      flushSync(() => setSent(true));
      form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
      return;
    }
    onChange(toFilter(draft, fields));
    close();
  }
  const set = (index: number, row: Condition) => setDraft({ ...draft, rows: draft.rows.map((one, at) => (at === index ? row : one)) });

  return (
    <Group gap={4}>
      <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" trapFocus closeOnClickOutside={false} closeOnEscape={false} width={620} styles={{ dropdown: { maxWidth: "calc(100vw - 24px)" } }}>
        <Popover.Target>
          <Button ref={opener} size="compact-sm" variant={filter ? "light" : "subtle"} color={filter ? undefined : "gray"} leftSection={<IconFilter size={16} aria-hidden />} onClick={() => (opened ? close() : open())} aria-expanded={opened}>
            Filter
            {filter && (
              <Badge size="sm" circle ml={6}>
                {asked ? asked.rows.length : "!"}
              </Badge>
            )}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              apply(event.currentTarget);
            }}
            // Within a list of choices the key closes only that.
            onKeyDown={(event) => event.key === "Escape" && (event.target as HTMLElement).ariaExpanded !== "true" && close()}
          >
            <Stack gap="sm">
              {left && (
                <Text size="sm" c="dimmed">
                  {known ? `There is no field ${left.gone.map((one) => `“${one}”`).join(", ")} any more. Applying leaves that condition out.` : "This filter was written by hand. Applying replaces it."}
                </Text>
              )}
              {draft.rows.map((row, index) => (
                <ConditionRow
                  key={index}
                  row={row}
                  fields={usable}
                  isSent={isSent}
                  onChange={(changed) => set(index, changed)}
                  onRemove={() => {
                    setDraft({ ...draft, rows: draft.rows.filter((_, at) => at !== index) });
                    // Its button is gone: who works by keys goes on from here.
                    more.current?.focus();
                  }}
                />
              ))}
              <Group justify="space-between">
                <Group gap="xs">
                  <Button ref={more} size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setDraft({ ...draft, rows: [...draft.rows, firstRow(usable)] })}>
                    Condition
                  </Button>
                  {draft.rows.length > 1 && <SegmentedControl size="xs" aria-label="How the conditions are joined" value={draft.all ? "all" : "any"} onChange={(value) => setDraft({ ...draft, all: value === "all" })} data={[{ value: "all", label: "All hold" }, { value: "any", label: "Any holds" }]} />}
                </Group>
                <Group gap="xs">
                  <Button size="compact-sm" variant="default" onClick={close}>
                    Cancel
                  </Button>
                  <Button size="compact-sm" type="submit">
                    Apply
                  </Button>
                </Group>
              </Group>
            </Stack>
          </form>
        </Popover.Dropdown>
      </Popover>
      {filter && (
        <CloseButton
          size="sm"
          aria-label="Remove the filter"
          onClick={() => {
            onChange(null);
            close();
          }}
        />
      )}
    </Group>
  );
}

interface RowProps {
  row: Condition;
  fields: Field[];
  isSent: boolean;
  onChange: (row: Condition) => void;
  onRemove: () => void;
}

function ConditionRow({ row, fields, isSent, onChange, onRemove }: RowProps) {
  const field = fields.find((one) => one.name === row.field);
  const operators = field ? operatorsOf(field) : [];
  return (
    <Group gap="xs" align="flex-start">
      <Select
        aria-label="Field"
        data={fields.map((one) => ({ value: one.name, label: labelOf(one) }))}
        value={row.field}
        onChange={(name) => {
          const next = fields.find((one) => one.name === name);
          if (next) onChange({ field: next.name, operator: operatorsOf(next)[0]?.name ?? "$eq", value: null });
        }}
        searchable
        // What is typed is another name, and not the end of this one.
        onFocus={(event) => event.currentTarget.select()}
        openOnFocus={false}
        allowDeselect={false}
        w={{ base: "100%", xs: "32%" }}
      />
      <Select aria-label="Operator" data={operators.map((one) => ({ value: one.name, label: one.label }))} value={row.operator} onChange={(name) => name && onChange({ ...row, operator: name, value: null })} allowDeselect={false} w={{ base: "42%", xs: "28%" }} />
      <Group flex={1} gap={4} align="flex-start" miw={Array.isArray(row.value) || operators.find((one) => one.name === row.operator)?.operand === "two" ? 200 : 100}>
        {field && <FilterValue field={field} row={row} isSent={isSent} onChange={(value) => onChange({ ...row, value })} />}
      </Group>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Remove the condition" onClick={onRemove}>
        ×
      </ActionIcon>
    </Group>
  );
}

function firstRow(fields: Field[]): Condition {
  const [field] = fields;
  return { field: field?.name ?? "id", operator: field ? (operatorsOf(field)[0]?.name ?? "$eq") : "$eq", value: null };
}
