import { Button, Group, Stack, Text } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useSession } from "../../app/session";
import { Press, type Id, type Row } from "../../client";
import { AssociationSelect } from "../../forms/AssociationSelect";
import { idOf, recordTitle } from "../../model/collections";
import { kindOf, labelOf } from "../../model/fields";
import { isHeldByPartner, keyLabel } from "../../model/links";
import { ErrorNote } from "../../ui/ErrorNote";
import { Refusable } from "../../ui/Refusable";
import { GuardedModal, Unsaved } from "../../ui/Unsaved";
import { useFocusBack } from "../../ui/useFocusBack";
import { useOnce } from "../../ui/useOnce";
import { change, type Association } from "./linking";

interface Props {
  of: Association;
  /** Partners that are linked already, those that are known. */
  linked: Row[];
  onClose: () => void;
}

/** Chooses records and links them: several at once to a to-many association, one in place of the present one to a hasOne. */
export function LinkDialog({ of, linked, onClose }: Props) {
  useFocusBack();
  const { field } = of;
  const isMany = kindOf(field) === "toMany";
  const target = useSession().collection(field.target ?? "");
  const [chosen, setChosen] = useState<Id[]>([]);
  // What was linked when it opened: the list behind it may be read anew while it is open.
  const [except] = useState(() => linked.map(idOf));
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const [press] = useState(() => new Press());
  const before = isMany ? undefined : linked[0];

  function link(event: SyntheticEvent) {
    event.preventDefault();
    if (chosen.length === 0) return;
    const said = `${chosen.length === 1 ? "1 record is" : `${chosen.length} records are`} linked.`;
    once(async () => {
      setError(null);
      await press.send(chosen, (idempotencyKey) => change(of, { how: "add", ids: chosen, said: [labelOf(field), said] }, idempotencyKey));
      onClose();
    }, setError);
  }

  return (
    <GuardedModal opened busy={busy} onClose={onClose} title={`Link: ${labelOf(field)}`}>
      <Unsaved when={chosen.length > 0} />
      <form onSubmit={link} noValidate>
        <Stack>
          <AssociationSelect
            field={field}
            value={isMany ? chosen : (chosen[0] ?? null)}
            onChange={(value) => setChosen(Array.isArray(value) ? (value as Id[]) : value === null ? [] : [value as Id])}
            except={except}
            disabled={busy}
            isFirst
          />
          {isHeldByPartner(field) && (
            <Text size="sm" c="dimmed" className="as-written">
              {before && `${recordTitle(before, target)} is unlinked: its ${keyLabel(field, target)} is emptied. `}
              What is linked elsewhere is taken from there.
            </Text>
          )}
          {error !== null && <ErrorNote error={error} focusFor={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Refusable reason={chosen.length === 0 ? (isMany ? "Choose records first" : "Choose a record first") : null}>
              <Button type="submit" loading={busy}>
                Link
              </Button>
            </Refusable>
          </Group>
        </Stack>
      </form>
    </GuardedModal>
  );
}
