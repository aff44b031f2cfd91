import { NavLink, ScrollArea, Text } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { NavLink as RouterLink, useLocation } from "react-router-dom";
import { useSession } from "../app/session";
import { titleOf } from "../model/collections";
import { SCREENS, type Screen } from "../screens";

export function Navigation() {
  const session = useSession();
  const tables = session.collections.filter((one) => !one.system);
  const screens = SCREENS.filter((one) => one.title && (!one.area || session.isIn(one.area)));
  const own = screens.filter((one) => !one.area);
  const building = screens.filter((one) => one.area);
  return (
    <ScrollArea type="never">
      <Heading>Data</Heading>
      {tables.length === 0 && (
        <Text size="sm" c="dimmed" px="sm" py={6}>
          No collection is in your view.
        </Text>
      )}
      {tables.map((one) => (
        <Entry key={one.name} to={`/tables/${one.name}`} label={titleOf(one)} icon={<IconTable size={18} stroke={1.6} aria-hidden />} />
      ))}
      {own.length > 0 && <Heading>Yours</Heading>}
      {own.map(entryOf)}
      {building.length > 0 && <Heading>Build</Heading>}
      {building.map(entryOf)}
    </ScrollArea>
  );
}

function entryOf(screen: Screen) {
  const { path, title = "", badge: Badge } = screen;
  return <Entry key={path} to={path} label={title} icon={iconOf(screen)} badge={Badge ? <Badge /> : null} />;
}

function iconOf({ icon: Icon }: Screen) {
  return Icon ? <Icon size={18} stroke={1.6} aria-hidden /> : null;
}

function Heading({ children }: { children: string }) {
  return (
    <Text size="xs" fw={700} c="dimmed" tt="uppercase" px="sm" pt="md" pb={4} lts={0.6}>
      {children}
    </Text>
  );
}

function Entry({ to, label, icon, badge }: { to: string; label: string; icon: React.ReactNode; badge?: React.ReactNode }) {
  const { pathname } = useLocation();
  const active = pathname === to || pathname.startsWith(`${to}/`);
  return <NavLink component={RouterLink} to={to} label={label} leftSection={icon} rightSection={badge} active={active} aria-current={active ? "page" : undefined} variant="light" py={7} noWrap />;
}
