import { Badge, Button, Stack, Tabs } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { leave } from "../../ui/leaving";
import { Refusable } from "../../ui/Refusable";
import { NotFound } from "../home/NotFound";
import { Areas } from "./Areas";
import { Members } from "./Members";
import { Overrides } from "./Overrides";
import { STOCK, type Role } from "./role";
import { Strategy } from "./Strategy";

const ABOVE = [{ label: "Roles and permissions", to: "/roles" }];

/** One role: what it may do, where, and who has it. */
export default function RoleScreen() {
  const { name = "" } = useParams();
  const asked = useQuery({ queryKey: ["roles", "one", name], queryFn: ({ signal }) => client.resource<Role>("roles").get(name, { signal }), enabled: name !== "root" });
  if (name === "root") return <Root />;
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  if (!asked.data) return <NotFound what={`The role "${name}"`} />;
  return <Stored role={asked.data} />;
}

function Root() {
  return (
    <Stack maw={1000}>
      <PageHeader title="Root" description="May everything, and cannot be changed. Only root gives and takes it." above={ABOVE} />
      <Members role="root" />
    </Stack>
  );
}

function Stored({ role }: { role: Role }) {
  const session = useSession();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [asking, setAsking] = useState<"remove" | "default" | null>(null);
  const title = role.title || role.name;
  const tab = params.get("tab") ?? "everywhere";

  const save = async (values: Partial<Role>) => {
    await client.resource("roles").update(role.name, values);
    await Promise.all([queries.invalidateQueries({ queryKey: ["roles"] }), session.reload()]);
    say(title, "Saved; it holds from now on.", "success");
  };
  const remove = async () => {
    const { meta } = await client.resource("roles").call<number>("destroy", { body: {} }, role.name);
    const disabled = (meta["actionsDisabled"] ?? []) as string[];
    queries.removeQueries({ queryKey: ["roles", "one", role.name] });
    void navigate("/roles");
    await Promise.all([queries.invalidateQueries({ queryKey: ["roles"] }), queries.invalidateQueries({ queryKey: ["records", "users"] }), session.reload()]);
    say("Removed", `${title} is gone.${disabled.length ? ` Nobody would see these buttons any more, so they are disabled: ${disabled.join(", ")}` : ""}`, disabled.length ? "warning" : "success");
  };
  const whyNotRemoved = STOCK.has(role.name) ? "A stock role cannot be removed; change what it may do" : role.default ? "New users get this role; make another one the default first" : null;

  return (
    <Stack maw={1000} gap="sm">
      <PageHeader
        title={title}
        description={role.description || role.name}
        above={ABOVE}
        actions={
          <>
            {role.default ? (
              <Badge variant="light" size="lg" tt="none">
                Given to new users
              </Badge>
            ) : (
              <Button variant="default" onClick={() => setAsking("default")}>
                Give to new users
              </Button>
            )}
            <Refusable reason={whyNotRemoved}>
              <Button variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsking("remove")}>
                Remove
              </Button>
            </Refusable>
          </>
        }
      />
      <Tabs value={tab} onChange={(next) => leave(() => setParams(next && next !== "everywhere" ? { tab: next } : {}))} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="everywhere">Everywhere</Tabs.Tab>
          <Tabs.Tab value="collections">By collection</Tabs.Tab>
          <Tabs.Tab value="areas">Management</Tabs.Tab>
          <Tabs.Tab value="members">Members</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="everywhere">
          <Strategy actions={role.strategy?.actions ?? []} onSave={(actions) => save({ strategy: { ...role.strategy, actions } })} />
        </Tabs.Panel>
        <Tabs.Panel value="collections">
          <Overrides role={role} onSaved={() => Promise.all([queries.invalidateQueries({ queryKey: ["roles"] }), session.reload()])} />
        </Tabs.Panel>
        <Tabs.Panel value="areas">
          <Areas snippets={role.snippets ?? []} onSave={(snippets) => save({ snippets })} />
        </Tabs.Panel>
        <Tabs.Panel value="members">
          <Members role={role.name} />
        </Tabs.Panel>
      </Tabs>
      {asking === "default" && (
        <ConfirmDialog title={`Give ${title} to new users?`} text="Every user that is added from now on gets this role, and no longer the one before. Those who are there keep theirs." label="Give it to new users" harmless onClose={() => setAsking(null)} onConfirm={() => save({ default: true })} />
      )}
      {asking === "remove" && (
        <ConfirmDialog title={`Remove ${title}?`} text="It is taken from everybody who has it, and from the buttons that name it." label="Remove the role" onClose={() => setAsking(null)} onConfirm={remove} />
      )}
    </Stack>
  );
}
