import { useState } from "react";
import { useOnce } from "../../ui/useOnce";

/** What is being changed, beside what is stored; `save` keeps the draft and its error when it is refused. */
export function useDraft<T>(stored: T, onSave: (value: T) => Promise<void>) {
  const [draft, setDraft] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce();
  const value = draft ?? stored;

  const save = () =>
    once(async () => {
      setError(null);
      await onSave(value);
      setDraft(null);
    }, setError);

  const reset = () => {
    setDraft(null);
    setError(null);
  };
  return { value, setValue: setDraft, dirty: JSON.stringify(value) !== JSON.stringify(stored), busy, error, save, reset };
}
