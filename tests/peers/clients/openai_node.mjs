// openai-node's `OpenAIRealtimeWS`, through the five tasks. It speaks wss alone.
import * as told from "./told.mjs";

const { OpenAI } = told.installed("openai");
const { OpenAIRealtimeWS } = told.installed("openai/realtime/ws");

const audio = { format: { type: "audio/pcm", rate: 24000 }, transcription: { model: "gpt-4o-transcribe" } };
const spoken = { type: "realtime", audio: { input: audio } };
const manual = { type: "realtime", audio: { input: { ...audio, turn_detection: null } } };
const text = { type: "realtime", output_modalities: ["text"] };

/** A session, what was seen in it, and a way to wait for that. */
class Talk {
  said = "";
  heard = null;
  called = [];
  callIds = [];
  sound = 0;
  reasons = [];
  truncated = false;
  itemId = "";
  #changed = () => {};

  constructor() {
    const baseURL = told.url.replace(/^wss/, "https").replace(/\/realtime$/, "");
    this.socket = new OpenAIRealtimeWS({ model: told.model }, new OpenAI({ apiKey: "sk-none", baseURL }));
    this.failed = new Promise((_, reject) => this.socket.on("error", reject));
    this.failed.catch(() => {});
    this.#follow();
  }

  #follow() {
    const on = (type, take) =>
      this.socket.on(type, (event) => {
        take(event);
        this.#changed();
      });
    on("session.created", () => (this.open = true));
    on("response.created", () => (this.said = ""));
    on("response.output_text.delta", (event) => (this.said += event.delta));
    on("response.output_audio_transcript.delta", (event) => (this.said += event.delta));
    on("response.output_audio.delta", (event) => {
      this.sound += Buffer.from(event.delta, "base64").length;
      this.itemId ||= event.item_id;
    });
    on("response.function_call_arguments.done", (event) => {
      this.called.push(JSON.parse(event.arguments));
      this.callIds.push(event.call_id);
    });
    on("conversation.item.input_audio_transcription.completed", (event) => (this.heard = event.transcript));
    on("conversation.item.truncated", () => (this.truncated = true));
    on("response.done", (event) => this.reasons.push(event.response.status_details?.reason ?? null));
  }

  async until(isSo) {
    while (!isSo(this)) await Promise.race([new Promise((resolve) => (this.#changed = resolve)), this.failed]);
  }

  done = (count) => this.until((talk) => talk.reasons.length === count);
  update = (session) => this.socket.send({ type: "session.update", session });

  say(item) {
    this.socket.send({ type: "conversation.item.create", item });
    this.socket.send({ type: "response.create" });
  }

  speak() {
    for (const piece of told.pieces())
      this.socket.send({ type: "input_audio_buffer.append", audio: piece.toString("base64") });
  }

  told() {
    const { said, heard, called, reasons, truncated } = this;
    const interrupted = truncated && reasons[0] === "turn_detected" && reasons[1] === null;
    return { said, heard, called, sound_ms: Math.floor(this.sound / 48), interrupted };
  }
}

async function talking(session, task) {
  const talk = new Talk();
  await talk.until(() => talk.open);
  talk.update(session);
  await task(talk);
  talk.socket.close();
  return talk.told();
}

async function text_turn() {
  return talking(text, async (talk) => {
    talk.say(told.message(told.question));
    await talk.done(1);
  });
}

async function spoken_turn() {
  return talking(spoken, async (talk) => {
    talk.speak();
    await talk.done(1);
  });
}

async function manual_turn() {
  return talking(manual, async (talk) => {
    talk.speak();
    talk.socket.send({ type: "input_audio_buffer.commit" });
    talk.socket.send({ type: "response.create" });
    await talk.done(1);
  });
}

async function tool_round() {
  return talking({ ...text, tools: [told.tool] }, async (talk) => {
    talk.say(told.message(told.weather));
    await talk.done(1);
    talk.say(told.output(talk.callIds[0]));
    await talk.done(2);
  });
}

async function interruption() {
  return talking(spoken, async (talk) => {
    talk.say(told.message(told.story));
    await talk.until(() => talk.itemId);
    talk.speak();
    await talk.done(1);
    const cut = { item_id: talk.itemId, content_index: 0, audio_end_ms: told.heardMs };
    talk.socket.send({ type: "conversation.item.truncate", ...cut });
    await talk.until(() => talk.truncated && talk.reasons.length === 2);
  });
}

await told.run([text_turn, spoken_turn, manual_turn, tool_round, interruption]);
