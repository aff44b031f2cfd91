import { MultiSelect, Select, TagsInput, TextInput } from "@mantine/core";
import { AssociationSelect } from "../../forms/AssociationSelect";
import { TypedNumber } from "../../forms/TypedNumber";
import type { Field } from "../../client";
import { choicesOf, kindOf } from "../../model/fields";
import { operandOf, type Condition } from "../../model/filters";

interface Props {
  field: Field;
  row: Condition;
  onChange: (value: unknown) => void;
}

/** The input for what stands behind the operator. */
export function FilterValue({ field, row, onChange }: Props) {
  const operand = operandOf(row, field);
  if (operand === "none") return null;
  if (operand === "two") {
    const [from, to] = Array.isArray(row.value) ? (row.value as unknown[]) : [null, null];
    return (
      <>
        <One field={field} label="From" value={from} onChange={(value) => onChange([value, to])} />
        <One field={field} label="To" value={to} onChange={(value) => onChange([from, value])} />
      </>
    );
  }
  if (operand === "many") {
    const values = Array.isArray(row.value) ? row.value.map(String) : [];
    const choices = choicesOf(field);
    if (choices.length > 0) return <MultiSelect aria-label="Values" data={choices} value={values} onChange={onChange} flex={1} />;
    return <TagsInput aria-label="Values" value={values} onChange={onChange} placeholder="Type and press Enter" flex={1} />;
  }
  return <One field={field} label="Value" value={row.value} onChange={onChange} />;
}

function One({ field, label, value, onChange }: { field: Field; label: string; value: unknown; onChange: (value: unknown) => void }) {
  const text = value === null || value === undefined ? "" : String(value);
  switch (kindOf(field)) {
    case "toOne":
      return <AssociationSelect field={{ ...field, required: false }} value={value} onChange={onChange} label={label} />;
    case "choice":
      return <Select aria-label={label} data={choicesOf(field)} value={text || null} onChange={onChange} flex={1} searchable />;
    case "number":
      return <TypedNumber aria-label={label} value={text === "" ? null : Number(text)} onChange={onChange} flex={1} />;
    case "day":
    case "instant":
    case "wallTime":
      return <TextInput aria-label={label} type="date" value={text} onChange={(event) => onChange(event.currentTarget.value)} flex={1} />;
    case "time":
      return <TextInput aria-label={label} type="time" value={text} onChange={(event) => onChange(event.currentTarget.value)} flex={1} />;
    default:
      return <TextInput aria-label={label} value={text} onChange={(event) => onChange(event.currentTarget.value)} flex={1} />;
  }
}
