import { Anchor, Badge, Button, Group, Paper, SegmentedControl, Table, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router-dom";
import { showError } from "../../actions/messages";
import { useSession } from "../../app/session";
import { statusName } from "../../client";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";
import { useLastPage } from "../../ui/useLastPage";
import { Pages } from "../executions/Pages";
import { markCopies, refreshCounts, useTaskCounts, useTasks, type Shown, type Task } from "./api";

const NOTHING: Record<Shown, [string, string]> = {
  open: ["Nothing waits for you", "When a workflow needs your answer, it stands here."],
  closed: ["Nothing done yet", "What you have answered stands here."],
  copies: ["No copies", "What workflows tell you stands here."],
};

/** What workflows ask of one, and what they tell. */
export default function TasksScreen() {
  const [params, setParams] = useSearchParams();
  const asked = params.get("show");
  const shown: Shown = asked === "closed" || asked === "copies" ? asked : "open";
  const page = Math.max(1, Math.trunc(Number(params.get("page"))) || 1);
  const tasks = useTasks(shown, page);
  const counts = useTaskCounts().data;
  const rows = tasks.data?.rows ?? [];
  const goTo = (next: number, replace = false) => setParams({ ...(shown === "open" ? {} : { show: shown }), page: String(next) }, { replace });
  const isEmpty = useLastPage(tasks, page, (last) => goTo(last, true));
  useEffect(() => {
    if (tasks.dataUpdatedAt > 0) void refreshCounts();
  }, [tasks.dataUpdatedAt]);
  const withCount = (label: string, count: number) => (count > 0 ? `${label} (${count})` : label);
  const views = [
    { value: "open", label: withCount("To do", counts.manual) },
    { value: "copies", label: withCount("Copies", counts.cc) },
    { value: "closed", label: "Done" },
  ];
  return (
    <>
      <PageHeader title="Tasks" description="What workflows wait for you to answer, and what they tell you." />
      <Paper withBorder radius="md">
        <Group p="sm" justify="space-between">
          <SegmentedControl aria-label="Which tasks" value={shown} onChange={(value) => setParams(value === "open" ? {} : { show: value })} data={views} />
          {shown === "copies" && counts.cc > 0 && <MarkButton label="Mark all as read" how="read" />}
        </Group>
        {tasks.isError && <ErrorNote error={tasks.error} onRetry={() => void tasks.refetch()} />}
        {tasks.isPending && <Loading />}
        {isEmpty && <Empty title={NOTHING[shown][0]}>{NOTHING[shown][1]}</Empty>}
        {rows.length > 0 && <Rows rows={rows} shown={shown} />}
        <Pages meta={tasks.data?.meta} page={page} shown={rows.length} onChange={(next) => goTo(next)} />
      </Paper>
    </>
  );
}

function Rows({ rows, shown }: { rows: Task[]; shown: Shown }) {
  const session = useSession();
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table highlightOnHover verticalSpacing="sm" fz="sm" aria-label="Tasks">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Title</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>{shown === "closed" ? "Settled" : "Since"}</Table.Th>
            {shown === "copies" && <Table.Th ta="right">Actions</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                {shown === "copies" ? (
                  <Copy task={one} link={session.isIn("workflows")} />
                ) : (
                  <Anchor component={Link} to={`/tasks/${one.id}`} fw={500} size="sm">
                    {one.title || `Task ${one.id}`}
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td>{shown === "copies" ? <ReadMark isRead={one.status === 1} /> : <StatusBadge status={one.status} label={taskStatus(one)} />}</Table.Td>
              <Table.Td>
                <Timestamp at={shown === "closed" ? one.updatedAt : one.createdAt} />
              </Table.Td>
              {shown === "copies" && (
                <Table.Td ta="right">
                  <MarkButton label={one.status === 1 ? "Mark as unread" : "Mark as read"} how={one.status === 1 ? "unread" : "read"} ids={[one.id]} />
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The status of a task in words: a draft is one that has something in it and is open. */
export function taskStatus(task: Task): string {
  if (task.status === 0) return task.result ? "Draft" : "To do";
  if (task.status === 1) return "Agreed";
  return task.status === -3 ? "No longer needed" : statusName(task.status);
}

function Copy({ task, link }: { task: Task; link: boolean }) {
  const title = task.title || `Copy ${task.id}`;
  if (!link) return <Text size="sm" fw={task.status === 0 ? 650 : 400}>{title}</Text>;
  return (
    <Anchor component={Link} to={`/executions/${task.executionId}`} fw={task.status === 0 ? 650 : 400} size="sm">
      {title}
    </Anchor>
  );
}

function ReadMark({ isRead }: { isRead: boolean }) {
  return (
    <Badge variant="light" color={isRead ? "gray" : "blue"} tt="none" fw={500}>
      {isRead ? "Read" : "Unread"}
    </Badge>
  );
}

function MarkButton({ label, how, ids }: { label: string; how: "read" | "unread"; ids?: number[] }) {
  const [busy, setBusy] = useState(false);
  async function mark() {
    if (busy) return;
    setBusy(true);
    try {
      await markCopies(how, ids);
    } catch (error) {
      showError(error, label);
    }
    setBusy(false);
  }
  return (
    <Button size="compact-sm" variant="subtle" loading={busy} onClick={() => void mark()}>
      {label}
    </Button>
  );
}
