import { ActionIcon, Fieldset, Group, Select, Stack, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { FieldInput } from "../../../forms/FieldInput";
import type { Collection, Field, Row } from "../../../client";
import { isAssociation, kindOf, labelOf } from "../../../model/fields";
import { Described } from "./Described";
import { useForm, useMistake } from "./formContext";
import { JsonValue } from "./JsonValue";
import type { PropertyProps } from "./PropertyInput";
import { TemplateInput } from "./TemplateInput";
import { isTemplate, withProperty } from "./values";
import { VariablePicker } from "./VariablePicker";

/** The values of a record, with the fields that its collection has. */
export function ValuesInput({ schema, value, onChange, path, collection, required }: PropertyProps) {
  const { find, disabled, problems } = useForm();
  const error = useMistake(path);
  const found = find(collection ?? "");
  const label = schema.title ?? "Values";
  if (typeof value === "string" || (!found && value !== undefined)) return <JsonValue label={label} description={<Described text={schema.description} />} error={error} required={required} value={value} onChange={onChange} />;
  if (!found) return <Text size="sm" c="dimmed">{label}: choose a collection first.</Text>;
  const values = (value ?? {}) as Row;
  const fields = settable(found);
  const byName = new Map(fields.map((one) => [nameIn(one), one]));
  const set = (changed: Row) => onChange(Object.keys(changed).length > 0 ? changed : undefined);
  const left = fields.filter((one) => !(nameIn(one) in values));
  const own = problems.filter((one) => one.path === path || (one.path?.startsWith(`${path}.`) && !((one.path.slice(path.length + 1).split(".")[0] ?? "") in values)));
  return (
    <Fieldset legend={label} className="form-box">
      <Stack gap="sm">
        {own.map((one, index) => <Text key={index} size="sm" c="red">{one.message}</Text>)}
        {Object.entries(values).map(([name, one]) => (
          <ValueRow key={name} name={name} field={byName.get(name)} value={one} path={`${path}.${name}`} onChange={(changed) => set({ ...values, [name]: changed })} onRemove={() => set(withProperty(values, name, undefined))} />
        ))}
        <Select aria-label="Set a field" placeholder="Set a field…" data={left.map((one) => ({ value: nameIn(one), label: `${labelOf(one)}${one.required ? " *" : ""}` }))} value={null} disabled={disabled} searchable onChange={(name) => name && set({ ...values, [name]: byName.get(name)?.defaultValue ?? (kindOf(byName.get(name) as Field) === "boolean" ? true : null) })} nothingFoundMessage="Every field is set" />
      </Stack>
    </Fieldset>
  );
}

interface RowProps {
  name: string;
  field: Field | undefined;
  value: unknown;
  path: string;
  onChange: (value: unknown) => void;
  onRemove: () => void;
}

const AS_TEXT = new Set(["text", "longText"]);

function ValueRow({ name, field, value, path, onChange, onRemove }: RowProps) {
  const { variables, disabled } = useForm();
  const error = useMistake(path);
  const plain = field && !AS_TEXT.has(kindOf(field)) && !isTemplate(value);
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      {plain ? (
        <Group flex={1} gap={4} wrap="nowrap" align="flex-end">
          <div style={{ flex: 1 }}>
            <FieldInput field={{ ...field, required: false }} value={value} onChange={onChange} error={error} disabled={disabled} />
          </div>
          <VariablePicker variables={variables} label={`Use a variable for ${labelOf(field)}`} onPick={onChange} disabled={disabled} />
        </Group>
      ) : (
        <TemplateInput label={field ? labelOf(field) : name} value={value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)} onChange={(text) => onChange(text === "" ? null : text)} error={error} long={field && kindOf(field) === "longText"} />
      )}
      <ActionIcon variant="subtle" color="gray" mt={26} aria-label={`Do not set ${field ? labelOf(field) : name}`} disabled={disabled} onClick={onRemove}>
        <IconTrash size={15} />
      </ActionIcon>
    </Group>
  );
}

/** A to-one partner is set by its foreign key. */
function nameIn(field: Field): string {
  return field.type === "belongsTo" && field.foreignKey ? field.foreignKey : field.name;
}

function settable(collection: Collection): Field[] {
  const keys = new Set(collection.fields.filter(isAssociation).map((one) => one.foreignKey));
  return collection.fields.filter((one) => !one.readOnly && one.name !== "id" && (isAssociation(one) || !keys.has(one.name)));
}
