// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { answer, serve } from "../../testing/server";
import { change as buttons } from "../buttons/api";
import { change } from "./api";
import type { Workflow } from "./types";

it("all that makes something is sent under the key of its press", async () => {
  const asked = serve(() => answer({ id: 1 }));
  const version = { id: 3, key: "greet" } as Workflow;
  await change.createNode(3, { type: "end" }, "node");
  await change.duplicateNode(4, { upstreamId: null, branchIndex: null }, "copy of a node");
  await change.createWorkflow({}, "workflow");
  await change.newVersion(version, "version");
  await change.copyWorkflow(version, "Copy", "copy");
  await change.importDocument({}, "document");
  await buttons.create({}, "button");
  expect(asked.map(({ key }) => key)).toEqual(["node", "copy of a node", "workflow", "version", "copy", "document", "button"]);
});
