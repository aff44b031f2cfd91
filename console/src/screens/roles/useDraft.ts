import { useState } from "react";

/** What is being changed, beside what is stored; `save` keeps the draft and its error when it is refused. */
export function useDraft<T>(stored: T, onSave: (value: T) => Promise<void>) {
  const [draft, setDraft] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const value = draft ?? stored;

  async function save() {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await onSave(value);
      setDraft(null);
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  }

  const reset = () => {
    setDraft(null);
    setError(null);
  };
  return { value, setValue: setDraft, dirty: JSON.stringify(value) !== JSON.stringify(stored), busy, error, save: () => void save(), reset };
}
