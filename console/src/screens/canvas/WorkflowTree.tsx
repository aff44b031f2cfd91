/** A workflow drawn as a tree; with `edit` it can be changed, with `states` it shows how a run went. */
import "@xyflow/react/dist/style.css";
import "./tree.css";
import { useComputedColorScheme } from "@mantine/core";
import { Controls, ReactFlow, ReactFlowProvider, useReactFlow, type Edge as FlowEdge, type Node } from "@xyflow/react";
import { useCallback, useMemo, useRef, type KeyboardEvent } from "react";
import { BackEdge } from "./BackEdge";
import { LineEdge } from "./LineEdge";
import { layoutOf, type Drawing, type Placed } from "./layout";
import { PartNode } from "./PartNode";
import { placeName, titleOfNode, treeOf } from "./tree";
import { TreeContext, type TreeEditing } from "./treeContext";
import type { FlowNode, Kinds, NodeState, Place, Selection, Workflow } from "./types";

interface Props {
  workflow: Pick<Workflow, "type" | "triggerTitle" | "config">;
  nodes: FlowNode[];
  kinds?: Kinds;
  states?: Record<number, NodeState>;
  selected?: Selection | null;
  onSelect?: (selected: Selection) => void;
  edit?: TreeEditing;
  /** What the drawing is called for who does not see it. */
  label: string;
}

export type PartData = { placed: Placed } & Record<string, unknown>;

const NODE_TYPES = { part: PartNode };
const EDGE_TYPES = { back: BackEdge, line: LineEdge };
const NARROWEST = 0.45;
const TOP = 20;

export default function WorkflowTree(props: Props) {
  return (
    <ReactFlowProvider>
      <Tree {...props} />
    </ReactFlowProvider>
  );
}

function Tree({ workflow, nodes, kinds, states, selected = null, onSelect, edit, label }: Props) {
  const scheme = useComputedColorScheme();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const tree = useMemo(() => treeOf(nodes, kinds), [nodes, kinds]);
  const drawing = useMemo(() => layoutOf(tree), [tree]);
  const parts = useMemo(() => drawing.parts.map(toNode), [drawing]);
  const edges = useMemo(() => toEdges(drawing), [drawing]);
  const titles = useMemo(() => new Map(nodes.map((one) => [one.key, titleOfNode(one, kinds)])), [nodes, kinds]);
  const context = useMemo(() => ({ workflow, kinds, states, selected, onSelect, edit, nameOf: (place: Place) => placeName(place, tree, kinds), titles }), [workflow, kinds, states, selected, onSelect, edit, tree, titles]);

  const begin = useCallback(() => {
    const width = frame.current?.clientWidth ?? 0;
    const zoom = Math.min(1, Math.max(NARROWEST, width / (drawing.width + 60)));
    const trigger = drawing.parts.find((one) => one.id === "trigger");
    const axis = trigger ? trigger.x + trigger.width / 2 : drawing.width / 2;
    void flow.setViewport({ x: width / 2 - axis * zoom, y: TOP, zoom });
  }, [drawing, flow]);

  function onFocus(event: React.FocusEvent<HTMLDivElement>) {
    const seen = frame.current?.getBoundingClientRect();
    const at = event.target.getBoundingClientRect();
    if (!seen || !event.target.matches(":focus-visible") || !event.target.closest(".react-flow__node")) return;
    const dx = Math.min(0, seen.right - 30 - at.right) + Math.max(0, seen.left + 30 - at.left);
    const dy = Math.min(0, seen.bottom - 60 - at.bottom) + Math.max(0, seen.top + 30 - at.top);
    const now = flow.getViewport();
    if (dx || dy) void flow.setViewport({ ...now, x: now.x + dx, y: now.y + dy });
  }

  /** A browser that scrolls to something (a search in the page, a reader) moves the drawing there. */
  function onScroll({ target }: React.UIEvent<HTMLDivElement>) {
    const { scrollLeft, scrollTop } = target as HTMLElement;
    if (!scrollLeft && !scrollTop) return;
    const now = flow.getViewport();
    (target as HTMLElement).scrollTo({ left: 0, top: 0, behavior: "instant" });
    void flow.setViewport({ ...now, x: now.x - scrollLeft, y: now.y - scrollTop });
  }

  return (
    <div ref={frame} className="wf-tree" role="group" aria-label={label} onFocus={onFocus} onScrollCapture={onScroll} onKeyDown={(event) => walk(event, frame.current)}>
      <TreeContext value={context}>
        <ReactFlow
          nodes={parts}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          colorMode={scheme}
          onInit={begin}
          minZoom={0.25}
          maxZoom={1.5}
          panOnScroll
          zoomOnDoubleClick={false}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          deleteKeyCode={null}
          disableKeyboardA11y
        >
          <Controls showInteractive={false} position="bottom-left" />
        </ReactFlow>
      </TreeContext>
    </div>
  );
}

/** The arrow keys go from card to card in running order. */
function walk(event: KeyboardEvent, frame: HTMLDivElement | null): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step || !(event.target as HTMLElement).matches(".wf-card-main")) return;
  const cards = [...(frame?.querySelectorAll<HTMLElement>(".wf-card-main") ?? [])];
  cards[cards.indexOf(event.target as HTMLElement) + step]?.focus();
  event.preventDefault();
}

function toNode(placed: Placed): Node<PartData> {
  const { id, x, y, width, height } = placed;
  return { id, type: "part", position: { x, y }, width, height, data: { placed }, zIndex: 0, focusable: false, selectable: false, draggable: false };
}

function toEdges(drawing: Drawing): FlowEdge[] {
  const frames = new Map(drawing.parts.flatMap((one) => (one.part.kind === "frame" ? [[one.part.owner.id, one] as const] : [])));
  return drawing.edges.map(({ from, to, back }) => {
    if (!back) return { id: `${from} ${to}`, source: from, target: to, type: "line", focusable: false, selectable: false };
    const owner = Number(to.split(" ")[1]);
    return { id: `${from} ${to} back`, source: from, target: to, targetHandle: "side", type: "back", data: { x: (frames.get(owner)?.x ?? 0) + 9 }, focusable: false, selectable: false };
  });
}
