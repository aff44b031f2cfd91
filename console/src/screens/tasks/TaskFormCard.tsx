import { Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { lazy, Suspense, useId, useMemo, useRef, useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { useSession } from "../../app/session";
import { ApiError, Press, type Row } from "../../client";
import { FieldInput } from "../../forms/FieldInput";
import { mistakesByField } from "../../forms/recordValues";
import { unreadableIn } from "../../forms/unreadable";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { MistakesNote } from "../../ui/MistakesNote";
import { Unsaved } from "../../ui/Unsaved";
import { submitTask, type OpenTask } from "./api";
import { fieldsOf, labelOfAction, problemsOf, titleOfForm, valuesAtFirst, valuesToSend, type FormAction, type TaskForm } from "./forms";

const SchemaForm = lazy(() => import("../../forms/SchemaForm"));

interface Props {
  task: OpenTask;
  formKey: string;
  form: TaskForm;
}

/** One form of a task: its inputs, and a button for each way to settle it. */
export function TaskFormCard({ task, formKey, form }: Props) {
  const collection = useSession().collection(form.collection ?? "");
  const fields = useMemo(() => fieldsOf(form, collection), [form, collection]);
  const [values, setValues] = useState<Row>(() => valuesAtFirst(form, fields, task.result?.[formKey]));
  const [touched, setTouched] = useState(false);
  const [unreadable, setUnreadable] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [press] = useState(() => new Press());
  const pressed = useRef<FormAction | null>(null);
  const formId = useId();
  const { at, others } = problemsOf(error instanceof ApiError ? error.problems : [], formKey);
  const hasSchema = form.type === "custom" && form.schema !== undefined;

  function change(changed: Row, byHand: boolean) {
    setValues(changed);
    if (byHand) setTouched(true);
  }
  async function send(action: FormAction | null) {
    if (!action || busy !== null) return;
    const wrong = unreadableIn(values);
    setUnreadable(wrong);
    if (Object.keys(wrong).length > 0) return;
    setBusy(action.key);
    setError(null);
    try {
      await submitTask(task.id, formKey, valuesToSend(form, values), action.key, press);
      setTouched(false);
      say(action.status === 0 ? "Draft saved" : labelOfAction(action), action.status === 0 ? "You can go on later." : "Your answer was taken.", "success");
    } catch (refused) {
      setError(refused);
    }
    setBusy(null);
  }

  const byField = mistakesByField(Object.entries(at).flatMap(([path, messages]) => messages.map((message) => ({ path, message }))), fields);
  const above = hasSchema ? others : [...others, ...byField.others];
  const title = titleOfForm(form, collection?.title ?? undefined);
  return (
    <Card withBorder padding="lg" component="section" aria-label={title}>
      <Unsaved when={touched} />
      <Stack>
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          {form.description && (
            <Text size="sm" c="dimmed" className="as-written">
              {form.description}
            </Text>
          )}
        </div>
        {error !== null && (above.length > 0 || !(error instanceof ApiError)) && <ErrorNote focusFor={error} error={error instanceof ApiError && Object.keys(at).length > 0 ? new Error(above.join("\n")) : error} />}
        {/* What answers is there when what is asked is: pressed before, it would send nothing. */}
        <Suspense fallback={<Loading />}>
          <Stack>
            {hasSchema ? (
              <SchemaForm id={formId} schema={form.schema ?? {}} values={values} onChange={change} errors={at} onSubmit={() => void send(pressed.current)} />
            ) : (
              <form
                id={formId}
                noValidate
                onSubmit={(event: SyntheticEvent) => {
                  event.preventDefault();
                  void send(pressed.current);
                }}
              >
                <Stack>
                  {form.type === "update" && fields.length > 0 && (
                    <Text size="sm" c="dimmed">
                      What you leave empty stays as it is.
                    </Text>
                  )}
                  {form.type !== "custom" && !collection && (
                    <Text size="sm" c="dimmed">
                      The collection {form.collection} is not in your view, so there is nothing to fill in. The buttons work.
                    </Text>
                  )}
                  {fields.map((field) => (
                    <FieldInput key={field.name} field={field} value={values[field.name]} error={unreadable[field.name] ?? byField.at[field.name]} disabled={busy !== null} onChange={(value) => change({ ...values, [field.name]: value }, true)} />
                  ))}
                </Stack>
              </form>
            )}
            <MistakesNote count={Object.keys(hasSchema ? at : { ...byField.at, ...unreadable }).length} where="above" />
            <Group justify="flex-end">
              {form.actions.map((action) => (
                <ActionChoice key={action.key} action={action} formId={formId} busy={busy} onPress={() => (pressed.current = action)} onDraft={() => void send(action)} />
              ))}
            </Group>
          </Stack>
        </Suspense>
      </Stack>
    </Card>
  );
}

interface ChoiceProps {
  action: FormAction;
  formId: string;
  /** The key of the action that is under way. */
  busy: string | null;
  onPress: () => void;
  onDraft: () => void;
}

/** A draft is kept as it is; the others are held against the form first. */
function ActionChoice({ action, formId, busy, onPress, onDraft }: ChoiceProps) {
  const isDraft = action.status === 0;
  const look = isDraft ? { variant: "default" } : action.status > 0 ? { variant: "filled" } : { variant: "light", color: "red" };
  return (
    <Button {...look} type={isDraft ? "button" : "submit"} form={isDraft ? undefined : formId} loading={busy === action.key} disabled={busy !== null && busy !== action.key} onClick={isDraft ? onDraft : onPress}>
      {labelOfAction(action)}
    </Button>
  );
}
