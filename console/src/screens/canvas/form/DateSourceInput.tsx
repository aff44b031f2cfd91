import { Fieldset, Group, Select, TextInput } from "@mantine/core";
import type { Row } from "../../../client";
import { TypedNumber } from "../../../forms/TypedNumber";
import { kindOf, labelOf, shownFields } from "../../../model/fields";
import { fromLocalInput, toLocalInput, zone } from "../../../model/times";
import { withCurrent } from "./collectionInputs";
import { useForm, useMistake } from "./formContext";
import type { PropertyProps } from "./PropertyInput";
import { withProperty } from "./values";

const UNITS = [{ value: "60000", label: "minutes" }, { value: "3600000", label: "hours" }, { value: "86400000", label: "days" }];
const A_DAY = "86400000";

/** When a schedule begins or ends: a date and time, or a date field of each record, so much before or after it. */
export function DateSourceInput({ schema, value, onChange, path, root, collection }: PropertyProps) {
  const { disabled, find } = useForm();
  const error = useMistake(path);
  const label = schema.title ?? "Date";
  const shared = { disabled, error };
  if (root["mode"] !== 1) {
    const text = typeof value === "string" ? value : "";
    return <TextInput {...shared} label={label} type="datetime-local" description={`In your time zone, ${zone}`} value={text ? toLocalInput(text) : ""} onChange={(event) => onChange(fromLocalInput(event.currentTarget.value) ?? undefined)} />;
  }
  const source = (typeof value === "object" && value !== null ? value : {}) as Row;
  const found = find(collection ?? "");
  const fields = found ? shownFields(found).filter((one) => ["day", "instant", "wallTime"].includes(kindOf(one))).map((one) => ({ value: one.name, label: labelOf(one) })) : [];
  const current = typeof source["field"] === "string" ? source["field"] : null;
  const set = (name: string, changed: unknown) => {
    const next = withProperty(source, name, changed);
    onChange(next["field"] ? next : undefined);
  };
  return (
    <Fieldset legend={label} className="form-box">
      <Select {...shared} label="Date field" data={withCurrent(fields, current ? [current] : [])} value={current} onChange={(field) => set("field", field ?? undefined)} clearable nothingFoundMessage="The collection has no date" />
      {current && (
        <Group grow mt="xs" align="flex-end">
          <TypedNumber label="So much later" description="Negative: earlier" disabled={disabled} value={source["offset"]} placeholder="0" allowDecimal={false} onChange={(number) => set("offset", number || undefined)} />
          <Select aria-label="Unit" disabled={disabled} data={UNITS} value={String(source["unit"] ?? A_DAY)} allowDeselect={false} onChange={(unit) => set("unit", Number(unit))} />
        </Group>
      )}
    </Fieldset>
  );
}
