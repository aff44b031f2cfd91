import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Built flat and relative: the server has one route for all assets, and the page says where it lies (<base href>).
const places = {
  name: "stepbase-places",
  apply: "serve" as const,
  transformIndexHtml: (html: string) => html.replace("__BASE__", "/"),
};

export default defineConfig({
  base: "./",
  plugins: [react(), places],
  // rjsf's index names Ajv for its tests; Ajv makes code from schemas, which the page's policy forbids.
  resolve: { alias: { "@rjsf/validator-ajv8": fileURLToPath(new URL("./src/forms/schemaValidator.ts", import.meta.url)) } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 1_000,
    target: "es2022",
    // light-dark() stays as it is: what stands in for it elsewhere would not know Mantine's colour scheme.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
  server: { proxy: { "/api": "http://localhost:3000" } },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node",
    // Loading the components takes five times as long as what is tried with them: one load for all tests. So none may put something in the place
    // of a module (eslint): it would depend on the order whether the others find it. src/testing/ stands in for the server instead.
    isolate: false,
    mockReset: true,
    restoreMocks: true,
    // The same for everybody, and not that of the server: what mistakes one zone for the other is found.
    env: { TZ: "America/New_York" },
    // It names a module of dayjs without its ending, and Ajv (see above), which Node does not find.
    server: { deps: { inline: [/@rjsf/] } },
  },
});
