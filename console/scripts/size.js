// Says how much script the first screen loads, gzipped, and fails over the limit. What is loaded lazily does not count.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 400 * 1024;
const folder = new URL("../../chalicelib/static/", import.meta.url);
const page = readFileSync(new URL("index.html", folder), "utf8");
const scripts = [...page.matchAll(/<(?:script|link rel="modulepreload")[^>]* (?:src|href)="\.\/([^"]+\.js)"/g)].map((match) => match[1]);
const sizes = scripts.map((name) => gzipSync(readFileSync(new URL(name, folder)), { level: 6 }).length);
const total = sizes.reduce((sum, one) => sum + one, 0);

if (scripts.length === 0) throw new Error("The page names no script");
console.log(JSON.stringify({ firstScreenScriptBytesGzipped: total, limit: LIMIT_BYTES, files: scripts.length }));
if (total > LIMIT_BYTES) process.exit(1);
