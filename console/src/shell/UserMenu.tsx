import { Avatar, Button, Menu, Text } from "@mantine/core";
import { IconCheck, IconChevronDown, IconKey, IconLogout, IconUser } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import { useSession } from "../app/session";
import { zone } from "../model/times";
import { leave } from "../ui/leaving";

const UNION = "__union__";

export function UserMenu() {
  const session = useSession();
  const { user, roles } = session;
  const name = user.nickname || user.username || user.email || `User ${user.id}`;
  const choices = roles.length > 1 ? [...roles, { name: UNION, title: "All roles together" }] : roles;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Button variant="subtle" color="gray" px="xs" leftSection={<Avatar size={26} name={name} color="initials" aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>
          <Text span size="sm" visibleFrom="xs" maw={160} className="one-line">
            {name}
          </Text>
          <Text span className="skip">
            Your account
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.email ?? user.username} · {zone}
        </Menu.Label>
        {choices.length > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>Act as</Menu.Label>
            {choices.map((role) => (
              <Menu.Item key={role.name} aria-current={role.name === session.role ? "true" : undefined} onClick={() => leave(() => session.actAs(role.name))} rightSection={role.name === session.role ? <IconCheck size={14} aria-hidden /> : null}>
                {role.title}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        <Menu.Item component={Link} to="/profile" leftSection={<IconUser size={16} aria-hidden />}>
          Profile
        </Menu.Item>
        <Menu.Item component={Link} to="/api-keys" leftSection={<IconKey size={16} aria-hidden />}>
          API keys
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => leave(() => void session.signOut())}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
