import { Alert, Text } from "@mantine/core";
import { hasEnded } from "../../client";
import type { FlowNode } from "../canvas/types";
import { failureOf, messagesOf, type Job, type Run } from "./runs";

interface Props {
  run: Run;
  nodes: FlowNode[];
  named: (nodeId: number, key: string) => string;
  waits: (job: Job) => string;
}

const AROUND_OTHERS = new Set(["loop", "parallel", "condition", "multi-conditions", "transaction"]);

/** What the run waits for, what ended it, what it said. */
export function RunNotices({ run, nodes, named, waits }: Props) {
  const types = new Map(nodes.map((one) => [one.id, one.type]));
  // Of a node around others what stands in it says better what is waited for.
  const pending = hasEnded(run) ? [] : (run.jobs ?? []).filter((job) => job.status === 0 && !AROUND_OTHERS.has(types.get(job.nodeId) ?? ""));
  const failure = failureOf(run);
  const said = messagesOf(run, nodes);
  const inLine = run.waitsFor !== null && run.waitsFor !== undefined;
  return (
    <>
      {run.status === null && (
        <Alert color="gray" role="status" title={inLine ? "It waits in line: as many as may run at once are under way" : "Queued: it begins in a moment"} />
      )}
      {pending.map((job) => (
        <Alert key={job.id} color="blue" role="status" title={`${named(job.nodeId, job.nodeKey)} ${waits(job)}`} />
      ))}
      {failure && (
        <Alert color="red" role="alert" title={`${named(failure.job.nodeId, failure.job.nodeKey)} ended it`}>
          {failure.message && (
            <Text size="sm" className="as-written">
              {failure.message}
            </Text>
          )}
        </Alert>
      )}
      {said.length > 0 && (
        <Alert color="indigo" variant="light" title="What it said">
          {said.map((one, index) => (
            <Text key={index} size="sm" className="as-written">
              {one}
            </Text>
          ))}
        </Alert>
      )}
    </>
  );
}
