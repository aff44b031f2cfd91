import { useSession } from "../../app/session";
import type { Problem } from "../../client";
import { say } from "../../actions/messages";
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
  const kind = kinds.triggers.get(version.type);
  // Only a message's mapping holds templates, over the message itself.
  const variables = version.type === "message" ? variablesAt({ workflow: version, nodes: [], place: { upstreamId: null, branchIndex: null }, kinds, find: session.collection }).slice(0, 1) : [];
  return (
    <ConfigDrawer
      heading={`Trigger: ${kind?.title ?? version.type}`}
      about={`${kind?.description ?? ""} ${version.sync ? "Whoever sets it off waits for the end of the workflow." : "The workflow runs on its own; nobody waits for it."}`}
      type={version.type}
      schema={kind?.schema ?? {}}
      title={version.triggerTitle}
      titlePlaceholder={kind?.title ?? version.type}
      config={version.config}
      problems={problems}
      variables={variables}
      before={[]}
      sync={version.sync}
      locked={locked}
      saveLabel="Save"
      onClose={onClose}
      onSave={async (title, config) => {
        await change.updateWorkflow(version.id, { triggerTitle: title, config });
        await refreshWorkflows();
        say("Saved", title ?? kind?.title ?? version.type, "success");
        onSaved();
      }}
    />
  );
}
