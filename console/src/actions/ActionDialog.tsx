import { Button, Group, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useId, useState } from "react";
import type { ActionResult, AvailableAction, Row } from "../client";
import { Loading } from "../ui/Loading";
import { MistakesNote } from "../ui/MistakesNote";
import { GuardedModal, Unsaved } from "../ui/Unsaved";
import { useFocusBack } from "../ui/useFocusBack";
import { ErrorNote } from "../ui/ErrorNote";
import { formOf } from "./form";

const SchemaForm = lazy(() => import("../forms/SchemaForm"));

interface Props {
  action: AvailableAction;
  count: number;
  onClose: () => void;
  onRun: (input?: Row) => Promise<ActionResult | null>;
}

/** Asks first, takes the form's values, and stays open with the mistakes at their fields. */
export default function ActionDialog({ action, count, onClose, onRun }: Props) {
  useFocusBack();
  const [values, setValues] = useState<Row>({});
  const [touched, setTouched] = useState(false);
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<Record<string, string[]>>({});
  const formId = useId();
  const form = formOf(action);
  const inputs = Object.keys((form?.["properties"] ?? {}) as Row);
  const marked = Object.keys(errors).filter((path) => inputs.includes(path.split(".")[0] ?? ""));
  // Nobody else tells what belongs to no input: a result with mistakes at fields is left to the form.
  const unmarked = Object.entries(errors).flatMap(([path, messages]) => (marked.includes(path) ? [] : messages));
  const label = action.label ?? action.name;
  // White on a colour of one's choice may be too pale to be read; the light variants are dark enough (WCAG 2.2, 1.4.3).
  const look = action.color ? "light" : "filled";

  function change(changed: Row, byHand: boolean) {
    setValues(changed);
    if (byHand) setTouched(true);
  }
  async function run() {
    if (busy) return;
    setBusy(true);
    const result = await onRun(form ? values : undefined);
    setBusy(false);
    setErrors(result?.fieldErrors ?? {});
    const isDone = result !== null && result.status !== "failed";
    if (isDone || !form) onClose();
  }

  return (
    <GuardedModal opened busy={busy} onClose={onClose} title={label}>
      <Unsaved when={touched} />
      <Stack>
        {action.confirm && <Text className="as-written">{action.confirm}</Text>}
        {count > 1 && (
          <Text size="sm" c="dimmed">
            {count} records
          </Text>
        )}
        {/* The buttons come with the form: pressed before it is there they would do nothing. */}
        <Suspense fallback={<Loading />}>
          {form && <SchemaForm id={formId} schema={form} values={values} onChange={change} errors={errors} onSubmit={() => void run()} />}
          {/* Beside the buttons, where one is looking: of a long form the inputs may be far above. */}
          {form && <MistakesNote count={marked.length} where="above" />}
          {form && unmarked.length > 0 && <ErrorNote error={new Error(unmarked.join("\n"))} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            {form ? (
              <Button type="submit" form={formId} variant={look} color={action.color ?? undefined} loading={busy}>
                {label}
              </Button>
            ) : (
              <Button variant={look} color={action.color ?? undefined} loading={busy} onClick={() => void run()} data-autofocus>
                {label}
              </Button>
            )}
          </Group>
        </Suspense>
      </Stack>
    </GuardedModal>
  );
}
