import { ActionIcon, Tooltip } from "@mantine/core";
import { IconFlag2, IconPlus, IconTrash } from "@tabler/icons-react";
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { NodeCard, TriggerCard } from "./Card";
import type { Part } from "./layout";
import { titleOfNode } from "./tree";
import { useTree } from "./treeContext";
import type { FlowNode } from "./types";
import type { PartData } from "./WorkflowTree";

/** One part of the drawing. */
export function PartNode({ data }: NodeProps) {
  const { part } = (data as PartData).placed;
  return (
    <>
      {part.kind !== "frame" && part.kind !== "trigger" && <Handle type="target" position={Position.Top} isConnectable={false} />}
      {part.kind === "label" && <Handle id="side" type="target" position={Position.Left} isConnectable={false} />}
      <Content part={part} />
      {part.kind !== "frame" && part.kind !== "end" && <Handle type="source" position={Position.Bottom} isConnectable={false} />}
    </>
  );
}

function Content({ part }: { part: Part }) {
  switch (part.kind) {
    case "trigger":
      return <TriggerCard />;
    case "card":
      return <NodeCard node={part.node} />;
    case "slot":
      return <Slot part={part} />;
    case "label":
      return <BranchLabel owner={part.owner} index={part.index} text={part.text} />;
    case "frame":
      return <Frame owner={part.owner} />;
    case "join":
      return <div className="wf-join" />;
    default:
      return (
        <div className="wf-end">
          <IconFlag2 size={14} aria-hidden /> End
        </div>
      );
  }
}

/** A place between two nodes: empty, a plus, or while a node is being moved the place to put it. */
function Slot({ part }: { part: Extract<Part, { kind: "slot" }> }) {
  const { edit, nameOf } = useTree();
  const goesHere = edit?.placing?.(part.place);
  if (!edit || goesHere === null) return <div className="wf-slot" />;
  return (
    <div className="wf-slot">
      <Tooltip label={goesHere ?? "Add a node here"}>
        <ActionIcon className={goesHere ? "wf-here nopan" : "wf-plus nopan"} size={goesHere ? 26 : 22} radius="xl" variant={goesHere ? "filled" : "default"} aria-label={`${goesHere ?? "Add"} ${nameOf(part.place)}`} onClick={() => edit.onPlace(part.place)}>
          <IconPlus size={13} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

function BranchLabel({ owner, index, text }: { owner: FlowNode; index: number; text: string }) {
  const { edit } = useTree();
  const removable = edit && !edit.placing && owner.type === "parallel";
  return (
    <div className={owner.type === "loop" ? "wf-label wf-label-wide" : "wf-label"}>
      <span className="wf-label-text" title={text}>
        {text}
      </span>
      {removable && (
        <ActionIcon className="nopan" size={18} variant="transparent" color="gray" aria-label={`Remove ${text} of ${owner.title ?? owner.type}`} onClick={() => edit.onDeleteBranch(owner, index)}>
          <IconTrash size={12} />
        </ActionIcon>
      )}
    </div>
  );
}

const BODIES: Record<string, string> = { loop: "Repeats for each item", parallel: "All of these", transaction: "All or nothing" };

function Frame({ owner }: { owner: FlowNode }) {
  const { edit, kinds } = useTree();
  return (
    <div className={`wf-frame wf-frame-${owner.type in BODIES ? "body" : "choice"}`}>
      {BODIES[owner.type] && <span className="wf-frame-name">{BODIES[owner.type]}</span>}
      {edit && !edit.placing && owner.type === "parallel" && (
        <Tooltip label="Add a branch">
          <ActionIcon className="wf-frame-add nopan" size={20} radius="xl" variant="default" aria-label={`Add a branch to ${titleOfNode(owner, kinds)}`} onClick={() => edit.onAddBranch(owner)}>
            <IconPlus size={12} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}
