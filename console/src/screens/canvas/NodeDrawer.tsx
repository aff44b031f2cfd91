import { useMemo, useState } from "react";
import { useSession } from "../../app/session";
import { Press, type Problem, type Row } from "../../client";
import { say } from "../../actions/messages";
import { change, refreshUnheard, refreshWorkflows } from "./api";
import { ConfigDrawer } from "./ConfigDrawer";
import { NodeTest } from "./NodeTest";
import { nodesBefore, titleOfNode } from "./tree";
import type { FlowNode, Kinds, Place, Schema, Workflow } from "./types";
import { variablesAt } from "./variables";

interface Props {
  version: Workflow;
  nodes: FlowNode[];
  kinds: Kinds;
  /** The node, or the type of one to be added. */
  node: FlowNode | null;
  type: string;
  place: Place;
  problems: Problem[];
  locked: string | null;
  onSaved: (id: number) => void;
  onClose: () => void;
}

export function NodeDrawer({ version, nodes, kinds, node, type, place, problems, locked, onSaved, onClose }: Props) {
  const session = useSession();
  const [press] = useState(() => new Press());
  const kind = kinds.nodes.get(type);
  const { before, variables } = useMemo(() => {
    const scope = { workflow: version, nodes, place, kinds, find: session.collection };
    return { before: nodesBefore(nodes, place, kinds), variables: variablesAt(scope) };
  }, [version, nodes, place, kinds, session.collection]);
  const title = node ? titleOfNode(node, kinds) : (kind?.title ?? type);
  async function add(values: Row): Promise<number> {
    try {
      return (await press.send(values, (idempotencyKey) => change.createNode(version.id, values, idempotencyKey))).id;
    } catch (error) {
      refreshUnheard(error);
      throw error;
    }
  }
  return (
    <ConfigDrawer
      heading={node ? title : `Add: ${title}`}
      about={[kind?.description, node && `Key ${node.key}.`].filter(Boolean).join(" ")}
      type={type}
      schema={kind?.schema ?? {}}
      policies={kind?.policies}
      stored={node}
      title={node?.title ?? null}
      titlePlaceholder={kind?.title ?? type}
      config={begun(kind?.schema, node?.config ?? {})}
      problems={problems}
      variables={variables}
      before={before}
      sync={version.sync}
      locked={locked}
      saveLabel={node ? "Save" : "Add"}
      onClose={onClose}
      onSave={async (newTitle, config, ifMatch) => {
        const id = node ? node.id : await add({ type, title: newTitle, config, ...place });
        if (node) await change.updateNode(node.id, { title: newTitle, config }, ifMatch);
        await refreshWorkflows();
        say(node ? "Saved" : "Added", newTitle ?? title, "success");
        onSaved(id);
      }}
      extra={kind?.testable ? (config) => <NodeTest type={type} config={config} /> : undefined}
    />
  );
}

/** A switch that has to be set is off until it is switched on. */
function begun(schema: Schema | undefined, config: Row): Row {
  const off = (schema?.required ?? []).filter((name) => schema?.properties?.[name]?.type === "boolean");
  return { ...Object.fromEntries(off.map((name) => [name, false])), ...config };
}
