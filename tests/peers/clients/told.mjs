// What every client of Node's is told, and how it reports. A client is called as `node CLIENT URL CLIP`, as the Python ones are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cut } from "./talk.mjs";

export * from "./talk.mjs";

/** Loads a package from where the peer is installed. */
export const installed = createRequire(`${process.env.PEER_HOME}/package.json`);
export const [url, clipPath] = process.argv.slice(2);

/** The words and the silence after them, as a client has to send them. */
export const pieces = () => cut(readFileSync(clipPath)).map((piece) => Buffer.from(piece));

/** Prints what was seen, by task. */
export function report(seen) {
  console.log(JSON.stringify(seen));
  process.exit(0);
}

/** Runs the tasks one after the other, and prints what was seen. */
export async function run(tasks) {
  const seen = {};
  for (const task of tasks) seen[task.name] = await task();
  report(seen);
}
