"""`OpenAIRealtimeKani`: a Kani on a realtime engine that can talk while it listens. Overrides no hook of Kani's."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import Any

from kani import AIFunction, ChatMessage, Kani
from kani.streaming import StreamManager

from realtime_sdk.kani.conversing import Conversation
from realtime_sdk.kani.engine import RealtimeEngine, Sync
from realtime_sdk.kani.session import MODEL, WS_BASE, RealtimeSession
from realtime_sdk.kani.translate.seed import AnySession

__all__ = ["OpenAIRealtimeKani"]


class OpenAIRealtimeKani(Kani):
    """A Kani that speaks and hears. In rounds it is used like any other; `full_duplex` is a conversation by voice.

        ai = OpenAIRealtimeKani()
        await ai.connect()
        async for stream in ai.full_duplex(get_audio_stream(None), play_audio):
            print(stream.role, await stream.message())

    Without `api_key` OPENAI_API_KEY is read when it connects. `functions`, `retry_attempts` and
    `desired_response_tokens` are Kani's; what else is given goes to the engine and its session (`headers`, `endpoint`,
    `transport`, `log`, `sync`, `save_audio`), or is a setting of every response (`max_output_tokens`, …).
    """

    engine: RealtimeEngine

    def __init__(
        self,
        api_key: str | None = None,
        model: str = MODEL,
        *,
        ws_base: str = WS_BASE,
        headers: dict[str, str] | None = None,
        system_prompt: str | None = None,
        chat_history: list[ChatMessage] | None = None,
        always_included_messages: list[ChatMessage] | None = None,
        functions: list[AIFunction] | None = None,
        retry_attempts: int = 1,
        desired_response_tokens: int | None = None,
        sync: Sync = "references",
        save_audio: bool = True,
        **generation_args: Any,
    ) -> None:
        engine = RealtimeEngine(
            api_key, model, ws_base=ws_base, headers=headers, sync=sync, save_audio=save_audio, **generation_args
        )
        given = {"chat_history": chat_history, "always_included_messages": always_included_messages}
        tokens = {} if desired_response_tokens is None else {"desired_response_tokens": desired_response_tokens}
        super().__init__(
            engine,
            system_prompt=system_prompt,  # type: ignore[arg-type]
            functions=functions,  # type: ignore[arg-type]
            retry_attempts=retry_attempts,
            **{key: value for key, value in given.items() if value is not None},  # type: ignore[arg-type]
            **tokens,  # type: ignore[arg-type]
        )
        self._is_talking = False

    @property
    def session(self) -> RealtimeSession:
        """The session, for events and listeners of your own."""
        return self.engine.session

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self.engine.session.is_connected

    async def connect(self, session_config: AnySession = None) -> None:
        """Connect, and bring the history there. `session_config`: a `models.SessionConfig`, or GA's `SessionRequest`;
        None: that of the last connection, or the reference's defaults.

        The system prompt becomes the session's instructions where the configuration has none. Raises HandshakeError,
        ServerError (which says what was refused), the ConnectionClosed family; RuntimeError if it is connected.
        """
        engine = self.engine
        await engine.connect(session_config, self.get_enabled_functions(), self.always_included_messages)
        try:
            await engine.upload([*self.always_included_messages, *self.chat_history])
        except BaseException:
            await engine.close()
            raise

    async def close(self) -> None:
        """End the connection."""
        await self.engine.close()

    async def full_duplex(
        self,
        audio_stream: AsyncIterable[bytes],
        audio_callback: Callable[[bytes], Awaitable[Any]] | Any = None,
        *,
        drain: float = 0,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamManager, None]:
        """Talk: give the session the sound of `audio_stream`, and yield a stream for each item of the conversation.

        Sound is mono PCM16 at 24 kHz both ways, whatever goes over the wire. `audio_callback` may be async or not; a
        player (`realtime_sdk.audio.devices.Speaker`) in its place is cut off where it was heard when the user speaks.
        It ends when `audio_stream` does; with `drain` (seconds) what was said is committed first, and answers are
        waited for that long. Connects if that was not done. Streams end whatever happens, errors are raised here.
        """
        if self._is_talking:
            raise RuntimeError("this Kani is in a full-duplex conversation already")
        self._is_talking = True
        try:
            if not self.is_connected:
                await self.connect()
            await self.engine.make_equal(
                [*self.always_included_messages, *self.chat_history], self.get_enabled_functions()
            )
            talk = Conversation(self, self.engine, audio_callback, drain_s=drain)
            try:
                talk.begin(audio_stream)
                while (stream := await talk.next()) is not None:
                    yield stream
            finally:
                await talk.end()
        finally:
            self._is_talking = False
