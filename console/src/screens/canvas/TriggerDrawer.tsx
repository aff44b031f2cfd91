import { useState } from "react";
import { useSession } from "../../app/session";
import type { Problem, Row } from "../../client";
import { say } from "../../actions/messages";
import { tagOf, theirsOf } from "../../ui/Theirs";
import { change, refreshWorkflows } from "./api";
import { ConfigDrawer } from "./ConfigDrawer";
import type { Kinds, Workflow } from "./types";
import { variablesAt } from "./variables";

interface Props {
  version: Workflow;
  kinds: Kinds;
  problems: Problem[];
  locked: string | null;
  onSaved: () => void;
  onClose: () => void;
}

export function TriggerDrawer({ version, kinds, problems, locked, onSaved, onClose }: Props) {
  const session = useSession();
  const [opened] = useState(version);
  const kind = kinds.triggers.get(version.type);
  // Only a message's mapping holds templates, over the message itself.
  const variables = version.type === "message" ? variablesAt({ workflow: version, nodes: [], place: { upstreamId: null, branchIndex: null }, kinds, find: session.collection }).slice(0, 1) : [];
  async function save(values: Row, ifMatch: string | undefined): Promise<void> {
    try {
      await change.updateWorkflow(version.id, values, ifMatch);
    } catch (error) {
      const now = theirsOf<Workflow>(error);
      if (!now || !isSameTrigger(now, opened)) throw error;
      // Somebody changed another part of the workflow.
      await save(values, tagOf(now));
    }
  }
  return (
    <ConfigDrawer
      heading={`Trigger: ${kind?.title ?? version.type}`}
      about={`${kind?.description ?? ""} ${version.sync ? "Whoever sets it off waits for the end of the workflow." : "The workflow runs on its own; nobody waits for it."}`}
      type={version.type}
      schema={kind?.schema ?? {}}
      stored={version}
      title={version.triggerTitle}
      titleField="triggerTitle"
      titlePlaceholder={kind?.title ?? version.type}
      config={version.config}
      problems={problems}
      variables={variables}
      before={[]}
      sync={version.sync}
      locked={locked}
      saveLabel="Save"
      onClose={onClose}
      onSave={async (title, config, ifMatch) => {
        await save({ triggerTitle: title, config }, ifMatch);
        await refreshWorkflows();
        say("Saved", title ?? kind?.title ?? version.type, "success");
        onSaved();
      }}
    />
  );
}

function isSameTrigger(one: Workflow, other: Workflow): boolean {
  return one.triggerTitle === other.triggerTitle && JSON.stringify(one.config) === JSON.stringify(other.config);
}
