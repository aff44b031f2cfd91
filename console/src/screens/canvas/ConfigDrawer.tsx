/** The drawer in which a node, or the trigger, is looked at and changed. */
import { Alert, Button, Collapse, Group, JsonInput, Stack, Switch, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState, type ReactNode, type SyntheticEvent } from "react";
import { ApiError, type Problem, type Row } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { TheirsNote, useTheirs } from "../../ui/Theirs";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { refreshWorkflows } from "./api";
import { ConfigForm } from "./form/ConfigForm";
import type { FlowNode, Schema } from "./types";
import type { Variable } from "./variables";

/** What a title by this name is of. */
const TITLED = { title: "node", triggerTitle: "trigger" };

interface Props {
  heading: string;
  about: string;
  /** The type of the node or trigger. */
  type: string;
  schema: Schema;
  /** What may stand in the config beside that. */
  policies?: Schema;
  /** What is changed; `null`: it is not made yet. */
  stored: { updatedAt: string } | null;
  title: string | null;
  titleField?: keyof typeof TITLED;
  titlePlaceholder: string;
  config: Row;
  problems: Problem[];
  variables: Variable[];
  before: FlowNode[];
  sync: boolean;
  /** Why it cannot be changed. */
  locked: string | null;
  saveLabel: string;
  /** What it throws is shown where it belongs. */
  onSave: (title: string | null, config: Row, ifMatch: string | undefined) => Promise<void>;
  onClose: () => void;
  /** Beside the buttons; gets the config as it is in the form. */
  extra?: (config: Row) => ReactNode;
}

export function ConfigDrawer(props: Props) {
  return (
    <GuardedDrawer opened onClose={props.onClose} title={props.heading} size="xl">
      <DrawerForm {...props} />
    </GuardedDrawer>
  );
}

function DrawerForm({ about, type, schema, policies, stored, titleField = "title", titlePlaceholder, variables, before, sync, locked, saveLabel, onSave, onClose, extra, ...given }: Props) {
  const [title, setTitle] = useState(given.title ?? "");
  const [config, setConfig] = useState(given.config);
  const [problems, setProblems] = useState(given.problems);
  const [failed, setFailed] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const { theirs, ifMatch, ...others } = useTheirs<Row & { updatedAt: string; config: Row | null }>(stored);
  const [json, setJson] = useState<string | null>(null);
  const names = Object.keys(policies?.properties ?? {});

  function save(event: SyntheticEvent) {
    event.preventDefault();
    event.stopPropagation();
    if (locked) return;
    const sent = json === null ? config : parsed(json);
    if (!sent) return setProblems([{ message: "This is not a JSON object yet", path: "json" }]);
    once(async () => {
      setFailed(null);
      await onSave(title.trim() || null, sent, ifMatch);
    }, refuse);
    return undefined;
  }
  function refuse(refused: unknown) {
    if (others.met(refused)) setProblems([]);
    else if (refused instanceof ApiError && refused.status > 0 && refused.status < 500) setProblems(refused.problems);
    else setFailed(refused);
  }

  const shared = { type, config, onChange: setConfig, variables, before, sync, disabled: locked !== null || busy };
  const dirty = !locked && (title !== (given.title ?? "") || isChanged(json, config) || JSON.stringify(config) !== JSON.stringify(given.config));
  const isOfPolicy = (one: Problem) => names.some((name) => one.path === `config.${name}` || one.path?.startsWith(`config.${name}.`));
  return (
    <form onSubmit={save} noValidate>
      <Unsaved when={dirty} />
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {about}
        </Text>
        {locked && (
          <Alert color="blue" role="note">
            {locked}
          </Alert>
        )}
        <TheirsNote what={TITLED[titleField]} theirs={theirs} onTake={takeTheirs} />
        {failed !== null && <ErrorNote error={failed} />}
        <TextInput label="Title" placeholder={titlePlaceholder} value={title} onChange={(event) => setTitle(event.currentTarget.value)} disabled={shared.disabled} error={problems.find((one) => one.path === titleField)?.message} />
        {json === null ? (
          <>
            <ConfigForm {...shared} schema={schema} problems={problems.filter((one) => !isOfPolicy(one))} />
            {policies && names.length > 0 && (
              <Further name="When it fails" isOpenAtFirst={names.some((one) => config[one] !== undefined && config[one] !== null) || problems.some(isOfPolicy)}>
                <ConfigForm {...shared} schema={policies} problems={problems.filter(isOfPolicy)} />
              </Further>
            )}
          </>
        ) : (
          <JsonInput label="Config as JSON" value={json} onChange={setJson} autosize minRows={10} maxRows={30} disabled={shared.disabled} error={problems.map((one) => [one.path, one.message].filter(Boolean).join(": ")).join("; ") || undefined} />
        )}
        <Group justify="space-between">
          <Switch size="xs" label="As JSON" checked={json !== null} onChange={(event) => (event.currentTarget.checked ? setJson(JSON.stringify(config, null, 2)) : toForm())} />
          <Group gap="xs">
            {extra?.(config)}
            <Button variant="default" onClick={onClose} disabled={busy}>
              {locked ? "Close" : "Cancel"}
            </Button>
            {!locked && (
              <Button type="submit" loading={busy} disabled={theirs === null}>
                {others.saveLabel(saveLabel)}
              </Button>
            )}
          </Group>
        </Group>
      </Stack>
    </form>
  );

  function takeTheirs() {
    setTitle((theirs?.[titleField] as string | null | undefined) ?? "");
    setConfig(theirs?.config ?? {});
    setJson(null);
    setProblems([]);
    others.settle();
    void refreshWorkflows();
  }

  function toForm() {
    const value = parsed(json ?? "");
    if (!value) return setProblems([{ message: "This is not a JSON object yet", path: "json" }]);
    setConfig(value);
    setProblems([]);
    setJson(null);
    return undefined;
  }
}

/** What most need not look at, below its name. */
function Further({ name, isOpenAtFirst, children }: { name: string; isOpenAtFirst: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(isOpenAtFirst);
  return (
    <div>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} fz="sm" fw={600}>
        <Group gap={4}>
          {open ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
          {name}
        </Group>
      </UnstyledButton>
      <Collapse expanded={open} pt="sm">
        {open && children}
      </Collapse>
    </div>
  );
}

/** Whether this JSON is another than the config gave; `null`: it is not shown. */
function isChanged(json: string | null, config: Row): boolean {
  return json !== null && json !== JSON.stringify(config, null, 2);
}

function parsed(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}
