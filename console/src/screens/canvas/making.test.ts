import { afterEach, expect, it, vi } from "vitest";
import { createClient } from "../../client";
import { change as buttons } from "../buttons/api";
import { change } from "./api";
import type { Workflow } from "./types";

const { mine } = vi.hoisted(() => ({ mine: { client: null as unknown } }));
vi.mock("../../app/client", () => ({
  get client() {
    return mine.client;
  },
}));
vi.mock("../../app/session", () => ({ useSession: () => ({}) }));

afterEach(() => vi.unstubAllGlobals());

it("all that makes something is sent under the key of its press", async () => {
  const sent: (string | null)[] = [];
  vi.stubGlobal("fetch", async (_: string, options: RequestInit) => {
    sent.push(new Headers(options.headers).get("Idempotency-Key"));
    return Response.json({ data: { id: 1 } });
  });
  mine.client = createClient({ baseUrl: "http://localhost/api/" });
  const version = { id: 3, key: "greet" } as Workflow;
  await change.createNode(3, { type: "end" }, "node");
  await change.duplicateNode(4, { upstreamId: null, branchIndex: null }, "copy of a node");
  await change.createWorkflow({}, "workflow");
  await change.newVersion(version, "version");
  await change.copyWorkflow(version, "Copy", "copy");
  await change.importDocument({}, "document");
  await buttons.create({}, "button");
  expect(sent).toEqual(["node", "copy of a node", "workflow", "version", "copy", "document", "button"]);
});
