import { Alert, Anchor, Badge, Button, Group, MultiSelect, Paper, Select, Table, Text, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "react-router-dom";
import { useSession } from "../../app/session";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";
import { useRuns, useWorkflowNames } from "./api";
import { STATUSES, useListState, type ListState } from "./listState";
import { RecordLink } from "./RecordLink";
import { Pages } from "./Pages";
import { runTook, type Run } from "./runs";

/** What ran, the newest first. */
export default function ExecutionsScreen() {
  const session = useSession();
  const [state, change] = useListState();
  const asked = useRuns(state, session.isIn("workflows"));
  const rows = asked.data?.rows ?? [];
  const isFiltered = Object.entries(state).some(([name, value]) => name !== "page" && value.length !== 0);
  if (!session.isIn("workflows")) return <Alert color="yellow" title="Not in your role">What workflows did is shown to who manages them.</Alert>;
  return (
    <>
      <PageHeader title="Executions" description="What workflows did, the newest first." />
      <Paper withBorder radius="md">
        <Filters state={state} onChange={change} isFiltered={isFiltered} />
        {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.isPending && <Loading />}
        {asked.isSuccess && rows.length === 0 && <Empty title={isFiltered ? "Nothing matches" : "Nothing has run yet"}>{isFiltered ? "Ask for less." : "Press a button that starts a workflow."}</Empty>}
        {rows.length > 0 && <Runs rows={rows} />}
        <Pages meta={asked.data?.meta} page={state.page} shown={rows.length} onChange={(page) => change({ page })} />
      </Paper>
    </>
  );
}

function Filters({ state, onChange, isFiltered }: { state: ListState; onChange: (changes: Partial<ListState>) => void; isFiltered: boolean }) {
  const names = useWorkflowNames();
  const [record, setRecord] = useState(state.record);
  useEffect(() => setRecord(state.record), [state.record]);
  const workflows = (names.data ?? []).map((one) => ({ value: one.key, label: one.title || one.key }));
  if (state.workflow && !workflows.some((one) => one.value === state.workflow)) workflows.push({ value: state.workflow, label: state.workflow });
  return (
    <Group p="sm" gap="sm" align="flex-end">
      <Select label="Workflow" data={workflows} value={state.workflow || null} onChange={(workflow) => onChange({ workflow: workflow ?? "" })} placeholder="Any" searchable clearable w={210} error={names.isError ? names.error.message : undefined} />
      <MultiSelect label="Status" data={STATUSES} value={state.status} onChange={(status) => onChange({ status })} placeholder={state.status.length > 0 ? undefined : "Any"} clearable w={210} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ record: record.trim() });
        }}
      >
        <TextInput label="Record" placeholder="samples/91" value={record} onChange={(event) => setRecord(event.currentTarget.value)} onBlur={() => record.trim() !== state.record && onChange({ record: record.trim() })} w={160} />
      </form>
      <TextInput type="date" label="From" value={state.from} max={state.to || undefined} onChange={(event) => onChange({ from: event.currentTarget.value })} w={150} />
      <TextInput type="date" label="To" value={state.to} min={state.from || undefined} onChange={(event) => onChange({ to: event.currentTarget.value })} w={150} />
      {isFiltered && (
        <Button variant="subtle" color="gray" onClick={() => onChange({ workflow: "", status: [], record: "", from: "", to: "" })}>
          Show all
        </Button>
      )}
    </Group>
  );
}

function Runs({ rows }: { rows: Run[] }) {
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table highlightOnHover verticalSpacing="xs" fz="sm" aria-label="Executions">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Workflow</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Record</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th ta="right">Took</Table.Th>
            <Table.Th>Id</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((one) => (
            <Table.Tr key={String(one.id)}>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  <Anchor component={Link} to={`/executions/${one.id}`} fw={500} size="sm">
                    {one.workflow?.title || one.key}
                  </Anchor>
                  <Marks run={one} />
                </Group>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={one.status} reason={one.waitsFor === null || one.waitsFor === undefined ? one.reason : "in line"} />
              </Table.Td>
              <Table.Td>
                <RecordLink record={one.record} />
              </Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                <Timestamp at={one.createdAt} />
              </Table.Td>
              <Table.Td ta="right">{runTook(one)}</Table.Td>
              <Table.Td>
                <Text size="xs" ff="monospace" c="dimmed">
                  {one.id}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Marks({ run }: { run: Run }) {
  const marks = [run.rerunOf && "rerun", !run.rerunOf && run.manually && "by hand", run.parentExecutionId && "subflow", run.spilled && "went on in the background"].filter((one) => typeof one === "string");
  return marks.map((one) => (
    <Badge key={one} variant="default" size="sm" tt="none" fw={400} miw="fit-content">
      {one}
    </Badge>
  ));
}
