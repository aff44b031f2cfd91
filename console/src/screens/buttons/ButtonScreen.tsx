import { Alert, Box, Button, Grid, Group, Paper, Stack, Switch, Text, Title } from "@mantine/core";
import { useId, useState, type ReactNode, type SyntheticEvent } from "react";
import { flushSync } from "react-dom";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { say } from "../../actions/messages";
import { useSession } from "../../app/session";
import { ApiError, isUnheard, Press } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { MistakesNote } from "../../ui/MistakesNote";
import { PageHeader } from "../../ui/PageHeader";
import { TheirsNote, useTheirs } from "../../ui/Theirs";
import { Unsaved } from "../../ui/Unsaved";
import { NotFound } from "../home/NotFound";
import { change, refreshButtons, useButton } from "./api";
import { AskingPart } from "./AskingPart";
import { BasicsPart } from "./BasicsPart";
import { draftOf, newDraft, problemOfNames, problemsByPlace, valuesOf, type Button as Stored, type Draft } from "./buttonDraft";
import { ButtonPreview } from "./ButtonPreview";
import { NEW } from "./address";
import { EffectPart } from "./EffectPart";
import { ResultPart } from "./ResultPart";
import { RulesPart } from "./RulesPart";

export interface PartProps {
  draft: Draft;
  set: (changes: Partial<Draft>) => void;
  /** What the server refused, by place: `client.url`. */
  errors: Record<string, string>;
}

/** Adds a button, or changes one. */
export default function ButtonScreen() {
  const { name = "" } = useParams();
  const session = useSession();
  const [params] = useSearchParams();
  const isNew = name === NEW;
  const asked = useButton(isNew ? null : name);
  if (!session.isIn("workflows")) return <Alert color="yellow" title="Not in your role">Buttons are made by who manages workflows.</Alert>;
  if (isNew) return <Editor key={NEW} first={newDraft(params.get("collection"), params.get("workflow"), params.get("context"))} stored={null} />;
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  if (!asked.data) return <NotFound what={`The button "${name}"`} />;
  return <Editor key={name} first={draftOf(asked.data)} stored={asked.data} />;
}

/** `stored`: what is changed; `null`: a new one. */
function Editor({ first, stored }: { first: Draft; stored: Stored | null }) {
  const name = stored?.name ?? null;
  const navigate = useNavigate();
  const formId = useId();
  const [before, setBefore] = useState(first);
  const [draft, setDraft] = useState(first);
  const [error, setError] = useState<unknown>(null);
  const { theirs, ifMatch, ...others } = useTheirs<Stored>(stored);
  const [press] = useState(() => new Press());
  const [busy, setBusy] = useState(false);
  const { at: errors, others: elsewhere } = problemsByPlace(error instanceof ApiError ? error.problems : []);
  const set = (changes: Partial<Draft>) => setDraft((now) => ({ ...now, ...changes }));
  const shared = { draft, set, errors };
  const wrong = Object.keys(errors).length;

  async function save(event: SyntheticEvent) {
    event.preventDefault();
    // The form of a filter is beside this one in the page, but its events come through here.
    if (busy || event.target !== event.currentTarget) return;
    const problem = problemOfNames(draft);
    if (problem) return setError(new ApiError(400, { errors: [{ message: problem, path: "form" }] }));
    setBusy(true);
    setError(null);
    try {
      if (name === null) await press.send(valuesOf(draft, true), (idempotencyKey) => change.create(valuesOf(draft, true), idempotencyKey));
      else await change.update(name, valuesOf(draft, false), ifMatch);
      await refreshButtons();
      flushSync(() => setBefore(draft));
      say(name === null ? "Button made" : "Saved", `${draft.label || draft.name} is as you said.`, "success");
      void navigate("/buttons");
    } catch (refused) {
      if (isUnheard(refused)) void refreshButtons();
      if (!others.met(refused)) setError(refused);
      setBusy(false);
    }
    return undefined;
  }

  function takeTheirs() {
    if (!theirs) return;
    setBefore(draftOf(theirs));
    setDraft(draftOf(theirs));
    others.settle();
  }

  return (
    <>
      <Unsaved when={JSON.stringify(draft) !== JSON.stringify(before)} />
      <PageHeader
        title={name === null ? "New button" : draft.label || name}
        description={name ?? undefined}
        above={[{ label: "Buttons", to: "/buttons" }]}
        actions={
          <>
            <Switch label="Shown" checked={draft.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} mr="sm" />
            <Button variant="default" onClick={() => void navigate("/buttons")} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" form={formId} loading={busy} disabled={theirs === null}>
              {others.saveLabel(name === null ? "Make it" : "Save")}
            </Button>
          </>
        }
      />
      <TheirsNote what="button" theirs={theirs} onTake={takeTheirs} />
      {error !== null && (elsewhere.length > 0 || !(error instanceof ApiError)) && <ErrorNote error={error instanceof ApiError && wrong > 0 ? new Error(elsewhere.join("\n")) : error} />}
      {wrong > 0 && (
        <Box mb="md">
          <MistakesNote count={wrong} />
        </Box>
      )}
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <form id={formId} onSubmit={(event) => void save(event)} noValidate>
            <Stack>
              <Part title="The button">
                <BasicsPart {...shared} isNew={name === null} />
              </Part>
              <Part title="What it does">
                <EffectPart {...shared} />
              </Part>
              <Part title="What it asks first">
                <AskingPart {...shared} />
              </Part>
              <Part title="Who sees it, and when">
                <RulesPart {...shared} />
              </Part>
              {draft.kind !== "client" && (
                <Part title="Afterwards">
                  <ResultPart {...shared} />
                </Part>
              )}
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Paper withBorder radius="md" p="md" component="section" aria-label="Preview" pos="sticky" top={76}>
            <Group justify="space-between" mb="sm">
              <Title order={2} size="h4">
                Preview
              </Title>
              <Text size="xs" c="dimmed">
                Nothing is called from here
              </Text>
            </Group>
            <ButtonPreview draft={draft} />
          </Paper>
        </Grid.Col>
      </Grid>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      <Stack gap="sm">{children}</Stack>
    </Paper>
  );
}
