// What every client of Node's is told, and how it reports. A client is called as `node CLIENT URL CLIP`, as the Python ones are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Loads a package from where the peer is installed. */
export const installed = createRequire(`${process.env.PEER_HOME}/package.json`);
export const [url, clipPath] = process.argv.slice(2);
export const model = "gpt-realtime-2.1";
export const question = "What is the capital of France?";
export const story = "Tell me a long story.";
export const weather = "What is the weather in Paris?";
export const forecast = "It is foggy.";
export const heardMs = 100;
export const tool = {
  type: "function",
  name: "get_weather",
  description: "The weather in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

/** The words and the silence after them, mono PCM16 at 24 kHz, in pieces of 100 ms. */
export function pieces() {
  const sound = Buffer.concat([readFileSync(clipPath).subarray(44), Buffer.alloc(2 * 24 * 800)]);
  const starts = Array.from({ length: Math.ceil(sound.length / 4800) }, (_, place) => place * 4800);
  return starts.map((start) => sound.subarray(start, start + 4800));
}

export const message = (text) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] });
export const output = (callId) => ({ type: "function_call_output", call_id: callId, output: forecast });

/** Runs the tasks one after the other, and prints what was seen. */
export async function run(tasks) {
  const seen = {};
  for (const task of tasks) seen[task.name] = await task();
  console.log(JSON.stringify(seen));
  process.exit(0);
}
