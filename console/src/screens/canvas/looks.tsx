/** The icon and colour of each type; a type that is not here yet has the neutral one. */
import {
  IconApi, IconArrowsSplit2, IconBell, IconBolt, IconBraces, IconCalculator, IconCalendarTime, IconCircleX, IconClick, IconClock, IconDatabaseEdit, IconDatabaseMinus,
  IconDatabasePlus, IconDatabaseSearch, IconFlag, IconForms, IconGitBranch, IconHandStop, IconHourglass, IconLogout, IconMail, IconMathFunction, IconMessage, IconMessageCircle, IconPuzzle,
  IconRepeat, IconRefreshDot, IconShieldCheck, IconSitemap, IconSum, IconUserCheck, IconUsers, IconVariable, type Icon,
} from "@tabler/icons-react";

interface Look {
  icon: Icon;
  color: string;
}

const NODES: Record<string, Look> = {
  condition: { icon: IconGitBranch, color: "orange" },
  "multi-conditions": { icon: IconSitemap, color: "orange" },
  loop: { icon: IconRepeat, color: "orange" },
  parallel: { icon: IconArrowsSplit2, color: "orange" },
  transaction: { icon: IconShieldCheck, color: "orange" },
  subflow: { icon: IconRefreshDot, color: "orange" },
  end: { icon: IconFlag, color: "red" },
  delay: { icon: IconHourglass, color: "orange" },
  query: { icon: IconDatabaseSearch, color: "blue" },
  create: { icon: IconDatabasePlus, color: "blue" },
  update: { icon: IconDatabaseEdit, color: "blue" },
  destroy: { icon: IconDatabaseMinus, color: "blue" },
  aggregate: { icon: IconSum, color: "blue" },
  calculation: { icon: IconCalculator, color: "grape" },
  "dynamic-calculation": { icon: IconMathFunction, color: "grape" },
  "json-query": { icon: IconBraces, color: "grape" },
  "json-variable-mapping": { icon: IconBraces, color: "grape" },
  dateCalculation: { icon: IconCalendarTime, color: "grape" },
  variable: { icon: IconVariable, color: "grape" },
  output: { icon: IconLogout, color: "grape" },
  manual: { icon: IconUserCheck, color: "teal" },
  cc: { icon: IconUsers, color: "teal" },
  "response-message": { icon: IconMessage, color: "teal" },
  request: { icon: IconApi, color: "cyan" },
  mailer: { icon: IconMail, color: "cyan" },
  notification: { icon: IconBell, color: "cyan" },
};

const TRIGGERS: Record<string, Look> = {
  "custom-action": { icon: IconClick, color: "indigo" },
  action: { icon: IconForms, color: "indigo" },
  "request-interception": { icon: IconHandStop, color: "indigo" },
  collection: { icon: IconBolt, color: "indigo" },
  schedule: { icon: IconClock, color: "indigo" },
  message: { icon: IconMessageCircle, color: "indigo" },
};

const UNKNOWN: Look = { icon: IconPuzzle, color: "gray" };
const GONE: Look = { icon: IconCircleX, color: "gray" };

export function nodeLook(type: string): Look {
  return NODES[type] ?? UNKNOWN;
}

export function triggerLook(type: string): Look {
  return TRIGGERS[type] ?? GONE;
}

/** The types in the order and groups in which they are offered; those that are in none come last. */
export const GROUPS: { label: string; types: string[] }[] = [
  { label: "Flow", types: ["condition", "multi-conditions", "loop", "parallel", "transaction", "subflow", "delay", "end"] },
  { label: "Records", types: ["query", "create", "update", "destroy", "aggregate"] },
  { label: "People", types: ["response-message", "manual", "cc"] },
  { label: "Values", types: ["variable", "calculation", "dynamic-calculation", "dateCalculation", "json-query", "json-variable-mapping", "output"] },
  { label: "Outside", types: ["request", "mailer", "notification"] },
];
