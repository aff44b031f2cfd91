import { MultiSelect, Select, TextInput } from "@mantine/core";
import { AssociationSelect } from "../../forms/AssociationSelect";
import { TextsInput } from "../../forms/TextsInput";
import { TypedNumber } from "../../forms/TypedNumber";
import type { Field } from "../../client";
import { choicesOf, isAssociation, kindOf } from "../../model/fields";
import { missingSide, operandOf, type Condition } from "../../model/filters";
import { openEnded } from "../../model/operators";

interface Props {
  field: Field;
  row: Condition;
  onChange: (value: unknown) => void;
  /** What is missing is marked: the form was sent. */
  isSent?: boolean;
}

/** Two beside each other where there is room, below each other where there is none. */
const ROOM = "1 1 130px";

/** The input for what stands behind the operator. */
export function FilterValue({ field, row, onChange, isSent = false }: Props) {
  const operand = operandOf(row, field);
  if (operand === "none" || operand === "no") return null;
  if (operand === "two") {
    const [from, to] = Array.isArray(row.value) ? (row.value as unknown[]) : [null, null];
    const missing = isSent ? missingSide(row, field) : null;
    const error = missing === null ? undefined : `Fill in both, or choose “${openEnded(field, missing)}”`;
    return (
      <>
        <One field={field} label="From" value={from} onChange={(value) => onChange([value, to])} error={missing === 0 && error} />
        <One field={field} label="To" value={to} onChange={(value) => onChange([from, value])} error={missing === 1 && error} />
      </>
    );
  }
  if (operand === "many") {
    if (isAssociation(field)) return <AssociationSelect field={{ ...field, type: "hasMany", required: false }} value={row.value} onChange={onChange} label="Values" isLabelHidden />;
    const values = Array.isArray(row.value) ? row.value.map(String) : [];
    const choices = choicesOf(field);
    if (choices.length > 0) return <MultiSelect aria-label="Values" data={choices} value={values} onChange={onChange} searchable flex={ROOM} />;
    return <TextsInput aria-label="Values" value={values} onChange={onChange} flex={ROOM} />;
  }
  return <One field={field} label="Value" value={row.value} onChange={onChange} />;
}

interface OneProps {
  field: Field;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  error?: string | false;
}

function One({ field, label, value, onChange, error }: OneProps) {
  const text = value === null || value === undefined ? "" : String(value);
  switch (kindOf(field)) {
    case "toOne":
      return <AssociationSelect field={{ ...field, required: false }} value={value} onChange={onChange} label={label} isLabelHidden />;
    case "choice":
      return <Select aria-label={label} data={choicesOf(field)} value={text || null} onChange={onChange} flex={ROOM} searchable />;
    case "number":
      return <TypedNumber aria-label={label} value={text === "" ? null : Number(text)} onChange={onChange} error={error} flex={ROOM} />;
    case "day":
    case "instant":
    case "wallTime":
      return <TextInput aria-label={label} type="date" value={text} onChange={(event) => onChange(event.currentTarget.value)} error={error} flex={ROOM} miw={0} />;
    case "time":
      return <TextInput aria-label={label} type="time" value={text} onChange={(event) => onChange(event.currentTarget.value)} flex={ROOM} />;
    default:
      return <TextInput aria-label={label} value={text} onChange={(event) => onChange(event.currentTarget.value)} flex={ROOM} />;
  }
}
