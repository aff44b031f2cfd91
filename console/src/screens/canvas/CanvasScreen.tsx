import { Alert, Button, Group, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { say, showError } from "../../actions/messages";
import { Press } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { useOnce } from "../../ui/useOnce";
import { NotFound } from "../home/NotFound";
import { change, refreshWorkflows, useKinds, useVersion } from "./api";
import { Beside } from "./Beside";
import { ButtonHint } from "./ButtonHint";
import { useOpened, type Opened } from "./canvasState";
import { DeleteNode } from "./DeleteNode";
import { NodeMenu } from "./NodeMenu";
import { NO_PROBLEMS, problemsOf, without } from "./problems";
import { idsUnder, inOrder, placeKey, titleOfNode, treeOf, type TreeNode } from "./tree";
import type { TreeEditing } from "./treeContext";
import type { FlowNode, Kinds, Place, Selection, Workflow } from "./types";
import { VersionHeader } from "./VersionHeader";
import WorkflowTree from "./WorkflowTree";
import "./canvas.css";

const FROZEN = "This version has run, so that its trigger and nodes stay as they are: its executions refer to them.";

/** A version of a workflow, drawn and edited. */
export default function CanvasScreen() {
  const { id = "" } = useParams();
  const kinds = useKinds();
  const version = useVersion(id);
  const failed = version.error ?? kinds.error;
  if (failed) return <ErrorNote error={failed} onRetry={() => void Promise.all([version.refetch(), kinds.refetch()])} />;
  if (version.isPending || !kinds.data) return <Loading />;
  if (!version.data) return <NotFound what="This version of the workflow" />;
  return <Canvas key={id} version={version.data} kinds={kinds.data} />;
}

interface Placing {
  node: FlowNode;
  how: "move" | "duplicate";
}

function Canvas({ version, kinds }: { version: Workflow; kinds: Kinds }) {
  const navigate = useNavigate();
  const [opened, open] = useOpened();
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [placing, setPlacing] = useState<Placing | null>(null);
  const [deleting, setDeleting] = useState<FlowNode | null>(null);
  const [branch, setBranch] = useState<{ node: FlowNode; index: number } | null>(null);
  const nodes = useMemo(() => version.nodes ?? [], [version.nodes]);
  const tree = useMemo(() => treeOf(nodes, kinds), [nodes, kinds]);
  const frozen = (version.versionStats?.executed ?? 0) > 0;
  const locked = frozen ? `${FROZEN} Make a new version to change it.` : null;
  const [isPutting, once] = useOnce();
  const [press] = useState(() => new Press());
  useHotkeys([["Escape", () => !isPutting && setPlacing(null)]]);

  const newVersion = async () => {
    const made = await press.send(["version", version.id], (idempotencyKey) => change.newVersion(version, idempotencyKey));
    await refreshWorkflows();
    say("New version", "It is not enabled yet: change it, then switch it on.", "success");
    void navigate(`/workflows/${made.id}`);
  };
  const refused = (error: unknown) => {
    const found = problemsOf(error, nodes);
    setProblems(found);
    const count = [...found.at.values()].flat().length;
    if (count > 0) say("There is something to mend", `${count === 1 ? "One problem is" : `${count} problems are`} marked in the drawing.`, "warning", "workflow-problems");
  };
  const put = async ({ node, how }: Placing, place: Place) => {
    if (how === "move") await change.moveNode(node.id, place);
    else await press.send([node.id, place], (idempotencyKey) => change.duplicateNode(node.id, place, idempotencyKey));
    await refreshWorkflows();
    say(how === "move" ? "Moved" : "Duplicated", titleOfNode(node, kinds), "success");
    setPlacing(null);
  };
  const atPlace = (place: Place) => (placing ? once(() => put(placing, place), (error) => showError(error, "It cannot stand there")) : open({ what: "choose", place }));

  const edit = frozen ? undefined : editingOf();

  function editingOf(): TreeEditing {
    return {
      onPlace: atPlace,
      onDelete: setDeleting,
      onAddBranch: (node) => open({ what: "choose", place: { upstreamId: node.id, branchIndex: nextBranch(node) } }),
      onDeleteBranch: (node, index) => setBranch({ node, index }),
      menuOf: (node) => <NodeMenu title={titleOfNode(node, kinds)} onMove={() => setPlacing({ node, how: "move" })} onDuplicate={() => setPlacing({ node, how: "duplicate" })} onDelete={() => setDeleting(node)} />,
      placing: placing && ((place) => placeFor(placing, place, tree)),
      problems: new Map([...problems.at].map(([which, list]) => [which, list.map((one) => one.message)])),
    };
  }

  function nextBranch(node: FlowNode): number {
    return Math.max(0, ...(inOrder(tree).find((one) => one.node.id === node.id)?.branches.map((one) => one.index) ?? [])) + 1;
  }

  const select = (which: Selection) => open(which === "trigger" ? { what: "trigger" } : { what: "node", id: which });
  const toDelete = deleting ? inOrder(tree).find((one) => one.node.id === deleting.id) : undefined;

  return (
    <div className="wf-page">
      <VersionHeader version={version} onRefused={refused} onEnabled={() => setProblems(NO_PROBLEMS)} onRun={() => open({ what: "run" })} onSettings={() => open({ what: "settings" })} onNewVersion={newVersion} />
      {version.description && <Text size="sm" c="dimmed" mb="sm" className="as-written">{version.description}</Text>}
      {version.enabled && version.type === "custom-action" && <ButtonHint version={version} />}
      {frozen && <Frozen onNewVersion={newVersion} />}
      {placing && (
        <Alert color="indigo" mb="sm" role="status" p="xs">
          <Group justify="space-between">
            <Text size="sm">Choose where {placing.how === "move" ? "" : "the copy of "}“{titleOfNode(placing.node, kinds)}” goes: press a plus in the drawing.</Text>
            <Button size="compact-sm" variant="default" loading={isPutting} onClick={() => setPlacing(null)}>
              Cancel
            </Button>
          </Group>
        </Alert>
      )}
      {problems.others.length > 0 && <ErrorNote error={new Error(problems.others.map((one) => one.message).join("\n"))} />}
      <div className="wf-canvas">
        <WorkflowTree workflow={version} nodes={nodes} kinds={kinds} selected={selectedOf(opened)} onSelect={select} edit={edit} label={`Workflow ${version.title || version.key}`} />
        {nodes.length === 0 && (
          <Text className="wf-begin" size="sm" c="dimmed" ta="center">
            Nothing happens yet. Press the plus below the trigger to add the first node; then enable the workflow.
          </Text>
        )}
      </div>
      <Beside version={version} kinds={kinds} nodes={nodes} tree={tree} opened={opened} open={open} locked={locked} problems={problems} onSaved={(which) => setProblems(without(problems, which))} onRefused={refused} />
      {toDelete && (
        <DeleteNode
          found={toDelete}
          kinds={kinds}
          onClose={() => setDeleting(null)}
          onDelete={async (keep) => {
            await change.destroyNode(toDelete.node.id, keep);
            await refreshWorkflows();
            say("Deleted", titleOfNode(toDelete.node, kinds), "success");
          }}
        />
      )}
      {branch && (
        <ConfirmDialog
          title="Remove this branch?"
          text="The nodes in it are deleted."
          label="Remove"
          onClose={() => setBranch(null)}
          onConfirm={async () => {
            await change.destroyBranch(branch.node.id, branch.index, true);
            await refreshWorkflows();
          }}
        />
      )}
    </div>
  );
}

/** What the place is called for the node that looks for one; `null`: it stands there already, or would stand in itself. */
function placeFor({ node, how }: Placing, place: Place, tree: TreeNode[]): string | null {
  if (how === "duplicate") return "Put the copy here,";
  const isOwn = placeKey(place) === placeKey(node) || (place.upstreamId !== null && idsUnder(tree, node.id).has(place.upstreamId));
  return isOwn ? null : "Move it here,";
}

function selectedOf(opened: Opened): Selection | null {
  if (opened.what === "trigger") return "trigger";
  return opened.what === "node" ? opened.id : null;
}

function Frozen({ onNewVersion }: { onNewVersion: () => Promise<void> }) {
  const [busy, once] = useOnce();
  const make = () => once(onNewVersion, (error) => showError(error, "No new version"));
  return (
    <Alert color="blue" mb="sm" p="xs" role="note">
      <Group justify="space-between">
        <Text size="sm">{FROZEN}</Text>
        <Button size="compact-sm" loading={busy} onClick={make}>
          New version
        </Button>
      </Group>
    </Alert>
  );
}
