import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";

interface Props {
  title: string;
  description?: ReactNode;
  above?: { label: string; to: string }[];
  actions?: ReactNode;
}

export function PageHeader({ title, description, above = [], actions }: Props) {
  useDocumentTitle(`${title} · Stepbase`);
  return (
    <Group justify="space-between" align="flex-end" mb="md" gap="sm">
      <Stack gap={2} miw={0} style={{ overflowWrap: "anywhere" }}>
        {above.length > 0 && (
          <Breadcrumbs fz="sm" separator="›" styles={{ root: { flexWrap: "wrap" }, breadcrumb: { whiteSpace: "normal" } }}>
            {above.map((one) => (
              <Anchor key={one.to} component={Link} to={one.to} size="sm">
                {one.label}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Title order={1} size="h2" lineClamp={4}>
          {title}
        </Title>
        {description && (
          <Text size="sm" c="dimmed">
            {description}
          </Text>
        )}
      </Stack>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
