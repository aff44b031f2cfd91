import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router-dom";
import { useButtons } from "../buttons/api";
import { NEW } from "../buttons/address";
import type { Workflow } from "./types";

const CONTEXTS: Record<string, string> = { 0: "none", 1: "single", 2: "multiple" };

/** A workflow that buttons start, and that none does yet: the way to one. */
export function ButtonHint({ version }: { version: Workflow }) {
  const buttons = useButtons();
  const isStarted = buttons.data?.some((one) => one.workflows?.some((bound) => bound.key === version.key)) ?? true;
  if (isStarted) return null;
  return (
    <Text size="sm" c="dimmed" mb="sm">
      It is enabled, and no button starts it yet.{" "}
      <Anchor component={Link} to={newButton(version)} size="sm" underline="always">
        Add the button
      </Anchor>
    </Text>
  );
}

/** The address of a new button that starts this workflow on what its trigger works on. */
export function newButton({ key, config }: Pick<Workflow, "key" | "config">): string {
  const context = CONTEXTS[String(config["type"] ?? 0)] ?? "none";
  const params = new URLSearchParams({ workflow: key, context });
  if (context !== "none" && typeof config["collection"] === "string") params.set("collection", config["collection"]);
  return `/buttons/${NEW}?${params.toString()}`;
}
