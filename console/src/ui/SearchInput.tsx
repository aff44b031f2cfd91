import { TextInput, type TextInputProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";

interface Props extends Omit<TextInputProps, "value" | "onChange" | "label"> {
  /** What is searched for, as the address has it. */
  value: string;
  /** Called when typing has paused. */
  onChange: (value: string) => void;
  /** What it is called; stands in it while it is empty, too. */
  label: string;
}

const PAUSE_MS = 300;

/** Keeps each letter itself: the address, which the router changes in its own time, follows; going back changes what stands here. */
export function SearchInput({ value, onChange, label, ...rest }: Props) {
  const [text, setText] = useState(value);
  // What the address will be by what was typed here; any other change of it comes from elsewhere.
  const [expected, setExpected] = useState<string[]>([]);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setExpected(expected.slice(expected.indexOf(value) + 1));
    if (!expected.includes(value)) setText(value);
  }
  const later = useDebouncedCallback((next: string) => {
    // What the address is, or will be by what was typed before, would never come as a change.
    if (next === (expected.at(-1) ?? value)) return;
    setExpected((others) => [...others, next]);
    onChange(next);
  }, PAUSE_MS);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      {...rest}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
    />
  );
}
