/** What the values of a config are called, and which settings count beside which. */
import type { Row } from "../../../client";

export interface Choice {
  value: unknown;
  label: string;
}

const of = (entries: [unknown, string][]): Choice[] => entries.map(([value, label]) => ({ value, label }));
const UNITS = of([[1000, "seconds"], [60_000, "minutes"], [3_600_000, "hours"], [86_400_000, "days"], [604_800_000, "weeks"]]);
const STATUSES = of([[1, "Agreed"], [-5, "Rejected"], [0, "Draft: keeps the task open"], [-1, "Failed"], [-4, "Canceled"]]);
const WRITES = of([["create", "Create"], ["update", "Update"], ["updateOrCreate", "Update or create"], ["destroy", "Delete"]]);

// By type and place in the config, numbers of lists left out; or by place alone.
const CHOICES: Record<string, Choice[]> = {
  "custom-action:type": of([[0, "No record"], [1, "One record"], [2, "Several records"]]),
  "collection:mode": of([[1, "A record is created"], [2, "A record is updated"], [3, "A record is created or updated"], [4, "A record is deleted"]]),
  "schedule:mode": of([[0, "At times of its own"], [1, "At a date that each record has"]]),
  "message:format": of([["json", "JSON"], ["text", "Text"]]),
  "action:actions": WRITES.slice(0, 2),
  "request-interception:actions": WRITES,
  "calculation:engine": of([["jsonata", "Expression (JSONata)"], ["string", "Text with variables"]]),
  "json-query:engine": of([["jmespath", "JMESPath"], ["jsonpath", "JSONPath"], ["jsonata", "JSONata"]]),
  "end:endStatus": of([[1, "Succeeded"], [-1, "Failed"], [-5, "Rejected"]]),
  "loop:exit": of([[0, "The loop fails too"], [1, "The loop stops, the workflow goes on"], [2, "The next round begins"]]),
  "loop:condition.checkpoint": of([[0, "Before each round"], [1, "From the second round on"]]),
  "parallel:mode": of([["all", "All must succeed"], ["any", "One success is enough"], ["race", "The first that ends decides"], ["allSettled", "All are walked, whatever they end with"]]),
  "delay:unit": UNITS,
  "delay:endStatus": of([[1, "The workflow goes on"], [-1, "The line ends as failed"]]),
  "manual:mode": of([[0, "The first to settle decides"], [1, "All must agree"], [-1, "One who agrees is enough"]]),
  "manual:forms.type": of([["custom", "Asks, writes nothing"], ["create", "Makes a record"], ["update", "Changes records"]]),
  "manual:forms.actions.status": STATUSES,
  "mailer:contentType": of([["html", "HTML"], ["text", "Plain text"]]),
  "aggregate:aggregator": of([["count", "Count"], ["sum", "Sum"], ["avg", "Average"], ["min", "Smallest"], ["max", "Largest"]]),
  "dateCalculation:inputType": of([["date", "A date"], ["number", "A number"]]),
  onError: of([["fail", "The workflow fails"], ["continue", "Go on as if nothing had happened"], ["branch", "Walk a branch of its own, then go on"]]),
  "retry.jitter": of([["NONE", "None"], ["FULL", "Each wait a random part of its length"]]),
};

/** The place of every such value: numbers of lists and the keys of forms left out. `forms.check.actions.0.status` → `forms.actions.status`. */
export function generalPlace(place: string): string {
  return place.replace(/^forms\.[^.]+\./, "forms.").split(".").filter((one) => !/^\d+$/.test(one)).join(".");
}

/** The values to choose from; `null` where anything goes. `place`: `params.sort.0.direction`. */
export function choicesAt(type: string, place: string, offered: unknown[] | undefined): Choice[] | null {
  const plain = generalPlace(place);
  const known = CHOICES[`${type}:${plain}`] ?? CHOICES[plain];
  const given = offered?.filter((one) => one !== null);
  if (!given) return known ?? null;
  const labels = new Map((known ?? []).map((one) => [one.value, one.label]));
  return given.map((value) => ({ value, label: labels.get(value) ?? String(value) }));
}

type Test = (config: Row, sync: boolean) => boolean;

const notGlobal: Test = (config) => config["global"] !== true;
const ofNone: Test = (config) => !config["type"];
const notByDate: Test = (config) => config["mode"] !== 1;
const ofDeleted: Test = (config) => config["mode"] === 4;
const oneRecord: Test = (config) => config["multiple"] !== true;
const asynchronous: Test = (_, sync) => !sync;

// When a setting means nothing beside the others.
const HIDDEN: Record<string, Test> = {
  "custom-action:collection": ofNone,
  "custom-action:appends": ofNone,
  "custom-action:roles": (config) => config["type"] !== 0,
  "action:actions": notGlobal,
  "request-interception:actions": notGlobal,
  "action:atomic": asynchronous,
  "collection:rollbackOnFailure": asynchronous,
  "collection:changed": (config) => config["mode"] !== 2 && config["mode"] !== 3,
  "collection:condition": ofDeleted,
  "collection:appends": ofDeleted,
  "schedule:collection": notByDate,
  "schedule:appends": notByDate,
  "query:params.page": oneRecord,
  "query:params.pageSize": oneRecord,
  "aggregate:collection": (config) => config["associated"] === true,
  "aggregate:association": (config) => config["associated"] !== true,
  "mailer:html": (config) => config["contentType"] === "text",
  "mailer:text": (config) => config["contentType"] !== "text",
};

export function isHidden(type: string, place: string, config: Row, sync: boolean): boolean {
  const last = place.split(".").at(-1);
  return HIDDEN[`${type}:${place}`]?.(config, sync) ?? ((last === "dataSource" && type !== "json-variable-mapping") || (last === "uid" && type === "multi-conditions"));
}
