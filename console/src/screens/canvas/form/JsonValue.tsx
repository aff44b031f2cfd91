import { useState, type ReactNode } from "react";
import { TemplateInput } from "./TemplateInput";
import { fromText, toText } from "./values";

interface Props {
  label: string;
  description?: ReactNode;
  error?: ReactNode;
  required?: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** Any value: a text with templates, or JSON. */
export function JsonValue({ value, onChange, ...shared }: Props) {
  const [typed, setTyped] = useState(toText(value));
  // What is being typed stays as it is typed; another value from outside replaces it.
  const text = JSON.stringify(fromText(typed)) === JSON.stringify(value) ? typed : toText(value);
  return (
    <TemplateInput
      {...shared}
      long
      value={text}
      onChange={(next) => {
        setTyped(next);
        onChange(fromText(next));
      }}
    />
  );
}
