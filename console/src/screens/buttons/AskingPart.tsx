import { ActionIcon, Box, Button, Checkbox, Group, JsonInput, Select, SimpleGrid, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Row } from "../../client";
import { TypedNumber } from "../../forms/TypedNumber";
import type { PartProps } from "./ButtonScreen";
import { emptyField, FIELD_TYPES, fieldsOfSchema, hasChoices, isNumeric, retitled, schemaOf, type FieldType, type FormField } from "./formFields";

export function AskingPart({ draft, set, errors }: PartProps) {
  const { fields } = draft;
  const put = (index: number, field: FormField) => set({ fields: fields.map((one, at) => (at === index ? field : one)) });
  return (
    <>
      <Textarea label="Question" description="Asked before it runs; empty: it runs at once" value={draft.confirm} onChange={(event) => set({ confirm: event.currentTarget.value })} autosize minRows={1} error={errors["confirm"]} />
      <Group justify="space-between" mt="xs">
        <Text fw={600} size="sm">
          Form
        </Text>
        <Button size="compact-sm" variant="subtle" onClick={() => (draft.rawForm ? backToFields() : set({ rawForm: schemaOf(fields) ?? { type: "object", properties: {} } }))} disabled={draft.rawForm !== null && fieldsOfSchema(draft.rawForm) === null}>
          {draft.rawForm ? "Edit as fields" : "Edit as JSON Schema"}
        </Button>
      </Group>
      {errors["form"] && (
        <Text size="sm" c="red" role="alert">
          {errors["form"]}
        </Text>
      )}
      {draft.rawForm ? (
        <SchemaInput value={draft.rawForm} onChange={(rawForm) => set({ rawForm })} />
      ) : (
        <Stack gap="sm">
          {fields.length === 0 && (
            <Text size="sm" c="dimmed">
              No form: nothing is asked for.
            </Text>
          )}
          {fields.map((field, index) => (
            <FieldRow
              key={field.id}
              field={field}
              number={index + 1}
              onChange={(changed) => put(index, changed)}
              onRemove={() => set({ fields: fields.filter((one) => one.id !== field.id) })}
              onUp={index > 0 ? () => set({ fields: swapped(fields, index - 1) }) : undefined}
              onDown={index < fields.length - 1 ? () => set({ fields: swapped(fields, index) }) : undefined}
            />
          ))}
          <Group>
            <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set({ fields: [...fields, emptyField()] })}>
              Add a field
            </Button>
          </Group>
        </Stack>
      )}
    </>
  );

  function backToFields() {
    const found = fieldsOfSchema(draft.rawForm);
    if (found) set({ fields: found, rawForm: null });
  }
}

interface FieldRowProps {
  field: FormField;
  number: number;
  onChange: (field: FormField) => void;
  onRemove: () => void;
  onUp?: () => void;
  onDown?: () => void;
}

function FieldRow({ field, number, onChange, onRemove, onUp, onDown }: FieldRowProps) {
  const set = (changes: Partial<FormField>) => onChange({ ...field, ...changes });
  const name = field.title || field.name || `field ${number}`;
  return (
    <Box p="sm" component="section" aria-label={`Field ${number}`} className="boxed">
      <Stack gap="xs">
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="xs">
          <TextInput label="Title" value={field.title} onChange={(event) => onChange(retitled(field, event.currentTarget.value))} />
          <TextInput label="Name" value={field.name} onChange={(event) => set({ name: event.currentTarget.value })} required />
          <Select label="Type" data={FIELD_TYPES} value={field.type} onChange={(type) => type && set({ type: type as FieldType })} allowDeselect={false} />
        </SimpleGrid>
        {hasChoices(field.type) && <TagsInput label="Choices" value={field.choices} onChange={(choices) => set({ choices })} placeholder="Type and press Enter" required />}
        {isNumeric(field.type) && (
          <SimpleGrid cols={2} spacing="xs">
            <TypedNumber label="At least" value={field.least} onChange={(least) => set({ least })} />
            <TypedNumber label="At most" value={field.most} onChange={(most) => set({ most })} />
          </SimpleGrid>
        )}
        <TextInput label="Help" value={field.description} onChange={(event) => set({ description: event.currentTarget.value })} />
        <Group justify="space-between">
          <Checkbox label="Required" checked={field.required} onChange={(event) => set({ required: event.currentTarget.checked })} />
          <Group gap={4}>
            <ActionIcon variant="subtle" color="gray" aria-label={`Move ${name} up`} disabled={!onUp} onClick={onUp}>
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="gray" aria-label={`Move ${name} down`} disabled={!onDown} onClick={onDown}>
              <IconArrowDown size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="red" aria-label={`Remove ${name}`} onClick={onRemove}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        </Group>
      </Stack>
    </Box>
  );
}

/** A schema as text; while it is no JSON, the last one that was counts. */
function SchemaInput({ value, onChange }: { value: Row; onChange: (value: Row) => void }) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const parsed = objectIn(text);
  return (
    <JsonInput
      label="JSON Schema of the form"
      value={text}
      onChange={(typed) => {
        setText(typed);
        const found = objectIn(typed);
        if (found) onChange(found);
      }}
      error={parsed ? undefined : "This is no JSON object yet"}
      autosize
      minRows={8}
      maxRows={24}
    />
  );
}

export function objectIn(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}

function swapped(fields: FormField[], at: number): FormField[] {
  const next = [...fields];
  const [a, b] = [next[at], next[at + 1]];
  if (a && b) [next[at], next[at + 1]] = [b, a];
  return next;
}
