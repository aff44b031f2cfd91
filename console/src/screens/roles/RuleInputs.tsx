import { Fieldset, Group, JsonInput, MultiSelect, SegmentedControl, Stack, Switch, TagsInput, Text } from "@mantine/core";
import type { Collection } from "../../client";
import { labelOf, shownFields } from "../../model/fields";
import { parseFilter } from "../../model/filters";
import { FilterMenu } from "../table/FilterMenu";
import { ACTIONS, labelOfAction, type Reach, type RuleDraft } from "./role";
import type { RuleErrors } from "./ruleMistakes";

interface Props {
  draft: RuleDraft;
  /** `undefined`: not in one's own view, so that its fields are not known here. */
  collection: Collection | undefined;
  errors: RuleErrors;
  onChange: (draft: RuleDraft) => void;
}

const REACHES: { value: Reach; label: string }[] = [
  { value: "none", label: "No" },
  { value: "own", label: "Own" },
  { value: "all", label: "All" },
  { value: "filter", label: "Some" },
];

/** The rule of one action: on which records, and which fields of them. */
export function RuleInputs({ draft, collection, errors, onChange }: Props) {
  const action = ACTIONS.find((one) => one.name === draft.name);
  const label = labelOfAction(draft.name);
  const reaches = REACHES.filter((one) => !action?.withoutRecord || one.value === "none" || one.value === "all" || one.value === draft.reach);
  const choices = reaches.map((one) => (action?.withoutRecord && one.value === "all" ? { ...one, label: "Yes" } : one));
  const allows = draft.reach !== "none";
  return (
    <Fieldset legend={label} radius="md" p="sm">
      <Stack gap="xs">
        <Group gap="sm">
          <SegmentedControl size="xs" aria-label={`${label}: on which records`} data={choices} value={draft.reach} onChange={(reach) => onChange({ ...draft, reach: reach as Reach })} />
          {action && (
            <Text size="xs" c="dimmed">
              {action.hint}
            </Text>
          )}
        </Group>
        {errors.name && (
          <Text size="sm" c="red" role="alert">
            {errors.name}
          </Text>
        )}
        {draft.reach === "filter" && <Scope draft={draft} label={label} collection={collection} error={errors.scope} onChange={onChange} />}
        {allows && (action?.hasFields || draft.fields !== null) && <Fields draft={draft} label={label} collection={collection} error={errors.fields} onChange={onChange} />}
      </Stack>
    </Fieldset>
  );
}

type PartProps = Omit<Props, "errors"> & { label: string; error?: string };

/** The filter put together by clicks, or written: it may name who asks, `{{$user.id}}`. */
function Scope({ draft, label, collection, error, onChange }: PartProps) {
  return (
    <Stack gap={4}>
      {collection && (
        // The menu has a form of its own, whose submission is not that of the rules.
        <div onSubmit={(event) => event.stopPropagation()}>
          <FilterMenu fields={shownFields(collection)} filter={parseFilter(draft.filter)} onChange={(filter) => onChange({ ...draft, filter: filter ? JSON.stringify(filter, null, 2) : "" })} />
        </div>
      )}
      <JsonInput
        aria-label={`${label}: filter`}
        description="May name {{$user.id}} and the user's other fields, {{$nRole}}, {{$now}} and {{$nDate.today}}"
        placeholder={'{"createdById": "{{$user.id}}"}'}
        value={draft.filter}
        onChange={(filter) => onChange({ ...draft, filter })}
        error={error}
        autosize
        minRows={2}
        maxRows={10}
      />
    </Stack>
  );
}

function Fields({ draft, label, collection, error, onChange }: PartProps) {
  const names = draft.fields;
  const known = collection ? shownFields(collection).filter((one) => draft.name === "view" || !one.readOnly) : [];
  const offered = new Set(known.map((one) => one.name));
  const shared = { "aria-label": `${label}: fields`, value: names ?? [], onChange: (fields: string[]) => onChange({ ...draft, fields }), error, placeholder: names?.length ? undefined : "No field" };
  return (
    <Stack gap={6}>
      <Switch size="xs" label="All fields" aria-label={`${label}: all fields`} checked={names === null} onChange={(event) => onChange({ ...draft, fields: event.currentTarget.checked ? null : known.map((one) => one.name) })} />
      {names !== null && collection && <MultiSelect {...shared} data={[...known.map((one) => ({ value: one.name, label: labelOf(one) })), ...names.filter((one) => !offered.has(one)).map((one) => ({ value: one, label: one }))]} searchable clearable />}
      {names !== null && !collection && <TagsInput {...shared} />}
    </Stack>
  );
}
