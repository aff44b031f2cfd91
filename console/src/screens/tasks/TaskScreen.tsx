import { Alert, Anchor, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Link, useParams } from "react-router-dom";
import { useSession } from "../../app/session";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";
import { NotFound } from "../home/NotFound";
import { useTask, type OpenTask } from "./api";
import { answered } from "./forms";
import { RecordCard } from "./RecordCard";
import { TaskFormCard } from "./TaskFormCard";
import { taskStatus } from "./TasksScreen";

/** One task: what it is about, and what to answer. */
export default function TaskScreen() {
  const { id = "" } = useParams();
  const asked = useTask(id);
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  if (!asked.data) return <NotFound what="This task" />;
  return <TaskPage key={id} task={asked.data} />;
}

function TaskPage({ task }: { task: OpenTask }) {
  const session = useSession();
  const isOpen = task.status === 0;
  const forms = Object.entries(task.forms);
  return (
    <Stack gap="md" maw={900}>
      <PageHeader
        title={task.title || `Task ${task.id}`}
        above={[{ label: "Tasks", to: "/tasks" }]}
        actions={
          <Group gap="xs" fz="sm">
            <StatusBadge status={task.status} label={taskStatus(task)} />
            <Text span size="sm" c="dimmed">
              {isOpen ? "since" : "settled"} <Timestamp at={isOpen ? task.createdAt : task.updatedAt} />
            </Text>
            {session.isIn("workflows") && (
              <Anchor component={Link} to={`/executions/${task.executionId}`} size="sm">
                The run
              </Anchor>
            )}
          </Group>
        }
      />
      {task.record && <RecordCard record={task.record} />}
      {isOpen && forms.length === 0 && <Alert color="blue" title="Nothing to fill in here: somebody who manages workflows lets it go on." />}
      {isOpen && forms.map(([key, form]) => <TaskFormCard key={key} task={task} formKey={key} form={form} />)}
      {!isOpen && <History task={task} />}
    </Stack>
  );
}

/** What was answered, to read. */
function History({ task }: { task: OpenTask }) {
  const session = useSession();
  const forms = answered(task, session.collection);
  if (task.status === -3 || forms.length === 0) {
    const text = task.status === -3 ? "Nobody waits for this any more: it was decided otherwise, or the run has ended." : "It was settled without values.";
    return <Alert color="gray" title={text} />;
  }
  return forms.map(({ form, lines, action }) => (
    <Card key={form} withBorder padding="lg" component="section" aria-label={form}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {form}
        </Title>
        {action && (
          <Text size="sm" c="dimmed">
            You chose <b>{action}</b>
          </Text>
        )}
      </Group>
      {lines.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing was filled in.
        </Text>
      )}
      <Stack gap="xs" component="dl" m={0}>
        {lines.map(({ label, value }) => (
          <div key={label}>
            <Text component="dt" size="xs" c="dimmed" fw={500}>
              {label}
            </Text>
            <Text component="dd" m={0} size="sm" className="as-written">
              {inText(value)}
            </Text>
          </div>
        ))}
      </Stack>
    </Card>
  ));
}

function inText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
