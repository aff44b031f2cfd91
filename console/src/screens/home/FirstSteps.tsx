import { Anchor, Card, Group, List, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { NEW } from "../buttons/address";

interface Step {
  title: string;
  about: string;
  to: string;
  done: boolean;
}

/** From an empty installation to the first button; for who may build, until all of it is there. */
export function FirstSteps() {
  const session = useSession();
  const isBuilder = session.isIn("collections") && session.isIn("workflows");
  const counts = useQuery({
    queryKey: ["workflows", { for: "firstSteps" }],
    queryFn: async () => {
      const workflows = client.resource("workflows");
      const [made, enabled, buttons] = await Promise.all([workflows.count({ current: true }), workflows.count({ enabled: true }), client.resource("actions").count()]);
      return { made: made !== 0, enabled: enabled !== 0, buttons: buttons !== 0 };
    },
    enabled: isBuilder,
    // What is complete need not be asked again.
    staleTime: ({ state: { data } }) => (data?.made && data.enabled && data.buttons ? Infinity : 0),
  });
  if (!isBuilder || !counts.data) return null;
  const { made, enabled, buttons } = counts.data;
  const steps: Step[] = [
    { title: "Define your collections", about: "Tables with fields, and how their records belong together.", to: "/collections?open=new", done: session.collections.some((one) => !one.system) },
    { title: "Draw a workflow", about: "What sets it off, and what happens then, node by node.", to: "/workflows?open=new", done: made },
    { title: "Enable it", about: "With the switch behind its title; what is still wrong is shown.", to: "/workflows", done: enabled },
    { title: "Add a button", about: "It starts the workflow from a row, a record or the page.", to: `/buttons/${NEW}`, done: buttons },
  ];
  if (steps.every((one) => one.done)) return null;
  return (
    <Card withBorder component="section" aria-labelledby="first-steps">
      <Title id="first-steps" order={2} size="h4" mb="sm">
        First steps
      </Title>
      <List type="ordered" spacing="sm" listStyleType="none" center>
        {steps.map((one, index) => (
          <List.Item key={one.title} icon={<Mark number={index + 1} done={one.done} />}>
            <Group gap={6}>
              <Anchor component={Link} to={one.to} fw={600} size="sm">
                {one.title}
              </Anchor>
              {one.done && (
                <Text span size="xs" c="dimmed">
                  done
                </Text>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {one.about}
            </Text>
          </List.Item>
        ))}
      </List>
    </Card>
  );
}

function Mark({ number, done }: { number: number; done: boolean }) {
  return (
    <ThemeIcon size={26} radius="xl" variant={done ? "light" : "filled"} color={done ? "teal" : undefined} aria-hidden>
      {done ? <IconCheck size={15} /> : <span>{number}</span>}
    </ThemeIcon>
  );
}
