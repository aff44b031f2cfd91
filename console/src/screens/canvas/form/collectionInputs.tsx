/** Inputs that name collections, fields and associations. */
import { ActionIcon, Group, Input, MultiSelect, SegmentedControl, Select, Stack, TagsInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useSession } from "../../../app/session";
import type { Collection } from "../../../client";
import { titleOf } from "../../../model/collections";
import { inWords, isAssociation, kindOf, labelOf, shownFields } from "../../../model/fields";
import { plain } from "../variables";
import { Described } from "./Described";
import { useForm, useMistake } from "./formContext";
import { JsonValue } from "./JsonValue";
import type { PropertyProps } from "./PropertyInput";

const DEEPEST = 3;

export function CollectionInput({ schema, value, onChange, path, required, name }: PropertyProps) {
  const session = useSession();
  const { disabled } = useForm();
  const error = useMistake(path);
  const current = plain(value);
  const data = session.collections.map((one) => ({ value: one.name, label: titleOf(one) }));
  if (current && !data.some((one) => one.value === current)) data.push({ value: current, label: `${current} (not there)` });
  return <Select label={schema.title ?? inWords(name)} data={data} value={current || null} onChange={(chosen) => onChange(chosen ?? undefined)} error={error} required={required} disabled={disabled} searchable clearable={!required} placeholder="Choose a collection" nothingFoundMessage="No such collection" />;
}

function useShared({ schema, path, required, name, collection }: PropertyProps) {
  const { disabled, find } = useForm();
  const error = useMistake(path);
  return { found: find(collection ?? ""), shared: { label: schema.title ?? inWords(name), description: <Described text={schema.description} />, error, required, disabled } };
}

export function FieldChoice(props: PropertyProps) {
  const { found, shared } = useShared(props);
  const current = typeof props.value === "string" ? props.value : null;
  return <Select {...shared} data={withCurrent(fieldData(found), current ? [current] : [])} value={current} onChange={(name) => props.onChange(name ?? undefined)} searchable clearable />;
}

export function FieldsChoice(props: PropertyProps) {
  const { found, shared } = useShared(props);
  const current = Array.isArray(props.value) ? props.value.map(String) : [];
  return <MultiSelect {...shared} data={withCurrent(fieldData(found), current)} value={current} onChange={(names) => props.onChange(names.length ? names : undefined)} searchable />;
}

export function AssociationInput(props: PropertyProps) {
  const { find } = useForm();
  const { shared } = useShared(props);
  const association = (props.root["association"] ?? {}) as Record<string, unknown>;
  const owner = find(plain(association["associatedCollection"]));
  const current = typeof props.value === "string" ? props.value : null;
  const data = (owner?.fields ?? []).filter((one) => kindOf(one) === "toMany").map((one) => ({ value: one.name, label: labelOf(one) }));
  return <Select {...shared} data={withCurrent(data, current ? [current] : [])} value={current} onChange={(name) => props.onChange(name ?? undefined)} nothingFoundMessage="The collection leads to no others" />;
}

export function AppendsInput(props: PropertyProps) {
  const { find } = useForm();
  const { found, shared } = useShared(props);
  const current = Array.isArray(props.value) ? props.value.map(String) : [];
  const paths = found ? associationPaths(found, find) : [];
  if (found && paths.length === 0 && current.length === 0) return null;
  return <TagsInput {...shared} data={paths} value={current} onChange={(names) => props.onChange(names.length ? names : undefined)} placeholder={paths.length > 0 ? "Choose or type" : undefined} acceptValueOnBlur />;
}

function associationPaths(collection: Collection, find: (name: string) => Collection | undefined, above = "", depth = 1): string[] {
  return shownFields(collection).filter(isAssociation).flatMap((field) => {
    const path = `${above}${field.name}`;
    const target = field.target === collection.name || depth >= DEEPEST ? undefined : find(field.target ?? "");
    return [path, ...(target && !target.system ? associationPaths(target, find, `${path}.`, depth + 1) : [])];
  });
}

interface SortEntry {
  field: string;
  direction: string;
}

/** Fields to sort by, as rows. */
export function SortInput(props: PropertyProps) {
  const { disabled } = useForm();
  const { found, shared } = useShared(props);
  const entries = sortEntries(props.value);
  if (!found || entries === null) return <JsonValue {...shared} value={props.value} onChange={props.onChange} />;
  const set = (changed: SortEntry[]) => props.onChange(changed.length > 0 ? changed : undefined);
  const left = fieldData(found).filter((one) => !entries.some((entry) => entry.field === one.value));
  return (
    <Input.Wrapper label={shared.label} error={shared.error}>
      <Stack gap={6}>
        {entries.map((entry, index) => (
          <Group key={entry.field} gap="xs" wrap="nowrap">
            <Select flex={1} aria-label={`Sort by, ${index + 1}`} data={withCurrent(fieldData(found), [entry.field])} value={entry.field} allowDeselect={false} disabled={disabled} onChange={(field) => field && set(entries.map((old, at) => (at === index ? { ...old, field } : old)))} />
            <SegmentedControl aria-label="Direction" data={[{ value: "asc", label: "Up" }, { value: "desc", label: "Down" }]} value={entry.direction} disabled={disabled} onChange={(direction) => set(entries.map((old, at) => (at === index ? { ...old, direction } : old)))} />
            <ActionIcon variant="subtle" color="gray" aria-label={`Do not sort by ${entry.field}`} disabled={disabled} onClick={() => set(entries.filter((_, at) => at !== index))}>
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        ))}
        <Select aria-label="Add a field to sort by" placeholder="Add a field to sort by" data={left} value={null} disabled={disabled} searchable onChange={(field) => field && set([...entries, { field, direction: "asc" }])} />
      </Stack>
    </Input.Wrapper>
  );
}

function sortEntries(value: unknown): SortEntry[] | null {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : null;
  const found = list?.map((one: unknown): SortEntry | null => {
    if (typeof one === "string") return one.includes("{{") ? null : { field: one.replace(/^-/, ""), direction: one.startsWith("-") ? "desc" : "asc" };
    const entry = one as Partial<SortEntry> | null;
    return entry?.field ? { field: entry.field, direction: entry.direction === "desc" ? "desc" : "asc" } : null;
  });
  return found?.every((one) => one !== null) ? found : null;
}

function fieldData(collection: Collection | undefined): { value: string; label: string }[] {
  return collection ? shownFields(collection).filter((one) => !isAssociation(one)).map((one) => ({ value: one.name, label: labelOf(one) })) : [];
}

export function withCurrent(data: { value: string; label: string }[], current: string[]): { value: string; label: string }[] {
  return [...data, ...current.filter((one) => !data.some((known) => known.value === one)).map((one) => ({ value: one, label: one }))];
}
