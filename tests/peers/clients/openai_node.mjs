// openai-node's `OpenAIRealtimeWS`, through the five tasks. It speaks wss alone.
import * as told from "./told.mjs";

const { OpenAI } = told.installed("openai");
const { OpenAIRealtimeWS } = told.installed("openai/realtime/ws");

const baseURL = told.url.replace(/^wss/, "https").replace(/\/realtime$/, "");

function connect(talk) {
  const socket = new OpenAIRealtimeWS({ model: told.model }, new OpenAI({ apiKey: "sk-none", baseURL }));
  socket.on("event", (event) => talk.take(event));
  socket.on("error", (error) => talk.fail(error));
  return socket;
}

told.report(await told.perform(connect, told.pieces()));
