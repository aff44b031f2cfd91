import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const onlyTheClientTalks = [
  { selector: "CallExpression[callee.name='fetch']", message: "Only src/client talks to the server." },
  { selector: "NewExpression[callee.name=/^(XMLHttpRequest|EventSource|WebSocket)$/]", message: "Only src/client talks to the server." },
  { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "What people wrote is shown as text." },
  { selector: "AssignmentExpression[left.property.name=/^(innerHTML|outerHTML)$/]", message: "What people wrote is shown as text." },
];

// All tests play with one load of the modules: those that have loaded one already would not find what stands in its place.
const oneLoadForAllTests = { selector: "CallExpression[callee.object.name='vi'][callee.property.name=/^(do)?[mM]ock$/]", message: "Tests share their modules: src/testing/ mounts components with what they are given, and stands in for the server." };

export default tseslint.config(
  { ignores: ["node_modules", "dist", "src/client/openapi.d.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "no-eval": "error",
      "no-restricted-syntax": ["error", ...onlyTheClientTalks, oneLoadForAllTests],
      "max-lines": ["error", 300],
      complexity: ["error", 16],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  // What a component shows or leaves out counts as branches, and reads as a list.
  { files: ["src/**/*.tsx"], rules: { complexity: ["error", 21] } },
  {
    files: ["src/client/**"],
    rules: {
      "no-restricted-syntax": ["error", ...onlyTheClientTalks.slice(2), oneLoadForAllTests],
      "no-restricted-imports": ["error", { patterns: ["react", "react-dom", "@mantine/*", "../*"] }],
    },
  },
  { files: ["scripts/**", "*.js"], languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } } },
);
