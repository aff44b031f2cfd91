// The client of the API alone, as one ES module that any page can load: docs/examples uses it.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../docs/examples",
    emptyOutDir: false,
    minify: false,
    target: "es2022",
    lib: { entry: "src/client/index.ts", formats: ["es"], fileName: () => "stepbase-client.js" },
  },
});
