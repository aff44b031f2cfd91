import { ActionIcon, Anchor, Badge, Breadcrumbs, Button, Group, Menu, Stack } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconChevronDown, IconCopy, IconDots, IconDownload, IconHistory, IconPlayerPlay, IconSettings, IconTrash, IconVersions } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router-dom";
import { say, showError } from "../../actions/messages";
import { Press } from "../../client";
import { shortTime } from "../../model/times";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useOnce } from "../../ui/useOnce";
import { change, refreshWorkflows, useVersions } from "./api";
import { EnableSwitch } from "./EnableSwitch";
import { saveFile } from "./saveFile";
import type { Workflow } from "./types";
import { WorkflowName } from "./WorkflowName";

interface Props {
  version: Workflow;
  onRefused: (error: unknown) => void;
  onEnabled: () => void;
  onRun: () => void;
  onSettings: () => void;
  onNewVersion: () => Promise<void>;
}

export function VersionHeader({ version, onRefused, onEnabled, onRun, onSettings, onNewVersion }: Props) {
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const name = version.title || version.key;
  useDocumentTitle(`${name} · Stepbase`);
  const [busy, once] = useOnce();
  const [press] = useState(() => new Press());
  const tried = (title: string, act: () => Promise<void>) => once(act, (error) => showError(error, title));
  const copy = async () => {
    const made = await press.send(name, (idempotencyKey) => change.copyWorkflow(version, `${name} copy`, idempotencyKey));
    await refreshWorkflows();
    say("Copied", made.title ?? made.key, "success");
    void navigate(`/workflows/${made.id}`);
  };
  const destroy = async () => {
    await change.destroyWorkflow(version.id);
    await refreshWorkflows();
    say("Deleted", version.current ? `${name} is gone.` : "This version is gone.", "success");
    void navigate("/workflows");
  };
  return (
    <Group justify="space-between" align="flex-end" gap="sm" mb="sm">
      <Stack gap={2} miw={0}>
        <Breadcrumbs fz="sm">
          <Anchor component={Link} to="/workflows" size="sm">
            Workflows
          </Anchor>
        </Breadcrumbs>
        <WorkflowName name={name} workflowKey={version.key} />
      </Stack>
      <Group gap="sm">
        <Badge variant="default" tt="none" fw={500}>
          {version.sync ? "Synchronous" : "Asynchronous"}
        </Badge>
        <Versions version={version} />
        <EnableSwitch version={version} label="Enabled" onRefused={onRefused} onChanged={onEnabled} />
        <Button variant="default" leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={onRun}>
          Run
        </Button>
        <Menu position="bottom-end" width={210}>
          <Menu.Target>
            <ActionIcon variant="default" size="lg" loading={busy} aria-label="More about this workflow">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconSettings size={16} aria-hidden />} onClick={onSettings}>
              Settings
            </Menu.Item>
            <Menu.Item leftSection={<IconHistory size={16} aria-hidden />} component={Link} to={`/executions?workflow=${encodeURIComponent(version.key)}`}>
              Executions
            </Menu.Item>
            <Menu.Item leftSection={<IconVersions size={16} aria-hidden />} onClick={() => tried("No new version", onNewVersion)}>
              New version
            </Menu.Item>
            <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => tried("Not copied", copy)}>
              Duplicate
            </Menu.Item>
            <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={() => tried("Not exported", async () => saveFile(`${version.key}.json`, await change.exportVersion(version.id)))}>
              Export
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDeleting(true)}>
              {version.current ? "Delete the workflow" : "Delete this version"}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {deleting && (
        <ConfirmDialog
          title={version.current ? `Delete ${name}?` : "Delete this version?"}
          text={version.current ? "All of its versions are gone for good, and buttons that start it no longer do. Its executions stay." : "It is gone for good; other versions stay."}
          label="Delete"
          onClose={() => setDeleting(false)}
          onConfirm={destroy}
        />
      )}
    </Group>
  );
}

function Versions({ version }: { version: Workflow }) {
  const asked = useVersions(version.key);
  const rows = asked.data ?? [];
  const number = rows.length - rows.findIndex((one) => one.id === version.id);
  const known = rows.some((one) => one.id === version.id);
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />} loading={asked.isPending}>
          {known ? `Version ${number}` : "Versions"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {rows.map((one, index) => (
          <Menu.Item key={one.id} component={Link} to={`/workflows/${one.id}`} fw={one.id === version.id ? 600 : undefined} rightSection={<VersionBadge version={one} />}>
            Version {rows.length - index} · {shortTime(one.createdAt)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function VersionBadge({ version }: { version: Workflow }) {
  if (version.enabled) return <Badge size="xs" color="teal">on</Badge>;
  if ((version.versionStats?.executed ?? 0) > 0) return <Badge size="xs" variant="light" color="gray">has run</Badge>;
  return version.current ? <Badge size="xs" variant="default">current</Badge> : null;
}
