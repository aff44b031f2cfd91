import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Built flat and relative: the server has one route for all assets, and the page says where it lies (<base href>).
const places = {
  name: "stepbase-places",
  apply: "serve" as const,
  transformIndexHtml: (html: string) => html.replace("__BASE__", "/"),
};

const TESTS = ["src/**/*.test.{ts,tsx}"];
const written = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const found = readdirSync(new URL("src", import.meta.url), { recursive: true, encoding: "utf8" }).map((path) => `src/${path}`);
// What stands in for a module would do so for the tests after it, or comes too late where those before have loaded it.
const ALONE = ["src/model/model.test.ts", "src/screens/table/cell.test.tsx", ...found.filter((path) => /\.test\.tsx?$/.test(path) && written(path).includes("vi.mock("))];

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
  // Loading the components takes five times as long as what is tried with them: one load for all tests, but those that look at times in
  // another zone, or put something in the place of a module that the others have loaded.
  test: {
    environment: "node",
    // It names a module of dayjs without its ending, and Ajv (see above), which Node does not find.
    server: { deps: { inline: [/@rjsf/] } },
    projects: [
      { extends: true, test: { name: "together", include: TESTS, exclude: ALONE } },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
