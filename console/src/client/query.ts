/** Parameters as the API reads them: objects as JSON, lists as repeated `name[]` or, for names of fields, with commas. */

import type { QueryOf } from "./contract";

export type Id = number | string;
export type Filter = Record<string, unknown>;

export interface Shape {
  fields?: string[];
  except?: string[];
  /** Associations to load along: `category`, `category.createdBy`. */
  appends?: string[];
}

export interface ListOptions extends Shape {
  filter?: Filter;
  /** `-indicator` for descending. */
  sort?: string[];
  page?: number;
  pageSize?: number;
  /** `meta.cursor` of the page before. */
  cursor?: string;
  /** Tells along what may be done with the records (at most 90 a page), as `availableActions` does. */
  actions?: boolean;
  signal?: AbortSignal;
}

export type Params = Record<string, string | number | boolean | string[] | Id[] | Filter | undefined | null>;

/** `{filter: {a: 1}, filterByTk: [1, 2], sort: "-a"}` → `filter=%7B…&filterByTk[]=1&filterByTk[]=2&sort=-a`. */
export function queryString(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) value.forEach((one) => search.append(`${name}[]`, String(one)));
    else search.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return search.toString();
}

export function shapeParams(shape: Shape): QueryOf<"samples:get"> {
  return { fields: joined(shape.fields), except: joined(shape.except), appends: joined(shape.appends) };
}

export function listParams(options: ListOptions): QueryOf<"samples:list"> {
  const { filter, sort, page, pageSize, cursor } = options;
  const asked = filter && Object.keys(filter).length > 0 ? filter : undefined;
  return { ...shapeParams(options), filter: asked, sort: joined(sort), page: cursor ? undefined : page, pageSize, cursor, actions: options.actions ? 1 : undefined };
}

/** `samples`, `list`, 91 → `samples:list/91`; an id may have any character. */
export function actionPath(resource: string, action: string, id?: Id): string {
  const path = `${resource.split("/").map(encodeURIComponent).join("/")}:${encodeURIComponent(action)}`;
  return id === undefined ? path : `${path}/${encodeURIComponent(String(id))}`;
}

function joined(names: string[] | undefined): string | undefined {
  return names?.length ? names.join(",") : undefined;
}
