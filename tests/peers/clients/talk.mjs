// The five tasks for a client that gives and takes the wire's own events, in Node and in a browser alike.
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
export const message = (text) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] });
export const output = (callId) => ({ type: "function_call_output", call_id: callId, output: forecast });

/** The words of a WAV file (as bytes) and the silence after them, mono PCM16 at 24 kHz, in pieces of 100 ms. */
export function cut(wav) {
  const sound = new Uint8Array(wav.length - 44 + 2 * 24 * 800);
  sound.set(wav.subarray(44));
  const starts = Array.from({ length: Math.ceil(sound.length / 4800) }, (_, place) => place * 4800);
  return starts.map((start) => sound.subarray(start, start + 4800));
}

const audio = { format: { type: "audio/pcm", rate: 24000 }, transcription: { model: "gpt-4o-transcribe" } };
const spoken = { type: "realtime", audio: { input: audio } };
const manual = { type: "realtime", audio: { input: { ...audio, turn_detection: null } } };
const text = { type: "realtime", output_modalities: ["text"] };

/** A session, what was seen in it, and a way to wait for that. `connect(talk)` gives its `send` and its `close`. */
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
  #pieces;

  constructor(connect, pieces) {
    this.#pieces = pieces;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => {});
    this.socket = connect(this);
  }

  take(event) {
    this.#note(event);
    this.#changed();
  }

  #note(event) {
    switch (event.type) {
      case "session.created":
        return (this.open = true);
      case "response.created":
        return (this.said = "");
      case "response.output_text.delta":
      case "response.output_audio_transcript.delta":
        return (this.said += event.delta);
      case "response.output_audio.delta":
        this.itemId ||= event.item_id;
        return (this.sound += atob(event.delta).length);
      case "response.function_call_arguments.done":
        this.callIds.push(event.call_id);
        return this.called.push(JSON.parse(event.arguments));
      case "conversation.item.input_audio_transcription.completed":
        return (this.heard = event.transcript);
      case "conversation.item.truncated":
        return (this.truncated = true);
      case "response.done":
        return this.reasons.push(event.response.status_details?.reason ?? null);
      case "error":
        return this.fail(new Error(event.error.message));
    }
  }

  async until(isSo) {
    while (!isSo(this)) await Promise.race([new Promise((resolve) => (this.#changed = resolve)), this.failed]);
  }

  done = (count) => this.until((talk) => talk.reasons.length === count);

  say(item) {
    this.socket.send({ type: "conversation.item.create", item });
    this.socket.send({ type: "response.create" });
  }

  speak() {
    for (const piece of this.#pieces)
      this.socket.send({ type: "input_audio_buffer.append", audio: btoa(String.fromCharCode(...piece)) });
  }

  told() {
    const { said, heard, called, reasons, truncated } = this;
    const interrupted = truncated && reasons[0] === "turn_detected" && reasons[1] === null;
    return { said, heard, called, sound_ms: Math.floor(this.sound / 48), interrupted };
  }
}

const tasks = {
  text_turn: [
    text,
    async (talk) => {
      talk.say(message(question));
      await talk.done(1);
    },
  ],
  spoken_turn: [
    spoken,
    async (talk) => {
      talk.speak();
      await talk.done(1);
    },
  ],
  manual_turn: [
    manual,
    async (talk) => {
      talk.speak();
      talk.socket.send({ type: "input_audio_buffer.commit" });
      talk.socket.send({ type: "response.create" });
      await talk.done(1);
    },
  ],
  tool_round: [
    { ...text, tools: [tool] },
    async (talk) => {
      talk.say(message(weather));
      await talk.done(1);
      talk.say(output(talk.callIds[0]));
      await talk.done(2);
    },
  ],
  interruption: [
    spoken,
    async (talk) => {
      talk.say(message(story));
      await talk.until(() => talk.itemId);
      talk.speak();
      await talk.done(1);
      const cut = { item_id: talk.itemId, content_index: 0, audio_end_ms: heardMs };
      talk.socket.send({ type: "conversation.item.truncate", ...cut });
      await talk.until(() => talk.truncated && talk.reasons.length === 2);
    },
  ],
};

/** Does the tasks one after the other, each in a session of its own; gives what was seen in each. */
export async function perform(connect, pieces) {
  const seen = {};
  for (const [name, [session, task]] of Object.entries(tasks)) {
    const talk = new Talk(connect, pieces);
    await talk.until(() => talk.open);
    talk.socket.send({ type: "session.update", session });
    await task(talk);
    talk.socket.close();
    seen[name] = talk.told();
  }
  return seen;
}
