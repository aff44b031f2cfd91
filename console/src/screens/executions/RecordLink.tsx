import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router-dom";
import { useSession } from "../../app/session";
import { titleOf } from "../../model/collections";

/** A record by its name, `samples/91`; a link where its table is in view. */
export function RecordLink({ record }: { record: string | null | undefined }) {
  const session = useSession();
  if (!record) return <Text span size="sm" c="dimmed">—</Text>;
  const at = record.indexOf("/");
  const [name, id] = [record.slice(0, at), record.slice(at + 1)];
  const collection = session.collection(name);
  if (!collection || collection.system) return <Text span size="sm">{record}</Text>;
  return (
    <Anchor component={Link} to={`/tables/${name}/${encodeURIComponent(id)}`} size="sm">
      {titleOf(collection)} {id}
    </Anchor>
  );
}
