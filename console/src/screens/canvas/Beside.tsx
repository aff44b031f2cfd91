import type { ApiError } from "../../client";
import { AddNode } from "./AddNode";
import type { Opened } from "./canvasState";
import { NodeDrawer } from "./NodeDrawer";
import type { WorkflowProblems } from "./problems";
import { RunDialog } from "./RunDialog";
import { placeName, titleOfNode, type TreeNode } from "./tree";
import { TriggerDrawer } from "./TriggerDrawer";
import type { FlowNode, Kinds, Selection, Workflow } from "./types";
import { WorkflowSettings } from "./WorkflowSettings";

interface Props {
  version: Workflow;
  kinds: Kinds;
  nodes: FlowNode[];
  tree: TreeNode[];
  opened: Opened;
  open: (opened: Opened) => void;
  locked: string | null;
  problems: WorkflowProblems;
  onSaved: (which: Selection) => void;
  onRefused: (error: ApiError) => void;
}

/** What is open beside the drawing: a drawer or a dialog. */
export function Beside({ version, kinds, nodes, tree, opened, open, locked, problems, onSaved, onRefused }: Props) {
  const close = () => open({ what: "nothing" });
  const saved = (which: Selection) => {
    onSaved(which);
    close();
  };
  const shared = { version, kinds, nodes, onClose: close, onSaved: saved };
  const titleById = (id: number) => {
    const node = nodes.find((one) => one.id === id);
    return node && titleOfNode(node, kinds);
  };
  switch (opened.what) {
    case "trigger":
      return <TriggerDrawer version={version} kinds={kinds} problems={problems.at.get("trigger") ?? []} locked={locked} onClose={close} onSaved={() => saved("trigger")} />;
    case "node": {
      const node = nodes.find((one) => one.id === opened.id);
      return node ? <NodeDrawer key={node.id} {...shared} node={node} type={node.type} place={node} problems={problems.at.get(node.id) ?? []} locked={locked} /> : null;
    }
    case "choose":
      return locked ? null : <AddNode kinds={kinds} sync={version.sync} where={placeName(opened.place, tree, kinds)} onClose={close} onChoose={(type) => open({ what: "new", type, place: opened.place })} />;
    case "new":
      return locked ? null : <NodeDrawer key={opened.type} {...shared} node={null} type={opened.type} place={opened.place} problems={[]} locked={null} />;
    case "settings":
      return <WorkflowSettings version={version} onClose={close} />;
    case "run":
      return <RunDialog version={version} titleOf={titleById} onRefused={onRefused} onClose={close} />;
    default:
      return null;
  }
}
