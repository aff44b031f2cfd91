// Puts what was built in dist/ where the server serves it: assets first, then the page, then what no page names any more moves aside.
import { fileURLToPath } from "node:url";
import { publish } from "./publishing.js";

publish(fileURLToPath(new URL("../dist/", import.meta.url)), fileURLToPath(new URL("../../chalicelib/static/", import.meta.url)));
