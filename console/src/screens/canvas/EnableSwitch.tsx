import { Switch } from "@mantine/core";
import { useState } from "react";
import { say } from "../../actions/messages";
import { change, refreshWorkflows } from "./api";
import type { Workflow } from "./types";

interface Props {
  version: Pick<Workflow, "id" | "key" | "title" | "enabled">;
  label?: string;
  /** Gets what the server refused. */
  onRefused: (error: unknown) => void;
  onChanged?: () => void;
}

export function EnableSwitch({ version, label, onRefused, onChanged }: Props) {
  const [busy, setBusy] = useState(false);
  const name = version.title || version.key;

  async function set(enabled: boolean) {
    if (busy) return;
    setBusy(true);
    try {
      await change.updateWorkflow(version.id, { enabled });
      await refreshWorkflows();
      say(enabled ? "Enabled" : "Disabled", enabled ? `${name} runs from now on.` : `${name} no longer runs.`, "success");
      onChanged?.();
    } catch (refused) {
      onRefused(refused);
    }
    setBusy(false);
  }

  // Not disabled meanwhile: the keyboard would lose its place.
  return <Switch label={label} aria-label={label ? undefined : `${name} is enabled`} checked={version.enabled} aria-busy={busy} onChange={(event) => void set(event.currentTarget.checked)} />;
}
