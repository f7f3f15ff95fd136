"""A realtime model as a Kani engine: whatever prompt Kani gives, the response sees exactly that.

Everything turn-based is Kani's own; here a prompt is mirrored into the conversation, one response is asked for, and its
deltas are handed on.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from kani import AIFunction, ChatMessage, ChatRole
from kani.engines.base import BaseCompletion, BaseEngine, Completion

from realtime_sdk.audio.spoken import Voices
from realtime_sdk.kani.mirror import Context, Mirror
from realtime_sdk.kani.session import MODEL, RealtimeSession
from realtime_sdk.kani.translate.items import KEY, Spoken, mcp_notes, message_of, tokens_of
from realtime_sdk.kani.translate.seed import AnySession, session_of, session_update, tool_of
from realtime_sdk.protocol import models, server_events as s
from realtime_sdk.session import Answer, Reply, tag_of
from realtime_sdk.state import Response, is_responding

__all__ = ["RealtimeEngine", "Sync", "completion_of", "heard_by", "notes_of"]

Sync = Literal["references", "delete"]

CONTEXT_SIZES: Final[Mapping[str, int]] = {"gpt-realtime-2": 128_000, "gpt-realtime": 32_000}
"""How a model's name begins → tokens of its context; the first that fits."""
_UNKNOWN_CONTEXT: Final = 32_000


class RealtimeEngine(BaseEngine):
    """The engine of a Kani that a realtime model answers. It connects at the first prediction, and again after a loss.

        ai = Kani(RealtimeEngine(model="gpt-realtime-2.1"))

    `session_config` is a `models.SessionConfig` of 2024 or a GA `SessionRequest`. `sync` says how the server sees a
    prompt that is not simply the conversation: by "references" to its items, or by deleting the others ("delete").
    `save_audio` keeps the assistant's sound in the messages. All else goes to the session (`ws_base`, `headers`,
    `endpoint`, `transport`, `log`) or is a setting of every response (`max_output_tokens`, …).
    """

    disable_function_calling_kwargs: ClassVar[dict[str, Any]] = {"tool_choice": "none"}  # type: ignore[misc]

    def __init__(
        self,
        api_key: str | None = None,
        model: str = MODEL,
        *,
        session_config: AnySession = None,
        sync: Sync = "references",
        save_audio: bool = True,
        max_context_size: int | None = None,
        **how: Any,
    ) -> None:
        self.session: Final = RealtimeSession(api_key, model, **how)
        self.model: Final = self.session.model
        self.max_context_size: int = max_context_size or _context_size(self.model)
        self.sync: Sync = sync
        self.save_audio = save_audio
        self.mirror: Final = Mirror(self.session)
        self._config: AnySession = session_config
        self._offered: list[models.FunctionTool] = []
        self._instructions: str | None = None
        self._turn = asyncio.Lock()
        self._tags: Final = set[str]()
        self._asked: Final = set[str]()
        self._reply: Reply | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r})"

    # --- what Kani asks of an engine ------------------------------------------------------------------------------

    def prompt_len(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: list[ChatMessage], functions: list[AIFunction] | None = None, **_: Any
    ) -> int:
        """About how many tokens a prompt takes. Counts text by its length, sound by its duration."""
        tools = sum(len(f.name) + len(f.desc or "") + len(str(f.json_schema)) for f in functions or ())
        return sum(map(tokens_of, messages)) + tools // 4

    async def predict(
        self, messages: list[ChatMessage], functions: list[AIFunction] | None = None, **hyperparams: Any
    ) -> BaseCompletion:
        """The model's answer to exactly these messages. Takes `audio_callback` as `stream` does.

        Raises ResponseFailed with the server's code, ServerError, the ConnectionClosed family.
        """
        async for piece in self._answer(messages, functions, **hyperparams):
            if isinstance(piece, BaseCompletion):
                return piece
        raise AssertionError("an answer ends with its completion")

    async def stream(
        self, messages: list[ChatMessage], functions: list[AIFunction] | None = None, **hyperparams: Any
    ) -> AsyncGenerator[str | BaseCompletion, None]:
        """The same answer, word by word. `audio_callback` gets its sound: mono PCM16 at 24 kHz, awaited in order."""
        async for piece in self._answer(messages, functions, **hyperparams):
            yield piece

    async def close(self) -> None:
        """End the connection."""
        await self.session.close()

    # --- the session ----------------------------------------------------------------------------------------------

    async def connect(
        self, config: AnySession, functions: Sequence[AIFunction] | None, messages: Sequence[ChatMessage]
    ) -> None:
        """Connect with these settings, functions and system prompt; the prompt's other messages are not sent yet.

        Without settings those of the last connection, or of the constructor, hold.
        """
        config = self._config if config is None else config
        tools = [*map(tool_of, functions or ())]
        instructions = _prompt(config, messages)[0]
        is_beta = self.session.is_beta
        update = session_update(config, tools=tools, instructions=instructions, is_beta=is_beta)
        await self.session.open(update)
        self._config, self._offered, self._instructions = config, tools, instructions

    async def upload(self, messages: Sequence[ChatMessage]) -> None:
        """Put the messages of a prompt into the conversation. Raises ServerError, which says which was refused."""
        await self.mirror.upload(_prompt(self._config, messages)[1])

    async def make_equal(self, messages: Sequence[ChatMessage], functions: Sequence[AIFunction]) -> None:
        """Make the session offer these functions, and its conversation be exactly this prompt."""
        instructions, rest = _prompt(self._config, messages)
        changes = self._differing(functions, instructions)
        if changes:
            await self.session.live.update(**changes)
        self._offered, self._instructions = [*map(tool_of, functions)], instructions
        await self.mirror.make_equal(rest)

    async def give_outputs(self, messages: Sequence[ChatMessage]) -> None:
        """Give the server the outputs that it lacks of calls that it has."""
        async with self._turn:
            await self.mirror.give_outputs(messages)

    def owns(self, response: Response) -> bool:
        """Whether a response is a round's: by its mark, or by its id where the server gives no marks back."""
        last = None if self._reply is None else self._reply.response_id
        return tag_of(response.metadata) in self._tags or response.id == last or response.id in self._asked

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _answer(
        self,
        messages: list[ChatMessage],
        functions: list[AIFunction] | None,
        *,
        audio_callback: Callable[[bytes], Any] | None = None,
        **given: Any,
    ) -> AsyncGenerator[str | BaseCompletion, None]:
        voices = Voices(keep=self.save_audio)
        async with self._turn:
            reply = await self._ask(messages, functions, given)
            delta = await anext(reply, None)  # it has begun: whoever is next waits for its end in the session
        while delta is not None:
            if isinstance(delta, s.ResponseOutputTextDelta | s.ResponseOutputAudioTranscriptDelta):
                yield delta.delta
            elif isinstance(delta, s.ResponseOutputAudioDelta):
                await heard_by(audio_callback, voices.take(delta, self.session.state))
            delta = await anext(reply, None)
        yield self._completion(await reply, voices)

    async def _ask(
        self, messages: list[ChatMessage], functions: list[AIFunction] | None, given: Mapping[str, Any]
    ) -> Reply:
        if not self.session.is_connected:
            await self.connect(self._config, functions, messages)
        live = self.session.live
        await live.until(lambda state: not is_responding(state))
        instructions, rest = _prompt(self._config, messages)
        context = await self.mirror.context(rest, sync=self.sync)
        settings = self.session.settings({**self._differing(functions, instructions), **given})
        if self._reply is not None and self._reply.response_id is not None:
            self._asked.add(self._reply.response_id)
        self._reply = reply = live.respond(items=context.append, **settings, **_input(context))
        self._tags.add(reply.tag)
        return reply

    def _completion(self, answer: Answer, voices: Voices) -> Completion:
        sounds = {item.id: voices.of(item.id) for item in answer.items}
        message = message_of(Spoken(answer.items, sounds, notes_of(answer)), ChatRole.ASSISTANT)
        self.mirror.tag(message, (item.id for item in answer.items))
        return completion_of(message, answer.response)

    def _differing(self, functions: Sequence[AIFunction] | None, instructions: str | None) -> dict[str, Any]:
        """What a prompt has otherwise than the session."""
        differing: dict[str, Any] = {}
        if functions is None:
            differing |= {"tools": [], "tool_choice": "none"}
        elif (tools := [*map(tool_of, functions)]) != self._offered:
            differing["tools"] = [*(session_of(self._config).get("tools") or ()), *tools]  # its own, beside Kani's
        if (instructions or "") != (self._instructions or ""):
            differing["instructions"] = instructions or ""
        return differing


async def heard_by(callback: Callable[[bytes], Any] | None, sound: bytes) -> None:
    """Give a piece of sound to a callback, which may be async or not there."""
    given = None if callback is None else callback(sound)
    if inspect.isawaitable(given):
        await given


def completion_of(message: ChatMessage, response: Response | None = None) -> Completion:
    """A message with the tokens it took, where they are known."""
    usage = None if response is None else response.usage
    return Completion(message, usage and usage.input.total, usage and usage.output.total)


def notes_of(answer: Answer) -> dict[str, Any]:
    """What is kept of a response and its items in the message's `extra`."""
    response = answer.response
    notes: dict[str, Any] = {"response_id": response.id, "status": response.status, "reason": response.reason}
    if response.status == "failed":
        notes["error"] = {"code": response.error_code, "message": response.error_message}
    return {**{key: value for key, value in notes.items() if value is not None}, **mcp_notes(answer.items)}


def _input(context: Context) -> dict[str, Any]:
    if context.references is None:
        return {}
    return {"input": [models.ItemReference(id=item_id) for item_id in context.references]}


def _prompt(config: AnySession, messages: Sequence[ChatMessage]) -> tuple[str | None, Sequence[ChatMessage]]:
    """The instructions in a prompt, and its messages without them.

    A system message in front is the instructions, unless the configuration has some: then it is an item. What was an
    item before (a server's own, after an idle timeout) stays one.
    """
    first = messages[0] if messages else None
    if first is None or first.role is not ChatRole.SYSTEM or KEY in first.extra or "instructions" in session_of(config):
        return None, messages
    return first.text, messages[1:]


def _context_size(model: str) -> int:
    return next((size for name, size in CONTEXT_SIZES.items() if model.startswith(name)), _UNKNOWN_CONTEXT)
