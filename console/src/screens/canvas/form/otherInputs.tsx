/** Inputs that name users, roles, workflows and nodes. */
import { Group, Select, Stack, TagsInput, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { client } from "../../../app/client";
import { useSession } from "../../../app/session";
import { AssociationSelect } from "../../../forms/AssociationSelect";
import { titleOfNode } from "../tree";
import { readable } from "../variables";
import { withCurrent } from "./collectionInputs";
import { Described } from "./Described";
import { useForm, useMistake } from "./formContext";
import type { PropertyProps } from "./PropertyInput";
import { isTemplate } from "./values";
import { VariablePicker } from "./VariablePicker";

function useShared({ schema, path, name, required }: PropertyProps) {
  const { disabled } = useForm();
  return { label: schema.title ?? name, description: <Described text={schema.description} />, error: useMistake(path), disabled, required };
}

export function RolesInput(props: PropertyProps) {
  const session = useSession();
  const shared = useShared(props);
  const asked = useQuery({
    queryKey: ["roles", "names"],
    queryFn: async ({ signal }) => (await client.resource<{ name: string; title: string | null }>("roles").list({ pageSize: 200, signal })).rows,
    enabled: session.isIn("roles"),
    staleTime: 60_000,
  });
  const current = Array.isArray(props.value) ? props.value.map(String) : [];
  return <TagsInput {...shared} data={(asked.data ?? session.roles).map((one) => one.name)} value={current} onChange={(names) => props.onChange(names.length ? names : undefined)} placeholder="Everybody" acceptValueOnBlur />;
}

export function WorkflowInput(props: PropertyProps) {
  const shared = useShared(props);
  const asked = useQuery({
    queryKey: ["workflows", { current: true, for: "select" }],
    queryFn: async ({ signal }) => (await client.resource<{ key: string; title: string | null }>("workflows").list({ filter: { current: true }, fields: ["key", "title"], pageSize: 200, signal })).rows,
    staleTime: 30_000,
  });
  const current = typeof props.value === "string" ? props.value : null;
  const data = (asked.data ?? []).map((one) => ({ value: one.key, label: one.title || one.key }));
  return <Select {...shared} data={withCurrent(data, current ? [current] : [])} value={current} onChange={(key) => props.onChange(key ?? undefined)} searchable nothingFoundMessage="No such workflow" />;
}

/** An earlier variable node that gets the value. */
export function VariableTarget(props: PropertyProps) {
  const { before } = useForm();
  const shared = useShared(props);
  const current = typeof props.value === "string" ? props.value : null;
  const data = before.filter((one) => one.type === "variable" && !one.config?.["target"]).map((one) => ({ value: one.key, label: titleOfNode(one) }));
  return <Select {...shared} data={withCurrent(data, current ? [current] : [])} value={current} onChange={(key) => props.onChange(key ?? undefined)} clearable placeholder="A new variable" />;
}

/** Users by name, and templates that give some; filters on users are kept as they are. */
export function UsersInput(props: PropertyProps) {
  const { variables, disabled } = useForm();
  const shared = useShared(props);
  const entries = Array.isArray(props.value) ? (props.value as unknown[]) : [];
  const templates = entries.filter(isTemplate);
  const ids = entries.filter((one) => typeof one === "number" || (typeof one === "string" && !isTemplate(one)));
  const others = entries.filter((one) => typeof one === "object");
  const set = (changed: unknown[]) => props.onChange(changed.length > 0 ? changed : undefined);
  return (
    <Stack gap={6}>
      <Group gap={4} align="flex-end" wrap="nowrap">
        <div style={{ flex: 1 }}>
          <AssociationSelect field={{ name: props.name, type: "hasMany", target: "users" }} label={shared.label} value={ids} error={shared.error} disabled={disabled} onChange={(chosen) => set([...(chosen as unknown[]), ...templates, ...others])} />
        </div>
        <VariablePicker variables={variables} disabled={disabled} label="Add people by a variable" onPick={(template) => set([...ids, ...templates, template, ...others])} />
      </Group>
      {templates.length > 0 && <TagsInput aria-label={`${shared.label} by variables`} value={templates} onChange={(texts) => set([...ids, ...texts, ...others])} disabled={disabled} description={templates.map((one) => readable(one, variables)).join(", ")} />}
      {others.length > 0 && <Text size="xs" c="dimmed">And users by {others.length === 1 ? "a filter" : `${others.length} filters`}, to be seen as JSON.</Text>}
    </Stack>
  );
}
