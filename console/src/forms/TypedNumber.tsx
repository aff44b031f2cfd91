import { NumberInput, type NumberInputProps } from "@mantine/core";
import { useState } from "react";

export interface TypedNumberProps extends Omit<NumberInputProps, "value" | "onChange" | "onBlur"> {
  value: unknown;
  onChange: (value: number | null) => void;
}

/** A number that is typed key by key: what is none yet ("-", "1.") or not yet whole ("1.0") is kept as it stands until the field is left. */
export function TypedNumber({ value, onChange, ...rest }: TypedNumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = (now: number | string) => {
    setTyped(typeof now === "string" && now !== "" ? now : null);
    const number = now === "" ? null : Number(now);
    if (number === null || !Number.isNaN(number)) onChange(number);
  };
  return <NumberInput {...rest} value={typed ?? (typeof value === "number" ? value : "")} onChange={change} onBlur={() => setTyped(null)} />;
}
