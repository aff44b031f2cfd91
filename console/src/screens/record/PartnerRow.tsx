import { Anchor, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router-dom";
import { useSession } from "../../app/session";
import { Press, type Row } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { labelOf } from "../../model/fields";
import { lostByUnlinking } from "../../model/links";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Refusable } from "../../ui/Refusable";
import { Timestamp } from "../../ui/Timestamp";
import { useOnce } from "../../ui/useOnce";
import { change, type Association } from "./linking";

interface Props {
  of: Association;
  row: Row;
  /** Why it cannot be unlinked. */
  reason: string | null;
  /** It is; the list is being read anew. */
  onUnlinked: (row: Row) => void;
  /** Why it was not, with `null` at the beginning. */
  onRefused: (error: unknown) => void;
}

/** A partner, and its way out: at once where it can be linked again as it was, else after a question. */
export function PartnerRow({ of, row, reason, onUnlinked, onRefused }: Props) {
  const session = useSession();
  const target = session.collection(of.field.target ?? "");
  const [isAsking, setAsking] = useState(false);
  const [busy, once] = useOnce();
  const [press] = useState(() => new Press());
  const title = recordTitle(row, target);
  const lost = lostByUnlinking(of.field, target, session.collection(String(of.field["through"] ?? "")));

  const unlink = () =>
    press.send(idOf(row), (idempotencyKey) =>
      change(of, { how: "remove", ids: [idOf(row)], said: [labelOf(of.field), `${title} is no longer linked.`] }, idempotencyKey, () => onUnlinked(row)),
    );
  const start = () => {
    onRefused(null);
    if (lost) setAsking(true);
    else once(unlink, onRefused);
  };

  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" component="li">
      <Group justify="space-between" gap="2px 12px" fz="sm" flex={1} miw={0} pt={3}>
        {target?.system ? (
          <Text size="sm" className="as-written">
            {title}
          </Text>
        ) : (
          <Anchor component={Link} to={`/tables/${of.field.target}/${encodeURIComponent(String(idOf(row)))}`} size="sm" className="as-written">
            {title}
          </Anchor>
        )}
        <Text size="xs" c="dimmed" component="div">
          <Timestamp at={row["createdAt"] as string | null} />
        </Text>
      </Group>
      <Refusable reason={reason}>
        <Button size="compact-sm" variant="subtle" color="gray" aria-label={`Unlink ${title}`} loading={busy} onClick={start}>
          Unlink
        </Button>
      </Refusable>
      {isAsking && lost && <ConfirmDialog title={`Unlink ${title}?`} text={lost} label="Unlink" onClose={() => setAsking(false)} onConfirm={unlink} />}
    </Group>
  );
}
