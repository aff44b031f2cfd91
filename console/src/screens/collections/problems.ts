/** The server's problems of a collection's definition, each at the input that it is about. */
import type { Problem } from "../../client";

export interface DefinitionProblems {
  /** By option of the collection: `name`. */
  own: Record<string, string>;
  /** By position of the field, then by its option: `fields.0.target`. */
  fields: Record<number, Record<string, string>>;
  others: string[];
}

const OWN = new Set(["name", "title", "idType"]);

export function problemsOfFields(problems: Problem[]): DefinitionProblems {
  const found: DefinitionProblems = { own: {}, fields: {}, others: [] };
  for (const { path = "", message } of problems) {
    const [first = "", index, option = "name"] = path.split(".");
    if (first === "fields" && index !== undefined && /^\d+$/.test(index)) {
      found.fields[Number(index)] = { ...found.fields[Number(index)], [option]: message };
    } else if (OWN.has(first)) found.own[first] = message;
    else found.others.push(message);
  }
  return found;
}
