import { ActionIcon, Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Described } from "./Described";
import { useForm } from "./formContext";
import { Properties } from "./Properties";
import type { PropertyProps } from "./PropertyInput";
import { withProperty } from "./values";

/** Objects by names that people give. */
export function MapInput(props: PropertyProps) {
  const { schema, value, onChange, path, place, name } = props;
  const { disabled } = useForm();
  const [fresh, setFresh] = useState("");
  const entries = typeof value === "object" && value !== null ? (value as Record<string, Record<string, unknown>>) : {};
  const one = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
  const title = one.title ?? name;
  const set = (changed: Record<string, unknown>) => onChange(Object.keys(changed).length > 0 ? changed : undefined);
  const add = () => {
    if (!fresh.trim() || fresh in entries) return;
    set({ ...entries, [fresh.trim()]: {} });
    setFresh("");
  };
  return (
    <Fieldset legend={schema.title ?? name} className="form-box">
      <Stack gap="sm">
        {schema.description && <Text size="xs" c="dimmed"><Described text={schema.description} /></Text>}
        {Object.entries(entries).map(([key, entry]) => (
          <Fieldset key={key} legend={`${title} ${key}`} className="form-box">
            <Stack gap="sm">
              <Properties {...props} schema={one} path={`${path}.${key}`} place={`${place}.${key}`} value={entry ?? {}} onChange={(changed) => set({ ...entries, [key]: changed })} />
              <Group justify="flex-end">
                <ActionIcon variant="subtle" color="red" aria-label={`Remove ${title} ${key}`} disabled={disabled} onClick={() => set(withProperty(entries, key, undefined))}>
                  <IconTrash size={15} />
                </ActionIcon>
              </Group>
            </Stack>
          </Fieldset>
        ))}
        <Group align="flex-end" gap="xs">
          <TextInput flex={1} label={`Key of a new ${title.toLowerCase()}`} value={fresh} onChange={(event) => setFresh(event.currentTarget.value)} disabled={disabled} />
          <Button variant="light" leftSection={<IconPlus size={14} aria-hidden />} disabled={disabled || !fresh.trim() || fresh in entries} onClick={add}>
            Add
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
