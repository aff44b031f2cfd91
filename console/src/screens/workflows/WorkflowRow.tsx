import { ActionIcon, Anchor, Badge, Group, Menu, Stack, Table, Text } from "@mantine/core";
import { IconCopy, IconDots, IconDownload, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { say, showError } from "../../actions/messages";
import { useSession } from "../../app/session";
import { ApiError, Press } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useOnce } from "../../ui/useOnce";
import { change, refreshWorkflows } from "../canvas/api";
import { EnableSwitch } from "../canvas/EnableSwitch";
import { saveFile } from "../canvas/saveFile";
import { aboutTrigger } from "../canvas/summary";
import type { Kinds, Workflow } from "../canvas/types";

const COUNT = new Intl.NumberFormat();

export function WorkflowRow({ workflow, kinds }: { workflow: Workflow; kinds: Kinds | undefined }) {
  const session = useSession();
  const [deleting, setDeleting] = useState(false);
  const name = workflow.title || workflow.key;
  const trigger = kinds?.triggers.get(workflow.type)?.title ?? workflow.type;
  const [busy, once] = useOnce();
  const [press] = useState(() => new Press());
  const tried = (title: string, act: () => Promise<void>) => once(act, (error) => showError(error, title));

  async function duplicate() {
    const made = await press.send(name, (idempotencyKey) => change.copyWorkflow(workflow, `${name} copy`, idempotencyKey));
    await refreshWorkflows();
    say("Copied", made.title ?? made.key, "success");
  }
  function refused(error: unknown) {
    const count = error instanceof ApiError ? error.problems.length : 0;
    say(`${name} cannot be enabled`, count > 0 && error instanceof ApiError ? error.problems.map((one) => one.message).join("\n") : String(error), "warning");
  }

  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/workflows/${workflow.id}`} fw={500} size="sm" title={workflow.key}>
          {name}
        </Anchor>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {trigger}
        </Text>
        {workflow.description && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {workflow.description}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Stack gap={0}>
          <Text size="sm">{trigger}</Text>
          <Text size="xs" c="dimmed">
            {[aboutTrigger(workflow, session.collection), workflow.sync ? "synchronous" : "asynchronous"].join(" · ")}
          </Text>
        </Stack>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Group gap={4}>
          {(workflow.categories ?? []).map((one) => (
            <Badge key={one.id} variant="default" tt="none" fw={400}>
              {one.title}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td ta="right">
        <Anchor component={Link} to={`/executions?workflow=${encodeURIComponent(workflow.key)}`} size="sm" aria-label={`${workflow.stats?.executed ?? 0} executions of ${name}, ${workflow.versionStats?.executed ?? 0} of this version`}>
          {COUNT.format(workflow.stats?.executed ?? 0)}
        </Anchor>
        <Text size="xs" c="dimmed" visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
          {COUNT.format(workflow.versionStats?.executed ?? 0)} of this version
        </Text>
      </Table.Td>
      <Table.Td>
        <EnableSwitch version={workflow} onRefused={refused} />
      </Table.Td>
      <Table.Td>
        <Group justify="flex-end">
          <Menu position="bottom-end" width={170}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" loading={busy} aria-label={`More about ${name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => tried("Not copied", duplicate)}>
                Duplicate
              </Menu.Item>
              <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={() => tried("Not exported", async () => saveFile(`${workflow.key}.json`, await change.exportVersion(workflow.id)))}>
                Export
              </Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDeleting(true)}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
        {deleting && (
          <ConfirmDialog
            title={`Delete ${name}?`}
            text="All of its versions are gone for good, and buttons that start it no longer do. Its executions stay."
            label="Delete"
            onClose={() => setDeleting(false)}
            onConfirm={async () => {
              await change.destroyWorkflow(workflow.id);
              await refreshWorkflows();
              say("Deleted", `${name} is gone.`, "success");
            }}
          />
        )}
      </Table.Td>
    </Table.Tr>
  );
}
