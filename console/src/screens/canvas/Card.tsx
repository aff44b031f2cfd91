import { ThemeIcon, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useSession } from "../../app/session";
import { statusName } from "../../client";
import { nodeLook, triggerLook } from "./looks";
import { aboutNode, aboutTrigger } from "./summary";
import { titleOfNode } from "./tree";
import { useTree } from "./treeContext";
import type { FlowNode, Selection } from "./types";

export function NodeCard({ node }: { node: FlowNode }) {
  const { kinds, edit, states, titles } = useTree();
  const session = useSession();
  const look = nodeLook(node.type);
  const state = states?.[node.id];
  const classes = states ? (state ? `wf-state wf-${toneOf(state.status)}` : "wf-unreached") : "";
  const status = state ? statusName(state.status) : states ? "Not reached" : null;
  return (
    <Shell
      of={node.id}
      icon={<look.icon size={18} aria-hidden />}
      color={look.color}
      title={titleOfNode(node, kinds)}
      about={status === null ? aboutNode(node, kinds, session.collection, titles) : [status, state?.note].filter(Boolean).join(" · ")}
      className={classes}
      onDelete={edit && (() => edit.onDelete(node))}
      menu={edit && !edit.placing ? edit.menuOf(node) : null}
    />
  );
}

export function TriggerCard() {
  const { workflow, kinds } = useTree();
  const session = useSession();
  const look = triggerLook(workflow.type);
  const kind = kinds?.triggers.get(workflow.type);
  return <Shell of="trigger" icon={<look.icon size={18} aria-hidden />} color={look.color} title={workflow.triggerTitle || kind?.title || workflow.type} about={aboutTrigger(workflow, session.collection)} className="wf-trigger" />;
}

interface ShellProps {
  of: Selection;
  icon: ReactNode;
  color: string;
  title: string;
  about: string;
  className: string;
  onDelete?: () => void;
  menu?: ReactNode;
}

function Shell({ of, icon, color, title, about, className, onDelete, menu }: ShellProps) {
  const { selected, onSelect, edit } = useTree();
  const problems = edit?.problems.get(of);
  const classes = ["wf-card nopan", className, selected === of && "wf-selected", problems && "wf-wrong"].filter(Boolean).join(" ");
  return (
    <div className={classes}>
      <button
        type="button"
        className="wf-card-main"
        aria-pressed={selected === of}
        onClick={() => onSelect?.(of)}
        onKeyDown={(event) => {
          if (onDelete && (event.key === "Delete" || event.key === "Backspace")) onDelete();
        }}
      >
        <ThemeIcon variant="light" color={color} size={34} radius="md">
          {icon}
        </ThemeIcon>
        <span className="wf-card-words">
          <span className="wf-card-title" title={title}>
            {title}
          </span>
          <VisuallyHidden>, </VisuallyHidden>
          <span className="wf-card-about" title={about}>
            {about}
          </span>
          {problems && <VisuallyHidden>, {problems.length} to mend</VisuallyHidden>}
        </span>
      </button>
      {problems && (
        <Tooltip label={<span className="as-written">{problems.join("\n")}</span>}>
          <span className="wf-mark">
            <IconAlertTriangle size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
      {menu}
    </div>
  );
}

function toneOf(status: number | null): string {
  if (status === null) return "queued";
  if (status === 0) return "running";
  if (status === 1) return "good";
  return status === -4 || status === -3 ? "stopped" : "bad";
}
