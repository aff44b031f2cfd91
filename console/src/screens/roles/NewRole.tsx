import { Button, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { isUnheard, Press } from "../../client";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";

const BEGINNINGS: Record<string, { label: string; actions: string[] }> = {
  nothing: { label: "Nothing; I allow what is needed", actions: [] },
  own: { label: "Its own records: view, add, change, remove", actions: ["view:own", "create", "update:own", "destroy:own"] },
  read: { label: "View everything", actions: ["view"] },
  work: { label: "View and change everything, press buttons", actions: ["view", "create", "update", "trigger", "triggerNew", "call"] },
};

/** `Quality lab` → `quality-lab` */
function nameFrom(title: string): string {
  return title.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "");
}

export function NewRole({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [beginning, setBeginning] = useState("nothing");
  const [error, setError] = useState<unknown>(null);
  const [press] = useState(() => new Press());
  const [busy, once] = useOnce({ forGood: true });
  const { at, others } = mistakesAt(error, ["name", "title", "description"]);

  async function made() {
    setError(null);
    const strategy = { actions: BEGINNINGS[beginning]?.actions ?? [] };
    const values = { name, title: title || name, description: description || null, strategy };
    await press.send(values, (idempotencyKey) => client.resource("roles").create(values, { idempotencyKey }));
    await queries.invalidateQueries({ queryKey: ["roles"] });
    say("Role made", `${title || name} is ready; say what it may do.`, "success");
    void navigate(`/roles/${name}`);
  }
  function make(event: SyntheticEvent) {
    event.preventDefault();
    once(made, (refused) => {
      if (isUnheard(refused)) void queries.invalidateQueries({ queryKey: ["roles"] });
      setError(refused);
    });
  }

  return (
    <GuardedDrawer opened onClose={onClose} title="New role">
      <form onSubmit={make} noValidate>
        <Unsaved when={title + name + description !== ""} />
        <Stack>
          {others !== null && <ErrorNote error={others} />}
          <TextInput
            label="Title"
            value={title}
            onChange={(event) => {
              if (name === nameFrom(title)) setName(nameFrom(event.currentTarget.value));
              setTitle(event.currentTarget.value);
            }}
            error={at["title"]}
            data-autofocus
          />
          <TextInput label="Name" description="For good; letters, digits, _ and -" value={name} onChange={(event) => setName(event.currentTarget.value)} error={at["name"]} required />
          <Textarea label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={at["description"]} autosize minRows={2} />
          <Select label="Begins with" data={Object.entries(BEGINNINGS).map(([value, one]) => ({ value, label: one.label }))} value={beginning} onChange={(value) => value && setBeginning(value)} allowDeselect={false} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Make it
            </Button>
          </Group>
        </Stack>
      </form>
    </GuardedDrawer>
  );
}
