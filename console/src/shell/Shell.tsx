import { ActionIcon, AppShell, Burger, Group, Text, useMantineColorScheme, useComputedColorScheme } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconMoon, IconSun } from "@tabler/icons-react";
import { useEffect, type ReactNode } from "react";
import { Link, useLocation } from "react-router-dom";
import { ErrorBoundary } from "./ErrorBoundary";
import { Logo } from "./Logo";
import { Navigation } from "./Navigation";
import { Progress } from "./Progress";
import { UserMenu } from "./UserMenu";

/** From here on the navigation stands beside the page: the breakpoint `sm`. */
const BESIDE = "(min-width: 48em)";

export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const isBeside = useMediaQuery(BESIDE, undefined, { getInitialValueInEffect: false });
  useEffect(close, [pathname, close]);
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 248, breakpoint: "sm", collapsed: { mobile: !opened } }} padding={{ base: "sm", sm: "lg" }}>
      <a className="skip" href="#content" onClick={focusContent}>
        Skip to the content
      </a>
      <Progress />
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={opened ? "Close the navigation" : "Open the navigation"} />
            <Group gap="xs" renderRoot={(props) => <Link to="/" {...props} />} c="inherit" td="none" wrap="nowrap">
              <Logo />
              <Text fw={700} fz="lg">
                Stepbase
              </Text>
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ColorScheme />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      {/* Closed it is only moved out of sight: the keyboard would still go through it. */}
      <AppShell.Navbar p="sm" aria-label="Main" inert={!isBeside && !opened}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <ErrorBoundary key={pathname}>{children}</ErrorBoundary>
      </AppShell.Main>
    </AppShell>
  );
}

function ColorScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const label = isDark ? "Light colours" : "Dark colours";
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setColorScheme(isDark ? "light" : "dark")} aria-label={label} title={label}>
      {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

/** The hash is the router's, so the link does by hand what it would do by itself. */
function focusContent(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
