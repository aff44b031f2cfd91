import { Alert, Anchor, Button, Code, Group, JsonInput, ScrollArea, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { ApiError, hasEnded, Press, type Execution, type Id, type Row } from "../../client";
import { AssociationSelect } from "../../forms/AssociationSelect";
import { refreshRecords } from "../../app/queries";
import { ErrorNote } from "../../ui/ErrorNote";
import { StatusBadge } from "../../ui/StatusBadge";
import { GuardedModal, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { change, refreshWorkflows } from "./api";
import { askedOf, runValues, type Asked } from "./runContext";
import type { Workflow } from "./types";

interface Props {
  version: Workflow;
  titleOf: (nodeId: number) => string | undefined;
  onRefused: (error: ApiError) => void;
  onClose: () => void;
}

type Outcome = { run: Execution } | { declined: true } | { dry: Row; messages: string[] };

const WRITES = [{ value: "create", label: "Create" }, { value: "update", label: "Update" }, { value: "destroy", label: "Delete" }];

/** Runs the version by hand, with a record that is chosen, and says what came of it. */
export function RunDialog({ version, titleOf, onRefused, onClose }: Props) {
  const session = useSession();
  const asked = askedOf(version);
  const [records, setRecords] = useState<unknown>(null);
  const [action, setAction] = useState("create");
  const [json, setJson] = useState(asked.what === "json" ? asked.begin : "");
  // What was typed and run is kept by the execution.
  const [kept, setKept] = useState(json);
  const [press] = useState(() => new Press());
  const [isBusy, once] = useOnce();
  const [asking, setAsking] = useState<"run" | "dry">("run");
  const busy = isBusy ? asking : null;
  const [error, setError] = useState<unknown>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const value = parsed(json);
  const ready = isReady(asked, records, value);
  const canRehearse = version.type === "custom-action" && version.enabled && version.sync;

  const attempt = (how: "run" | "dry", act: () => Promise<Outcome>) =>
    once(async () => {
      setAsking(how);
      setError(null);
      setOutcome(null);
      try {
        setOutcome(await act());
      } finally {
        void refreshWorkflows();
        if (how === "run") void refreshRecords(null);
      }
    }, refused);
  function refused(wrong: unknown) {
    setError(wrong);
    if (wrong instanceof ApiError && wrong.problems.some((one) => one.path?.startsWith("nodes."))) onRefused(wrong);
  }
  const run = async (): Promise<Outcome> => {
    const values = runValues(version, { records, json: value, action }, { userId: session.user.id, roleName: session.role });
    const made = await press.send(values, (idempotencyKey) => change.execute(version.id, values, idempotencyKey));
    if (!made) return { declined: true };
    setKept(json);
    const shape = { appends: ["jobs"], except: ["context"] };
    // It runs whether it can be read or not: an error here would ask to run it again.
    const read = await client.resource<Execution>("executions").get(made.id, shape).catch(() => null);
    return { run: read ?? ({ ...made, key: version.key } as Execution) };
  };
  const rehearse = async (): Promise<Outcome> => {
    const target = asked.what === "json" ? "workflows" : "collection" in asked ? asked.collection : "";
    const answer = await client.resource(target).trigger({ workflows: [version.key], ids: asked.what === "json" ? undefined : (records as Id | Id[]), values: asked.what === "json" ? (value as Row) : undefined, dryRun: true });
    return { dry: (answer.meta["dryRun"] ?? {}) as Row, messages: answer.messages };
  };

  return (
    <GuardedModal opened busy={busy !== null} onClose={onClose} title={`Run ${version.title || version.key}`} size="lg">
      <Unsaved when={json !== kept} />
      <Stack>
        <Text size="sm" c="dimmed">
          This version runs as it is here, enabled or not, as if you had set it off. What it writes and sends is real; afterwards the version cannot be edited.
        </Text>
        {version.type === "request-interception" && <Select label="Request" data={WRITES} value={action} onChange={(chosen) => chosen && setAction(chosen)} allowDeselect={false} />}
        <Context asked={asked} records={records} onRecords={setRecords} json={json} onJson={setJson} />
        {error !== null && <ErrorNote error={error} />}
        {outcome && <Outcome outcome={outcome} titleOf={titleOf} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy !== null}>
            Close
          </Button>
          {canRehearse && (
            <Button variant="light" loading={busy === "dry"} disabled={!ready || busy === "run"} onClick={() => attempt("dry", rehearse)}>
              Dry run
            </Button>
          )}
          <Button loading={busy === "run"} disabled={!ready || busy === "dry"} onClick={() => attempt("run", run)}>
            Run
          </Button>
        </Group>
      </Stack>
    </GuardedModal>
  );
}

interface ContextProps {
  asked: Asked;
  records: unknown;
  onRecords: (records: unknown) => void;
  json: string;
  onJson: (json: string) => void;
}

/** What the run is about. */
function Context({ asked, records, onRecords, json, onJson }: ContextProps) {
  if (asked.what === "nothing") return null;
  if (asked.what === "json") return <JsonInput label={asked.label} value={json} onChange={onJson} validationError="This is not JSON yet" autosize minRows={3} maxRows={14} formatOnBlur />;
  if (!asked.collection) return <Alert color="yellow">The trigger has no collection yet.</Alert>;
  const several = asked.what === "records";
  return <AssociationSelect field={{ name: "record", type: several ? "hasMany" : "belongsTo", target: asked.collection }} label={several ? "Records" : "Record"} value={records} onChange={onRecords} required={!several} />;
}

function isReady(asked: Asked, records: unknown, json: unknown): boolean {
  if (asked.what === "json") return json !== undefined;
  return asked.what === "nothing" || (Array.isArray(records) ? records.length > 0 : records !== null);
}

function Outcome({ outcome, titleOf }: { outcome: Outcome; titleOf: Props["titleOf"] }) {
  if ("declined" in outcome) return <Alert color="yellow" title="It did not start" role="status">The trigger&apos;s condition does not hold for this.</Alert>;
  if ("dry" in outcome) {
    const writes = (outcome.dry["writes"] ?? []) as { collection: string; id: Id; action: string }[];
    const sent = (outcome.dry["sent"] ?? []) as { kind: string }[];
    return (
      <Alert color="blue" title="Nothing was written" role="status">
        {outcome.messages.map((one, index) => <Text key={index} size="sm" className="as-written">It says: {one}</Text>)}
        {writes.map((one, index) => <Text key={index} size="sm">It would {one.action} {one.collection} {one.id}.</Text>)}
        {sent.map((one, index) => <Text key={index} size="sm">It would send: {one.kind}.</Text>)}
        {writes.length + sent.length === 0 && <Text size="sm">It would write and send nothing.</Text>}
      </Alert>
    );
  }
  const { run } = outcome;
  const jobs = (run["jobs"] ?? []) as { nodeId: number; status: number; result: unknown }[];
  const bad = jobs.filter((one) => one.status !== null && one.status < 0);
  const output = run["output"];
  return (
    <Alert color={run.status === 1 ? "teal" : hasEnded(run) ? "red" : "blue"} role="status" title={<Group gap="sm"><StatusBadge status={run.status} reason={run.reason} /><Anchor component={Link} to={`/executions/${run.id}`} size="sm">Open the execution</Anchor></Group>}>
      {!hasEnded(run) && <Text size="sm">It goes on; the execution shows how.</Text>}
      {bad.map((one, index) => (
        <Text key={index} size="sm" className="as-written">
          {titleOf(one.nodeId) ?? "A node"}: {messageIn(one.result)}
        </Text>
      ))}
      {output !== undefined && output !== null && (
        <ScrollArea.Autosize mah={200} mt="xs">
          <Code block>{JSON.stringify(output, null, 2)}</Code>
        </ScrollArea.Autosize>
      )}
    </Alert>
  );
}

function messageIn(result: unknown): string {
  if (typeof result === "object" && result !== null && "message" in result) return String(result.message);
  return result === null || result === undefined ? "failed" : JSON.stringify(result);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
