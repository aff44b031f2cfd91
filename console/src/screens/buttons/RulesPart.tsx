import { Button, Group, Input, JsonInput, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../app/session";
import type { Field, Filter } from "../../client";
import { shownFields } from "../../model/fields";
import { fromFilter } from "../../model/filters";
import { FilterMenu } from "../table/FilterMenu";
import { useRoles } from "./api";
import { objectIn } from "./AskingPart";
import { inConditions } from "./buttonDraft";
import type { PartProps } from "./ButtonScreen";

export function RulesPart({ draft, set, errors }: PartProps) {
  const session = useSession();
  const roles = useRoles();
  const collection = session.collection(draft.collection ?? "");
  const fields = collection ? shownFields(collection) : [];
  const data = roles.map((one) => ({ value: one.name, label: one.title || one.name }));
  for (const one of draft.roles) if (!data.some((known) => known.value === one)) data.push({ value: one, label: one });
  return (
    <>
      <MultiSelect label="Roles" description="None: everybody who is signed in" data={data} value={draft.roles} onChange={(chosen) => set({ roles: chosen })} searchable clearable error={errors["roles"]} />
      {draft.context === "none" ? (
        <Text size="sm" c="dimmed">
          Without a record there are no further rules.
        </Text>
      ) : (
        <>
          <Rule label="Shown for records where" name="visibleWhen" fields={fields} value={draft.visibleWhen} onChange={(visibleWhen) => set({ visibleWhen })} error={errors["visibleWhen"]} />
          <Rule label="Can be pressed where" name="enabledWhen" fields={fields} value={draft.enabledWhen} onChange={(enabledWhen) => set({ enabledWhen })} error={errors["enabledWhen"]} />
          {draft.enabledWhen && <TextInput label="Why not" description="What is said where it cannot be pressed" value={draft.disabledReason} onChange={(event) => set({ disabledReason: event.currentTarget.value })} error={errors["disabledReason"]} />}
        </>
      )}
    </>
  );
}

interface RuleProps {
  label: string;
  name: string;
  fields: Field[];
  value: Filter | null;
  onChange: (value: Filter | null) => void;
  error?: string;
}

/** A filter on the record: by conditions, or as JSON where it names variables or goes deeper. */
function Rule({ label, name, fields, value, onChange, error }: RuleProps) {
  const shown = value && inConditions(value);
  const isByHand = value !== null && fromFilter(shown, fields) === null;
  const [asJson, setAsJson] = useState(isByHand);
  return (
    <Input.Wrapper label={label} error={error} component="fieldset" className="bare" aria-label={label}>
      <Stack gap={4} mt={2}>
        <Group gap="xs">
          <FilterMenu fields={fields} filter={isByHand ? value : shown} onChange={onChange} />
          {value === null && (
            <Text size="sm" c="dimmed">
              Always
            </Text>
          )}
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setAsJson(!asJson)} aria-expanded={asJson}>
            As JSON
          </Button>
        </Group>
        {asJson ? <FilterText key={JSON.stringify(value)} label={`${label}, as JSON`} name={name} value={value} onChange={onChange} /> : value && <Text size="xs" ff="monospace" c="dimmed" className="as-written">{JSON.stringify(value)}</Text>}
      </Stack>
    </Input.Wrapper>
  );
}

function FilterText({ label, name, value, onChange }: { label: string; name: string; value: Filter | null; onChange: (value: Filter | null) => void }) {
  const [text, setText] = useState(value ? JSON.stringify(value) : "");
  const parsed = text.trim() === "" ? null : objectIn(text);
  const wrong = text.trim() !== "" && parsed === null;
  return <JsonInput aria-label={label} name={name} value={text} onChange={setText} onBlur={() => !wrong && onChange(parsed)} error={wrong ? "This is no JSON object yet" : undefined} placeholder='{"createdById": "{{$user.id}}"}' autosize minRows={2} maxRows={10} />;
}
