import { JsonInput, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Field, Row } from "../client";
import { choicesOf, isWhole, kindOf, labelOf } from "../model/fields";
import { fromLocalInput, fromWallInput, toLocalInput, toWallInput, zone } from "../model/times";
import { AssociationSelect } from "./AssociationSelect";
import { BooleanInput } from "./BooleanInput";
import { useTyped } from "./typed";
import { TextsInput } from "./TextsInput";
import { TypedNumber } from "./TypedNumber";
import { readJson, writeJson } from "./unreadable";

export interface FieldInputProps {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  error?: string;
  known?: Row[];
  disabled?: boolean;
}

/** The input that fits the field's type. An emptied one is `null`. */
export function FieldInput({ field, value, onChange, error, known, disabled }: FieldInputProps) {
  const kind = kindOf(field);
  const text = value === null || value === undefined ? "" : String(value);
  const shared = { label: labelOf(field), error, disabled, required: field.required, description: typeof field["description"] === "string" ? field["description"] : undefined };
  const fromText = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value);
  switch (kind) {
    case "toOne":
    case "toMany":
      return <AssociationSelect field={field} value={value} onChange={onChange} known={known} error={error} required={field.required} disabled={disabled} />;
    case "choice":
      return <Select {...shared} data={choicesOf(field)} value={text || null} onChange={(chosen) => onChange(isNumeric(field) && chosen !== null ? Number(chosen) : chosen)} clearable={!field.required} searchable />;
    case "boolean":
      return <BooleanInput {...shared} value={value} onChange={onChange} />;
    case "number":
      return <TypedNumber {...shared} value={value} onChange={onChange} allowDecimal={!isWhole(field)} decimalScale={isWhole(field) ? 0 : undefined} />;
    case "day":
      return <TextInput {...shared} type="date" value={text} onChange={fromText} />;
    case "instant":
      return <TextInput {...shared} type="datetime-local" description={`In your time zone, ${zone}`} value={text ? toLocalInput(text) : ""} onChange={(event) => onChange(fromLocalInput(event.currentTarget.value))} />;
    case "wallTime":
      return <TextInput {...shared} type="datetime-local" value={toWallInput(text)} onChange={(event) => onChange(fromWallInput(event.currentTarget.value))} />;
    case "time":
      return <TextInput {...shared} type="time" step={1} value={text} onChange={fromText} />;
    case "longText":
      return <Textarea {...shared} value={text} onChange={fromText} autosize minRows={3} maxRows={12} />;
    case "password":
      return <PasswordInput {...shared} value={text} onChange={fromText} autoComplete="new-password" />;
    case "list":
      return <ListField {...shared} value={value} onChange={onChange} />;
    case "json":
      return <JsonField {...shared} value={value} onChange={onChange} />;
    default:
      return <TextInput {...shared} value={text} onChange={fromText} />;
  }
}

/** What is in a list and is no text (a number, an object) stays what it is: such a list is shown as JSON. */
function ListField({ value, onChange, ...shared }: JsonFieldProps) {
  const texts = Array.isArray(value) ? (value as unknown[]) : [];
  const [isPlain] = useState(texts.every((one) => typeof one === "string"));
  if (!isPlain) return <JsonField {...shared} value={value} onChange={onChange} />;
  return <TextsInput {...shared} value={texts.map(String)} onChange={onChange} />;
}

interface JsonFieldProps {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  error?: string;
  disabled?: boolean;
  required?: boolean;
}

/** The text stays as it is typed; what is no JSON yet is an `Unreadable`, which no form sends. */
function JsonField({ value, onChange, ...shared }: JsonFieldProps) {
  const [text, type] = useTyped(value, writeJson, readJson);
  return <JsonInput {...shared} value={text} onChange={(typed) => onChange(type(typed))} validationError="This is not JSON yet" autosize minRows={3} maxRows={14} formatOnBlur />;
}

function isNumeric(field: Field): boolean {
  return isWhole(field) || ["float", "double", "real", "decimal"].includes(field.type);
}
