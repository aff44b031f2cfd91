import type { ErrorSchema } from "@rjsf/utils";
import type { Row } from "../client";

/** `{"lines.0.count": ["too many"]}` → `{lines: {0: {count: {__errors: […]}}}}`. */
export function errorSchema(errors: Record<string, string[]>): ErrorSchema<Row> {
  const root: Record<string, unknown> = {};
  for (const [path, messages] of Object.entries(errors)) {
    let place = root;
    for (const part of path.split(".").filter(Boolean)) place = (place[part] ??= {}) as Record<string, unknown>;
    place["__errors"] = messages;
  }
  return root as ErrorSchema<Row>;
}

