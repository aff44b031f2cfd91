import { ActionIcon, Button, Fieldset, Group, Stack, Text } from "@mantine/core";
import { IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { Described } from "./Described";
import { useForm } from "./formContext";
import { Properties } from "./Properties";
import type { PropertyProps } from "./PropertyInput";

/** A list of objects, each with a form of its own. */
export function ListInput(props: PropertyProps) {
  const { schema, value, onChange, path, place } = props;
  const { disabled, problems } = useForm();
  const items = Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
  const title = schema.title ?? props.name;
  const one = schema.items ?? {};
  const own = problems.filter((problem) => problem.path === path);
  const set = (changed: unknown[]) => onChange(changed.length > 0 ? changed : undefined);
  return (
    <Fieldset legend={title} className="form-box">
      <Stack gap="sm">
        {schema.description && <Text size="xs" c="dimmed"><Described text={schema.description} /></Text>}
        {own.map((problem, index) => <Text key={index} size="sm" c="red">{problem.message}</Text>)}
        {items.map((item, index) => (
          <Fieldset key={index} legend={`${one.title ?? title.replace(/s$/, "")} ${index + 1}`} className="form-box">
            <Stack gap="sm">
              <Properties {...props} schema={one} path={`${path}.${index}`} place={`${place}.${index}`} value={typeof item === "object" && item !== null ? item : {}} onChange={(changed) => set(items.map((old, at) => (at === index ? changed : old)))} />
              <Group gap={4} justify="flex-end">
                {index > 0 && (
                  <ActionIcon variant="subtle" color="gray" aria-label={`Move ${index + 1} up`} disabled={disabled} onClick={() => set(items.map((old, at) => (at === index - 1 ? item : at === index ? items[index - 1] : old)))}>
                    <IconArrowUp size={15} />
                  </ActionIcon>
                )}
                <ActionIcon variant="subtle" color="red" aria-label={`Remove ${index + 1}`} disabled={disabled} onClick={() => set(items.filter((_, at) => at !== index))}>
                  <IconTrash size={15} />
                </ActionIcon>
              </Group>
            </Stack>
          </Fieldset>
        ))}
        <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} aria-hidden />} disabled={disabled} onClick={() => set([...items, {}])} aria-label={`Add to ${title}`}>
          Add
        </Button>
      </Stack>
    </Fieldset>
  );
}
