import { Select, Switch } from "@mantine/core";
import { useState } from "react";

interface Props {
  label: string;
  description?: string;
  error?: string;
  disabled?: boolean;
  required?: boolean;
  value: unknown;
  onChange: (value: boolean | null) => void;
}

const CHOICES = [{ value: "true", label: "Yes" }, { value: "false", label: "No" }];

/** Yes or no. Where there may be no value it is a choice: a switch could not say so, and off would be read as no. */
export function BooleanInput({ value, onChange, required = false, ...shared }: Props) {
  // Not changed under the hand of who is choosing.
  const [isSwitch] = useState(required && typeof value === "boolean");
  if (isSwitch) return <Switch {...shared} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} mt={4} />;
  return <Select {...shared} required={required} placeholder="Not set" data={CHOICES} value={typeof value === "boolean" ? String(value) : null} onChange={(chosen) => onChange(chosen === null ? null : chosen === "true")} clearable={!required} />;
}
