import { createTheme, DEFAULT_THEME, type CSSVariablesResolver } from "@mantine/core";

const SYSTEM_FONTS = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily: SYSTEM_FONTS,
  headings: { fontFamily: SYSTEM_FONTS, fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } }, styles: { description: { color: "var(--mantine-color-text)" } } },
    // The menu's own place for the first focus is no item, which a menu must not hold: the focus goes to the first item.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    NavLink: { styles: { root: { borderRadius: "var(--mantine-radius-md)" } } },
    // A number out of bounds stays as it was typed, and is told what is wrong with it.
    NumberInput: { defaultProps: { clampBehavior: "none" } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, multiline: true, maw: 320 } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35 } }, styles: { title: { fontWeight: 650 } } },
    Drawer: { defaultProps: { position: "right", size: "lg", overlayProps: { backgroundOpacity: 0.3 } }, styles: { title: { fontWeight: 650 } } },
  },
});

const COLORS = Object.keys(DEFAULT_THEME.colors).filter((one) => one !== "dark");
const onLight = (value: (color: string) => string) => Object.fromEntries(COLORS.map((color) => [`--mantine-color-${color}-light-color`, value(color)]));

/** Mantine's own greys and light variants are too pale to be read by everybody (WCAG 2.2, 1.4.3). */
export const readableColors: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-red-filled": "var(--mantine-color-red-9)", "--mantine-color-red-filled-hover": "color-mix(in srgb, var(--mantine-color-red-9), #000 15%)", "--mantine-color-anchor": "var(--mantine-color-indigo-9)", "--mantine-color-dimmed": "var(--mantine-color-gray-7)", "--mantine-color-placeholder": "var(--mantine-color-gray-7)", "--mantine-color-disabled-color": "var(--mantine-color-gray-7)", "--mantine-color-error": "var(--mantine-color-red-9)", ...onLight((color) => `color-mix(in srgb, var(--mantine-color-${color}-9), #000 30%)`) },
  dark: { "--mantine-color-red-filled": "var(--mantine-color-red-9)", "--mantine-color-red-filled-hover": "color-mix(in srgb, var(--mantine-color-red-9), #000 15%)", "--mantine-color-dimmed": "var(--mantine-color-dark-1)", "--mantine-color-placeholder": "var(--mantine-color-dark-1)", "--mantine-color-disabled-color": "var(--mantine-color-dark-1)", "--mantine-color-anchor": "var(--mantine-color-indigo-3)", "--mantine-color-error": "var(--mantine-color-red-4)", ...onLight((color) => `var(--mantine-color-${color}-1)`) },
});
