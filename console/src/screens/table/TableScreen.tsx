import { useParams } from "react-router-dom";
import { useSession } from "../../app/session";
import { NotFound } from "../home/NotFound";
import { CollectionTable } from "./CollectionTable";

export function TableScreen() {
  const { collection: name = "" } = useParams();
  const collection = useSession().collection(name);
  if (!collection) return <NotFound what={`The collection "${name}"`} />;
  return <CollectionTable key={name} collection={collection} />;
}
