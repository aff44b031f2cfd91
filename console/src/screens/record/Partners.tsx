import { Button, Card, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Id } from "../../client";
import { idOf } from "../../model/collections";
import { kindOf, labelOf } from "../../model/fields";
import { whyNotLinked } from "../../model/links";
import { ErrorNote } from "../../ui/ErrorNote";
import { Refusable } from "../../ui/Refusable";
import { LinkDialog } from "./LinkDialog";
import { partnersOf, type Association } from "./linking";
import { PartnerRow } from "./PartnerRow";

/** How many are shown at first, and after each press for more; the last is what the server gives at once. */
const STEPS = [10, 50, 200];

/** The partners of an association that the record's own row does not hold (hasOne, hasMany, belongsToMany), the newest first; they are linked and unlinked here. */
export function Partners({ collection, id, field }: Association) {
  const of = { collection, id, field };
  const target = useSession().collection(field.target ?? "");
  const [step, setStep] = useState(0);
  const [isLinking, setLinking] = useState(false);
  const [refusal, setRefusal] = useState<unknown>(null);
  const pageSize = STEPS[step] ?? 200;
  const asked = useQuery({
    queryKey: keys.records(target?.name ?? "", { of: `${collection.name}/${id}/${field.name}`, pageSize }),
    queryFn: ({ signal }) => partnersOf(of, pageSize, signal),
    placeholderData: keepPreviousData,
  });
  const rows = asked.data?.rows ?? [];
  const count = asked.data?.meta.count;
  const reason = whyNotLinked(collection, field);
  const { link, leave } = useFocusAfter(rows.map(idOf));
  return (
    <Card withBorder padding="lg" component="section" aria-label={labelOf(field)}>
      <Group justify="space-between" align="flex-start" mb="sm" gap="xs">
        <Title order={2} size="h4">
          {labelOf(field)} {count !== undefined && kindOf(field) === "toMany" && <Text span c="dimmed" fz="sm">({count})</Text>}
        </Title>
        <Refusable reason={reason}>
          <Button ref={link} size="compact-sm" variant="light" leftSection={<IconLink size={14} aria-hidden />} aria-label={`Link … ${labelOf(field)}`} onClick={() => setLinking(true)}>
            Link …
          </Button>
        </Refusable>
      </Group>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {refusal !== null && <ErrorNote error={refusal} focusFor={refusal} />}
      {asked.isPending && <Skeleton h={24} />}
      {asked.isSuccess && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          None
        </Text>
      )}
      <Stack gap={6} component="ul" className="bare">
        {rows.map((row) => (
          <PartnerRow key={String(idOf(row))} of={of} row={row} reason={reason} onUnlinked={({ id: gone }) => leave(gone as Id)} onRefused={setRefusal} />
        ))}
      </Stack>
      {(count === undefined ? asked.data?.meta.hasNext : count > rows.length) && (
        <Group gap="xs" mt={6}>
          <Text size="xs" c="dimmed" role="status">The newest {rows.length}{count !== undefined && ` of ${count}`}</Text>
          {step < STEPS.length - 1 && (
            <Button size="compact-xs" variant="subtle" loading={asked.isPlaceholderData} onClick={() => setStep(step + 1)}>
              Show more
            </Button>
          )}
        </Group>
      )}
      {isLinking && <LinkDialog of={of} linked={rows} onClose={() => setLinking(false)} />}
    </Card>
  );
}

/** A row that goes takes the focus along: it is given to the button that `link` is on, when nothing else has taken it. */
function useFocusAfter(shown: Id[]) {
  const link = useRef<HTMLButtonElement>(null);
  const leaving = useRef<Id | null>(null);
  useEffect(() => {
    if (leaving.current === null || shown.includes(leaving.current)) return;
    leaving.current = null;
    if (document.activeElement === document.body) link.current?.focus();
  });
  return { link, leave: (gone: Id) => void (leaving.current = gone) };
}
