// openai-agents' `RealtimeSession` (JavaScript), through the five tasks. It keeps the conversation, runs the tools and cuts
// what was not heard by itself; the response of a manual turn is asked for through its transport.
import * as told from "./told.mjs";

const { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } = told.installed("@openai/agents-realtime");
const { z } = told.installed("zod");

const transcription = { model: "gpt-4o-transcribe" };
let called = [];
const get_weather = tool({
  name: "get_weather",
  description: "The weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    called.push({ city });
    return told.forecast;
  },
});

/** The last words of this role in a session's history. */
function words(session, role) {
  const items = session.history.filter((item) => item.type === "message" && item.role === role);
  return (items.at(-1)?.content ?? []).map((part) => part.transcript ?? part.text ?? "").join("");
}

async function talking(input, tools, task) {
  called = [];
  const agent = new RealtimeAgent({ name: "peer", tools });
  const transport = new OpenAIRealtimeWebSocket({ url: `${told.url}?model=${told.model}` });
  const config = { audio: { input: { transcription, ...input } } };
  const session = new RealtimeSession(agent, { transport, model: told.model, config, tracingDisabled: true });
  const seen = { done: 0, sound: 0, interrupted: false };
  let changed = () => {};
  const failed = new Promise((_, reject) => session.on("error", ({ error }) => reject(new Error(JSON.stringify(error)))));
  failed.catch(() => {});
  const on = (emitter, type, take) =>
    emitter.on(type, (event) => {
      take(event);
      changed();
    });
  on(session, "transport_event", (event) => (seen.done += event.type === "response.done" ? 1 : 0));
  on(session, "history_updated", () => {});
  on(session, "audio", (event) => (seen.sound += event.data.byteLength));
  on(session, "audio_interrupted", () => (seen.interrupted = true));
  const until = async (isSo) => {
    while (!isSo()) await Promise.race([new Promise((resolve) => (changed = resolve)), failed]);
  };
  await session.connect({ apiKey: "sk-none" });
  const count = await task(session, (isSo) => until(() => isSo(seen)));
  await until(() => seen.done === count && words(session, "assistant") && words(session, "user"));
  session.close();
  return {
    said: words(session, "assistant"),
    heard: words(session, "user"),
    called,
    sound_ms: Math.floor(seen.sound / 48),
    interrupted: seen.interrupted,
  };
}

function speak(session) {
  for (const piece of told.pieces()) session.sendAudio(new Uint8Array(piece).buffer);
}

async function text_turn() {
  return talking({}, [], async (session) => {
    session.sendMessage(told.question);
    return 1;
  });
}

async function spoken_turn() {
  return talking({}, [], async (session) => {
    speak(session);
    return 1;
  });
}

async function manual_turn() {
  return talking({ turnDetection: null }, [], async (session) => {
    const last = told.pieces().at(-1);
    speak(session);
    session.sendAudio(new Uint8Array(last).buffer, { commit: true });
    session.transport.requestResponse();
    return 1;
  });
}

async function tool_round() {
  return talking({}, [get_weather], async (session) => {
    session.sendMessage(told.weather);
    return 2;
  });
}

async function interruption() {
  return talking({}, [], async (session, until) => {
    session.sendMessage(told.story);
    await until((seen) => seen.sound > 0);
    speak(session);
    return 2;
  });
}

await told.run([text_turn, spoken_turn, manual_turn, tool_round, interruption]);
