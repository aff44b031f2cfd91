import { Alert, Box, Button, Group, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { useSession } from "../../app/session";
import { hasEnded, Press } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { JsonText } from "../../ui/JsonText";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";
import { titleOfNode } from "../canvas/tree";
import type { FlowNode, Kinds } from "../canvas/types";
import { control } from "./api";
import { inputsOf, type Input } from "./inputs";
import { whyNotRerun } from "./RunActions";
import { Fact } from "./RunFacts";
import { isError, tookOf, type Job, type Run } from "./runs";

interface Props {
  id: string;
  run: Run;
  node: FlowNode;
  job: Job | undefined;
  kinds?: Kinds;
  waits: (job: Job) => string;
}

/** What a node was given, what it gave, and how it went. */
export function NodePanel({ id, run, node, job, kinds, waits }: Props) {
  const kind = kinds?.nodes.get(node.type)?.title ?? node.type;
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Title order={2} size="h4">
            {titleOfNode(node, kinds)}
          </Title>
          <Text size="xs" c="dimmed">
            {kind} · <Text span ff="monospace" fz="inherit">{node.key}</Text>
          </Text>
        </div>
        {job && <StatusBadge status={job.status} label={job.status === 0 ? "Waiting" : undefined} />}
      </Group>
      {!job && (
        <Text size="sm" c="dimmed">
          This node has not run{hasEnded(run) ? "." : " yet."}
        </Text>
      )}
      {job && <Ran job={job} run={run} waits={waits} />}
      {job && <Inputs inputs={inputsOf(node.config, job, run)} />}
      <Part title={job ? "Configuration, as it was when it ran" : "Configuration"}>
        <JsonText value={node.config} label="Configuration" />
      </Part>
      {job && <FromHere id={id} run={run} node={node} />}
    </Stack>
  );
}

/** What stood behind the variables of the configuration. A version that has run never changes; the values are those of the history. */
function Inputs({ inputs }: { inputs: Input[] }) {
  if (inputs.length === 0) return null;
  return (
    <Part title="Input: what its variables held">
      <Stack gap={6} component="dl" m={0}>
        {inputs.map(({ variable, value, isKept }) => (
          <div key={variable}>
            <Text component="dt" size="xs" ff="monospace" style={{ overflowWrap: "anywhere" }}>
              {variable}
            </Text>
            <Box component="dd" m={0}>
              {isKept ? <JsonText value={value} label={`Value of ${variable}`} maxHeight={160} /> : <Text size="sm" c="dimmed">The history does not keep this value</Text>}
            </Box>
          </div>
        ))}
      </Stack>
    </Part>
  );
}

function Ran({ job, run, waits }: { job: Job; run: Run; waits: (job: Job) => string }) {
  const failed = job.meta?.["failed"];
  const outcome = isError(job) ? "Error" : "Result";
  const retried = Array.isArray(job.meta?.["retried"]) ? (job.meta["retried"] as number[]).reduce((sum, one) => sum + Number(one || 0), 0) : 0;
  return (
    <>
      {job.status === 0 && !hasEnded(run) && <Alert color="blue" title={waits(job)} />}
      {typeof failed === "number" && <Alert color="yellow" title="It failed, and the workflow went on as it was told to" />}
      <Group gap="xl">
        <Fact label="Begun">
          <Timestamp at={job.startedAt} />
        </Fact>
        {tookOf(job) && <Fact label="Took">{tookOf(job)}</Fact>}
        {retried > 0 && <Fact label="Tried again">{retried}×</Fact>}
      </Group>
      <Part title={outcome}>
        <JsonText value={job.result} label={outcome} />
      </Part>
      {job.log && (
        <Part title="Log">
          <JsonText value={job.log} label="Log" />
        </Part>
      )}
    </>
  );
}

/** A new execution that begins at this node, with the results of what ran before it. */
function FromHere({ id, run, node }: { id: string; run: Run; node: FlowNode }) {
  const session = useSession();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [press] = useState(() => new Press());
  if (!hasEnded(run)) return null;
  const refused = whyNotRerun(run, session.role);
  return (
    <>
      <Tooltip label={refused ?? ""} disabled={!refused} events={{ hover: true, focus: true, touch: true }}>
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} data-disabled={refused !== null || undefined} aria-disabled={refused !== null} aria-description={refused ?? undefined} onClick={() => !refused && setAsking(true)}>
          Run again from here
        </Button>
      </Tooltip>
      {asking && (
        <ConfirmDialog
          title="Run again from here?"
          text="A new execution begins at this node, or at the loop or parallel branches around it, with the results of what ran before. What is written from here on is written again."
          label="Run again"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            const made = await control.rerun(id, press, node.id);
            say("Runs again", `Execution ${made.id} has begun.`, "info");
            void navigate(`/executions/${made.id}`);
          }}
        />
      )}
    </>
  );
}

/** What the run began with, and what it gave to who waited for it. */
export function TriggerPanel({ run, kinds }: { run: Run; kinds?: Kinds }) {
  const type = run.workflow?.type ?? "";
  return (
    <Stack gap="sm">
      <div>
        <Title order={2} size="h4">
          Trigger
        </Title>
        <Text size="xs" c="dimmed">
          {kinds?.triggers.get(type)?.title ?? type}
        </Text>
      </div>
      <Part title="Context">
        <JsonText value={run.context} label="Context" maxHeight={420} />
      </Part>
      {run.output !== null && run.output !== undefined && (
        <Part title="Output">
          <JsonText value={run.output} label="Output" />
        </Part>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed" fw={600} mb={4}>
        {title}
      </Text>
      {children}
    </div>
  );
}
