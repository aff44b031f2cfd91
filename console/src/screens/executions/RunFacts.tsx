import { Anchor, Badge, Group, Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";
import { RecordLink } from "./RecordLink";
import { runTook, type Run } from "./runs";

/** The run in short: how it stands, for what, when, and what it hangs together with. */
export function RunFacts({ run }: { run: Run }) {
  const user = run.context?.["user"] as { nickname?: string; username?: string } | null | undefined;
  const who = user?.nickname || user?.username;
  const retries = (run.jobs ?? []).flatMap((job) => (Array.isArray(job.meta?.["retried"]) ? (job.meta["retried"] as number[]) : [])).reduce((sum, one) => sum + Number(one || 0), 0);
  const marks = [
    run.rerunOf && <Mark key="rerun">Rerun of <RunLink id={run.rerunOf} /></Mark>,
    run.parentExecutionId && <Mark key="parent">Called by <RunLink id={run.parentExecutionId} /></Mark>,
    run.spilled && <Mark key="spilled">Took too long for its call, and went on in the background</Mark>,
    run.manually && !run.rerunOf && <Mark key="manually">Started by hand</Mark>,
    retries > 0 && <Mark key="retries">{retries === 1 ? "One retry" : `${retries} retries`}</Mark>,
  ].filter(Boolean);
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label="The run">
      <Group gap="xl" align="flex-start">
        <Fact label="Status">
          <StatusBadge status={run.status} reason={run.reason} />
        </Fact>
        <Fact label="Record">
          <RecordLink record={run.record} />
        </Fact>
        <Fact label="Begun">
          <Timestamp at={run.startedAt ?? run.createdAt} />
        </Fact>
        <Fact label={run.status !== null && run.status !== 0 ? "Took" : "Last change"}>{runTook(run) || <Timestamp at={run.updatedAt} />}</Fact>
        <Fact label="Started by">{who ?? (run.parentExecutionId ? "a workflow" : "itself")}</Fact>
        <Fact label="Workflow">
          {run.workflow ? (
            <Anchor component={Link} to={`/workflows/${run.workflowId}`} size="sm">
              {run.key}
            </Anchor>
          ) : (
            <Text span size="sm" c="dimmed">
              {run.key} (this version is gone)
            </Text>
          )}
        </Fact>
      </Group>
      {marks.length > 0 && (
        <Group gap="xs" mt="sm">
          {marks}
        </Group>
      )}
    </Paper>
  );
}

function Mark({ children }: { children: ReactNode }) {
  return (
    <Badge variant="default" tt="none" fw={400}>
      {children}
    </Badge>
  );
}

function RunLink({ id }: { id: number }) {
  return (
    <Anchor component={Link} to={`/executions/${id}`} fz="inherit">
      {id}
    </Anchor>
  );
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={2} fz="sm" miw={0}>
      <Text size="xs" c="dimmed" fw={500}>
        {label}
      </Text>
      <div>{children}</div>
    </Stack>
  );
}
