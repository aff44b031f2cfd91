import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { nameOf } from "./account";
import { PasswordDialog } from "./PasswordDialog";
import type { Ask } from "./UserTable";

interface Props {
  ask: Ask;
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

/** Asks before a user is blocked, let in again or removed, and for a new password. */
export function UserDialog({ ask: { what, user }, onClose, onSaved }: Props) {
  const name = nameOf(user);
  const users = client.resource("users");

  async function block(blocked: boolean) {
    await users.update(user.id, { blocked });
    await onSaved();
    say(name, blocked ? "Is blocked; all sessions have ended." : "May sign in again.", "success");
  }
  async function remove() {
    await users.destroy(user.id);
    await onSaved();
    say("Removed", `${name} is gone.`, "success");
  }

  if (what === "password") return <PasswordDialog user={user} onClose={onClose} onSaved={onSaved} />;
  if (what === "remove") return <ConfirmDialog title={`Remove ${name}?`} text="The user and their API keys are gone for good. Records that they made stay." label="Remove the user" onClose={onClose} onConfirm={remove} />;
  if (user.blocked) return <ConfirmDialog title={`Let ${name} in again?`} text="They can sign in again." label="Let in" harmless onClose={onClose} onConfirm={() => block(false)} />;
  return <ConfirmDialog title={`Block ${name}?`} text="All their sessions end at once, their API keys no longer work, and they cannot sign in until you let them in again." label="Block" onClose={onClose} onConfirm={() => block(true)} />;
}
