import { useState } from "react";

/** The text of an input whose value is read from it: shown as typed while it means that value, so that "90.0" can become "90.05". */
export function useTyped<Value>(value: Value, write: (value: Value) => string, read: (text: string) => Value): [string, (text: string) => Value] {
  const [typed, setTyped] = useState<string | null>(null);
  const isCurrent = typed !== null && write(read(typed)) === write(value);
  const type = (text: string) => {
    setTyped(text);
    return read(text);
  };
  return [isCurrent ? typed : write(value), type];
}
