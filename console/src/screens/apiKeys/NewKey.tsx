import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedModal, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";

interface Props {
  onClose: () => void;
  onMade: (key: { name: string; token: string }) => void;
}

const OTHER = "other";
const LIVES = [
  { value: "1d", label: "A day" },
  { value: "7d", label: "A week" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "1y", label: "A year" },
  { value: "never", label: "Until it is removed" },
  { value: OTHER, label: "Another time …" },
];

export function NewKey({ onClose, onMade }: Props) {
  const session = useSession();
  const acting = session.roles.some((one) => one.name === session.role) ? session.role : (session.roles[0]?.name ?? "");
  const [name, setName] = useState("");
  const [role, setRole] = useState(acting);
  const [life, setLife] = useState("30d");
  const [other, setOther] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const { at, others } = mistakesAt(error, ["name", "role", "expiresIn"]);

  function make(event: SyntheticEvent) {
    event.preventDefault();
    once(async () => {
      setError(null);
      const { data } = await client.resource<{ token: string }>("apiKeys").create({ name, role, expiresIn: life === OTHER ? other : life });
      onMade({ name, token: data.token });
    }, setError);
  }

  return (
    <GuardedModal opened busy={busy} onClose={onClose} title="New API key">
      <form onSubmit={make} noValidate>
        <Unsaved when={name !== "" || other !== ""} />
        <Stack>
          {others !== null && <ErrorNote error={others} />}
          <TextInput label="Name" description="What it is for" value={name} onChange={(event) => setName(event.currentTarget.value)} error={at["name"]} autoComplete="off" required data-autofocus />
          <Select label="Role" description="What it may do; another role cannot be chosen later" data={session.roles.map((one) => ({ value: one.name, label: one.title }))} value={role} onChange={(chosen) => chosen && setRole(chosen)} error={at["role"]} allowDeselect={false} />
          <Select label="Works for" data={LIVES} value={life} onChange={(chosen) => chosen && setLife(chosen)} error={life === OTHER ? undefined : at["expiresIn"]} allowDeselect={false} />
          {life === OTHER && <TextInput label="How long" description="A number and s, m, h, d, w or y: 12h, 45d" value={other} onChange={(event) => setOther(event.currentTarget.value)} error={at["expiresIn"]} autoComplete="off" />}
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
    </GuardedModal>
  );
}
