import { Grid, Group, Paper, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { lazy, Suspense, useMemo } from "react";
import { useParams } from "react-router-dom";
import { hasEnded } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { Timestamp } from "../../ui/Timestamp";
import { useKinds } from "../canvas/api";
import { titleOfNode, treeOf } from "../canvas/tree";
import type { FlowNode, Kinds } from "../canvas/types";
import { NotFound } from "../home/NotFound";
import { useFollowed, useRun, useTasksOf, useVersionOf } from "./api";
import { JobList } from "./JobList";
import { NodePanel, TriggerPanel } from "./JobPanel";
import { RoundPicker } from "./RoundPicker";
import { RunActions } from "./RunActions";
import { RunFacts } from "./RunFacts";
import { RunNotices } from "./RunNotices";
import { jobsByNode, roundChoices, statesOf, waitedFor, waitOf, type Job, type Run } from "./runs";
import { useRunState } from "./runState";

const WorkflowTree = lazy(() => import("../canvas/WorkflowTree"));

/** One run: how it goes, drawn as its workflow is. */
export default function ExecutionScreen() {
  const { id = "" } = useParams();
  const asked = useRun(id);
  const run = asked.data;
  const lostAt = useFollowed(id, run !== undefined && run !== null && !hasEnded(run));
  const version = useVersionOf(run);
  const kinds = useKinds().data;
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending || (run && version.isLoading)) return <Loading />;
  if (!run) return <NotFound what={`The execution ${id}`} />;
  return <RunPage key={id} id={id} run={run} lostAt={lostAt} nodes={version.data?.nodes ?? []} kinds={kinds} />;
}

function RunPage({ id, run, lostAt, nodes, kinds }: { id: string; run: Run; lostAt: number | null; nodes: FlowNode[]; kinds: Kinds | undefined }) {
  const narrow = useMediaQuery("(max-width: 48em)") ?? false;
  const [state, change] = useRunState();
  const jobs = useMemo(() => run.jobs ?? [], [run.jobs]);
  const rounds = roundChoices(jobs, state.rounds);
  const byNode = useMemo(() => jobsByNode(jobs, state.rounds), [jobs, state.rounds]);
  const states = useMemo(() => statesOf(byNode), [byNode]);
  const tree = useMemo(() => treeOf(nodes, kinds), [nodes, kinds]);
  const byId = new Map(nodes.map((one) => [one.id, one]));
  const tasks = useTasksOf(id, nodes.some((one) => one.type === "manual") && jobs.some((job) => job.status === 0));
  const waits = (job: Run["jobs"][number]) => waitOf(job, byId.get(job.nodeId), tasks.data ? waitedFor(job, tasks.data.tasks).map(tasks.data.nameOf) : []);
  const view = state.view ?? (narrow ? "list" : "drawing");
  const workflow = run.workflow;
  const title = workflow?.title || run.key;
  const named = (nodeId: number, key: string) => (byId.get(nodeId) ? titleOfNode(byId.get(nodeId) as FlowNode, kinds) : key);
  const selected = state.node ?? lastOf(run, byNode);
  const chosen = typeof selected === "number" ? byId.get(selected) : undefined;
  return (
    <Stack gap="md">
      <PageHeader title={title} description={`Execution ${id}`} above={[{ label: "Executions", to: "/executions" }]} actions={<RunActions id={id} run={run} />} />
      <RunFacts run={run} />
      {lostAt !== null && (
        <Text size="sm" c="dimmed" role="status">
          No connection: this is how it was at <Timestamp at={lostAt} />
        </Text>
      )}
      <RunNotices run={run} nodes={nodes} named={named} waits={waits} />
      <Group justify="space-between">
        <RoundPicker rounds={rounds} nodes={nodes} kinds={kinds} onChange={(key, round) => change({ rounds: { ...state.rounds, [key]: round } })} />
        {nodes.length > 0 && <SegmentedControl aria-label="How the run is shown" value={view} onChange={(value) => change({ view: value as "list" | "drawing" })} data={[{ value: "drawing", label: "Drawing" }, { value: "list", label: "List" }]} />}
      </Group>
      <Grid>
        <Grid.Col span={{ base: 12, md: 7, lg: 8 }}>
          <Paper withBorder radius="md" style={{ overflow: "hidden" }}>
            {view === "drawing" && workflow && nodes.length > 0 ? (
              <div style={{ height: "min(68vh, 720px)" }}>
                <Suspense fallback={<Loading />}>
                  <WorkflowTree workflow={workflow} nodes={nodes} kinds={kinds} states={states} selected={selected} onSelect={(node) => change({ node })} label={`Execution ${id} of ${title}`} />
                </Suspense>
              </div>
            ) : (
              <JobList run={run} tree={tree} kinds={kinds} byNode={byNode} waits={waits} selected={selected} onSelect={(node) => change({ node })} />
            )}
          </Paper>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5, lg: 4 }}>
          <Paper withBorder radius="md" p="md" component="section" aria-label="Details" aria-live="polite">
            {chosen ? (
              <NodePanel id={id} run={run} node={chosen} job={byNode.get(chosen.id)} kinds={kinds} waits={waits} />
            ) : selected === "trigger" || nodes.length === 0 ? (
              <TriggerPanel run={run} kinds={kinds} />
            ) : kinds ? (
              <Text size="sm" c="dimmed">
                Choose a node to see what went into it and what came out.
              </Text>
            ) : (
              <Skeleton h={60} />
            )}
          </Paper>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

/** What is looked at first: the node that is waited for, or that ended the run badly. */
function lastOf(run: Run, byNode: Map<number, Job>): number | null {
  const isBad = run.status !== null && run.status < 0;
  const found = [...byNode.values()].findLast((job) => (isBad ? job.status < 0 : job.status === 0));
  return found?.nodeId ?? null;
}
