import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "mantine-datatable/styles.layer.css";
import "./app/app.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { HashRouter } from "react-router-dom";
import { App } from "./app/App";
import { queries } from "./app/queries";
import { readableColors, theme } from "./app/theme";
import { watchForUpdates } from "./app/updated";
import { AppBoundary } from "./shell/AppBoundary";
import { Notices } from "./shell/Notices";

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
// The one library that locks scrolling behind a dialog writes a style element of its own.
setNonce(nonce);
watchForUpdates();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={readableColors} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <AppBoundary>
          <Notices />
          <QueryClientProvider client={queries}>
            <HashRouter>
              <App />
            </HashRouter>
          </QueryClientProvider>
        </AppBoundary>
      </MantineProvider>
    </StrictMode>,
  );
}
