/** What a run by hand is started with, by type of trigger. Source: https://docs.nocobase.com/workflow/triggers */
import type { Id, Row } from "../../client";
import type { Workflow } from "./types";
import { plain } from "./variables";

/** What the dialog asks for: records of a collection, or JSON, or nothing. */
export type Asked = { what: "record" | "records"; collection: string } | { what: "json"; label: string; begin: string } | { what: "nothing" };

export interface Given {
  /** An id, several, or null. */
  records: unknown;
  json: unknown;
  /** Of a request that is intercepted. */
  action: string;
}

const SEVERAL = 2;

export function askedOf({ type, config }: Pick<Workflow, "type" | "config">): Asked {
  const collection = plain(config["collection"]);
  if (type === "message") return { what: "json", label: "Message", begin: '{\n  "body": {}\n}' };
  if (type === "schedule" && config["mode"] !== 1) return { what: "nothing" };
  if (type === "custom-action" && !config["type"]) return { what: "json", label: "Input", begin: "{}" };
  return { what: type === "custom-action" && config["type"] === SEVERAL ? "records" : "record", collection };
}

export function runValues({ type, config }: Pick<Workflow, "type" | "config">, given: Given, who: { userId: Id; roleName: string }): Row {
  const asked = askedOf({ type, config });
  if (type === "message") return { message: given.json };
  if (type === "schedule") return asked.what === "nothing" ? {} : { data: given.records };
  if (type === "request-interception") return { ...who, action: given.action, target: given.records };
  if (type === "collection") return { data: given.records };
  if (asked.what === "records") return { ...who, filterByTk: given.records };
  return { ...who, data: asked.what === "json" ? given.json : given.records };
}
