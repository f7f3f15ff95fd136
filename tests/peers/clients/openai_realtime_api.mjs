// npm's openai-realtime-api (the dialect of 2024), through the five tasks. It keeps the conversation and runs the tools; on an
// interruption it cancels, which a server with turn detection has done by then.
import * as told from "./told.mjs";

const path = `${process.env.PEER_HOME}/node_modules/openai-realtime-api/dist/index.js`;
const { RealtimeClient } = await import(path);
const vad = { type: "server_vad" };

/** The last words of this role. */
function words(client, role) {
  const items = client.conversation.getItems().filter((item) => item.type === "message" && item.role === role);
  const last = items.at(-1)?.formatted;
  return last?.transcript || last?.text || "";
}

async function talking(turn_detection, task) {
  const client = new RealtimeClient({
    apiKey: "sk-none",
    url: told.url,
    model: "gpt-4o-realtime-preview",
    sessionConfig: { turn_detection, input_audio_transcription: { model: "whisper-1" } },
  });
  const seen = { done: 0, sound: 0, interrupted: false, called: [], itemId: "" };
  let changed = () => {};
  const on = (emitter, type, take) =>
    emitter.on(type, (event) => {
      take(event);
      changed();
    });
  on(client.realtime, "server.response.done", () => (seen.done += 1));
  on(client.realtime, "server.response.audio.delta", (event) => {
    seen.sound += Buffer.from(event.delta, "base64").length;
    seen.itemId ||= event.item_id;
  });
  on(client, "conversation.updated", () => {});
  on(client, "conversation.interrupted", () => (seen.interrupted = seen.sound > 0));
  const until = async (isSo) => {
    while (!isSo()) await new Promise((resolve) => (changed = resolve));
  };
  await client.connect();
  await client.waitForSessionCreated();
  const count = await task(client, (isSo) => until(() => isSo(seen)), seen);
  await until(() => seen.done === count && words(client, "assistant") && words(client, "user").trim());
  const { called, sound, interrupted } = seen;
  const report = { said: words(client, "assistant"), heard: words(client, "user"), called, interrupted };
  client.disconnect();
  return { ...report, sound_ms: Math.floor(sound / 48) };
}

function speak(client, pieces = told.pieces()) {
  for (const piece of pieces) client.appendInputAudio(new Int16Array(new Uint8Array(piece).buffer));
}

const typed = (text) => [{ type: "input_text", text }];

async function text_turn() {
  return talking(vad, async (client) => {
    client.sendUserMessageContent(typed(told.question));
    return 1;
  });
}

async function spoken_turn() {
  return talking(vad, async (client) => {
    speak(client);
    return 1;
  });
}

async function manual_turn() {
  return talking(null, async (client) => {
    speak(client);
    client.createResponse();
    return 1;
  });
}

async function tool_round() {
  return talking(vad, async (client, _, seen) => {
    const { type, ...definition } = told.tool;
    client.addTool(definition, ({ city }) => {
      seen.called.push({ city });
      return told.forecast;
    });
    client.sendUserMessageContent(typed(told.weather));
    return 2;
  });
}

async function interruption() {
  return talking(vad, async (client, until, seen) => {
    client.sendUserMessageContent(typed(told.story));
    await until(() => seen.sound > 0);
    client.on("conversation.interrupted", () => client.cancelResponse(seen.itemId, 24 * told.heardMs));
    speak(client, told.pieces().slice(0, 8)); // and the rest only once it has cancelled, as in real time
    await until((seen) => seen.interrupted);
    speak(client, told.pieces().slice(8));
    return 2;
  });
}

await told.run([text_turn, spoken_turn, manual_turn, tool_round, interruption]);
