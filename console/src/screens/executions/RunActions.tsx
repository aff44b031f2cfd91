import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconDots, IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { useSession } from "../../app/session";
import { hasEnded, Press } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { control } from "./api";
import type { Run } from "./runs";

type Asking = "cancel" | "rerun" | "delete" | null;

/** Why this run cannot be run again by whom is signed in; `null` when it can. */
export function whyNotRerun(run: Run, role: string): string | null {
  if (role !== "root") return "Only who acts as root may run it again";
  if (run.status === null) return "It has not started yet";
  if (!run.workflow) return "The version that ran is gone";
  if (run.workflow.sync && !run.spilled) return "A synchronous workflow is run again by its trigger";
  return null;
}

export function RunActions({ id, run }: { id: string; run: Run }) {
  const session = useSession();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Asking>(null);
  const [press] = useState(() => new Press());
  const refused = whyNotRerun(run, session.role);
  const ended = hasEnded(run);
  const close = () => setAsking(null);
  return (
    <>
      {!ended && (
        <Button variant="light" color="red" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={() => setAsking("cancel")}>
          Cancel it
        </Button>
      )}
      <Tooltip label={refused ?? ""} disabled={!refused} events={{ hover: true, focus: true, touch: true }}>
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} data-disabled={refused !== null || undefined} aria-disabled={refused !== null} aria-description={refused ?? undefined} onClick={() => !refused && setAsking("rerun")}>
          {ended ? "Run again" : "Try once more"}
        </Button>
      </Tooltip>
      {ended && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label="More about this execution">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsking("delete")}>
              Delete from history
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {asking === "cancel" && (
        <ConfirmDialog
          title="Cancel this execution?"
          text="It ends here as aborted, with the executions and tasks that it waits for. What it has written so far stays."
          label="Cancel it"
          onClose={close}
          onConfirm={async () => {
            await control.cancel(id);
            say("Canceled", "The execution has ended.", "success");
          }}
        />
      )}
      {asking === "rerun" && (
        <ConfirmDialog
          title={ended ? "Run it again from the start?" : "Try once more?"}
          text={ended ? "A new execution begins with the same context. What it writes is written again." : "A new attempt goes on where the last one stands."}
          label={ended ? "Run again" : "Try once more"}
          onClose={close}
          onConfirm={async () => {
            const made = await control.rerun(id, press);
            say(ended ? "Runs again" : "Goes on", ended ? `Execution ${made.id} has begun.` : `Attempt ${made.attempt ?? ""} has begun.`, "info");
            if (String(made.id) !== id) void navigate(`/executions/${made.id}`);
          }}
        />
      )}
      {asking === "delete" && (
        <ConfirmDialog
          title="Delete this execution?"
          text="Its history is gone for good; the records that it wrote stay."
          label="Delete"
          onClose={close}
          onConfirm={async () => {
            await control.destroy(id);
            void navigate("/executions");
          }}
        />
      )}
    </>
  );
}
