import { ActionIcon, Button, Fieldset, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { Field } from "../../../client";
import { isAssociation, labelOf, shownFields } from "../../../model/fields";
import { operandOf, type Condition, type Conditions } from "../../../model/filters";
import { constantOf, operatorsOf } from "../../../model/operators";
import { FilterValue } from "../../table/FilterValue";
import { Described } from "./Described";
import { useForm, useMistake } from "./formContext";
import { JsonValue } from "./JsonValue";
import { filterOf, rowsOf } from "./nodeFilter";
import type { PropertyProps } from "./PropertyInput";
import { TemplateInput } from "./TemplateInput";
import { isTemplate } from "./values";
import { VariablePicker } from "./VariablePicker";

/** Which records are meant, as rows of conditions; a filter of another form as JSON. */
export function FilterInput({ type, schema, value, onChange, path, collection, required }: PropertyProps) {
  const { find, disabled } = useForm();
  const error = useMistake(path);
  const found = find(type === "manual" || type === "cc" ? (collection ?? "users") : (collection ?? ""));
  const fields = found ? shownFields(found).filter((one) => !isAssociation(one) || one.type === "belongsTo").filter((one) => operatorsOf(one).length > 0) : [];
  const rows = found ? rowsOf(value, fields) : null;
  const label = schema.title ?? "Filter";
  if (!rows) {
    if (!found && value === undefined) return <Text size="sm" c="dimmed">{label}: choose a collection first.</Text>;
    return <JsonValue label={label} description={<Described text={schema.description} />} error={error} required={required} value={value} onChange={onChange} />;
  }
  const set = (changed: Conditions) => onChange(filterOf(changed, fields));
  const setRow = (index: number, row: Condition) => set({ ...rows, rows: rows.rows.map((one, at) => (at === index ? row : one)) });
  const first = fields[0];
  return (
    <Fieldset legend={label} className="form-box">
      <Stack gap="xs">
        {error && <Text size="sm" c="red" role="alert">{error}</Text>}
        {rows.rows.length === 0 && <Text size="sm" c="dimmed">No condition: every record is meant.</Text>}
        {rows.rows.map((row, index) => (
          <FilterRow key={index} row={row} fields={fields} onChange={(changed) => setRow(index, changed)} onRemove={() => set({ ...rows, rows: rows.rows.filter((_, at) => at !== index) })} />
        ))}
        <Group justify="space-between">
          <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} aria-hidden />} disabled={disabled || !first} onClick={() => first && set({ ...rows, rows: [...rows.rows, { field: first.name, operator: operatorsOf(first)[0]?.name ?? "$eq", value: null }] })}>
            Condition
          </Button>
          {rows.rows.length > 1 && <SegmentedControl size="xs" aria-label="How the conditions are joined" value={rows.all ? "all" : "any"} disabled={disabled} onChange={(how) => set({ ...rows, all: how === "all" })} data={[{ value: "all", label: "All hold" }, { value: "any", label: "Any holds" }]} />}
        </Group>
      </Stack>
    </Fieldset>
  );
}

interface RowProps {
  row: Condition;
  fields: Field[];
  onChange: (row: Condition) => void;
  onRemove: () => void;
}

function FilterRow({ row, fields, onChange, onRemove }: RowProps) {
  const { variables, disabled } = useForm();
  const field = fields.find((one) => one.name === row.field);
  if (!field) return null;
  const hasOperand = constantOf(operandOf(row, field)) === undefined;
  const choose = (name: string | null) => {
    const next = fields.find((one) => one.name === name);
    if (next) onChange({ field: next.name, operator: operatorsOf(next)[0]?.name ?? "$eq", value: null });
  };
  return (
    <Stack gap={4}>
      <Group gap="xs" wrap="nowrap">
        <Select aria-label="Field" flex={1} data={fields.map((one) => ({ value: one.name, label: labelOf(one) }))} value={row.field} onChange={choose} searchable allowDeselect={false} disabled={disabled} />
        <Select aria-label="Operator" flex={1} data={operatorsOf(field).map((one) => ({ value: one.name, label: one.label }))} value={row.operator} onChange={(name) => name && onChange({ ...row, operator: name, value: isTemplate(row.value) ? row.value : null })} allowDeselect={false} disabled={disabled} />
        <ActionIcon variant="subtle" color="gray" aria-label="Remove the condition" disabled={disabled} onClick={onRemove}>
          <IconTrash size={15} />
        </ActionIcon>
      </Group>
      {hasOperand &&
        (isTemplate(row.value) ? (
          <TemplateInput ariaLabel="Value" value={row.value} onChange={(text) => onChange({ ...row, value: text === "" ? null : text })} />
        ) : (
          <Group gap={4} wrap="nowrap" align="center">
            <FilterValue field={field} row={row} onChange={(value) => onChange({ ...row, value })} />
            <VariablePicker variables={variables} label="Use a variable as the value" disabled={disabled} onPick={(template) => onChange({ ...row, value: template })} />
          </Group>
        ))}
    </Stack>
  );
}
