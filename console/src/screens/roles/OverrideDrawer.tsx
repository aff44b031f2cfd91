import { Button, Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { ApiError } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { PROCEDURES, draftsOf, rulesOf, type Role, type RuleDraft, type Rules } from "./role";
import { RuleInputs } from "./RuleInputs";
import { mistakesOfRules } from "./ruleMistakes";

interface Props {
  role: Role;
  /** A collection's name, or null. */
  name: string | null;
  title: string;
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

export function OverrideDrawer({ role, name, title, onClose, onSaved }: Props) {
  return (
    <GuardedDrawer opened={name !== null} onClose={onClose} title={`${role.title || role.name}: ${title}`} size="xl">
      {name !== null && <RulesForm role={role} name={name} onClose={onClose} onSaved={onSaved} />}
    </GuardedDrawer>
  );
}

function RulesForm({ role, name, onClose, onSaved }: Omit<Props, "title" | "name"> & { name: string }) {
  const collection = useSession().collection(name);
  const [before] = useState<Rules | undefined>(role.resources?.[name]);
  const [first] = useState(() => ({ own: before?.usingActionsConfig === true, drafts: draftsOf(before).filter((one) => name !== PROCEDURES || one.name.startsWith("call")) }));
  const [own, setOwn] = useState(first.own);
  const [drafts, setDrafts] = useState(first.drafts);
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const { at, others } = mistakesOfRules(error, drafts, name);
  const set = (changed: RuleDraft) => setDrafts((now) => now.map((one) => (one.name === changed.name ? changed : one)));

  async function saved() {
    setError(null);
    const resources = client.resource(`roles/${role.name}/resources`);
    const rules = rulesOf(drafts, before, own);
    if (before) await resources.update(name, rules);
    else await resources.create({ name, ...rules });
    await onSaved();
    say(role.title || role.name, "Saved; it holds from now on.", "success");
    onClose();
  }
  function save(event: SyntheticEvent) {
    event.preventDefault();
    once(saved, setError);
  }

  return (
    <form onSubmit={save} noValidate>
      <Unsaved when={JSON.stringify({ own, drafts }) !== JSON.stringify(first)} />
      <Stack>
        <Switch label="Rules of its own" description="Off: what the role may do everywhere holds here, too" checked={own} onChange={(event) => setOwn(event.currentTarget.checked)} />
        {others.length > 0 && <ErrorNote error={new Error(others.join("\n"))} />}
        {error !== null && !(error instanceof ApiError) && !(error instanceof SyntaxError) && <ErrorNote error={error} />}
        {own && drafts.map((draft) => <RuleInputs key={draft.name} draft={draft} collection={collection} errors={at[draft.name] ?? {}} onChange={set} />)}
        {own && <OneProcedure onAdd={(procedure) => setDrafts((now) => (now.some((one) => one.name === procedure) ? now : [...now, { name: procedure, reach: "all", fields: null, filter: "", kept: {} }]))} />}
        {!own && before?.usingActionsConfig && (
          <Text size="sm" c="dimmed">
            The rules are kept, and count again when they are switched on.
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A rule for one procedure counts instead of the rule for all of them. */
function OneProcedure({ onAdd }: { onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <Group align="flex-end" gap="xs">
      <TextInput label="A rule for one procedure" placeholder="sendWelcomeEmail" value={name} onChange={(event) => setName(event.currentTarget.value)} flex={1} maw={320} />
      <Button
        variant="default"
        disabled={!name.trim()}
        onClick={() => {
          onAdd(`call:${name.trim()}`);
          setName("");
        }}
      >
        Add
      </Button>
    </Group>
  );
}
