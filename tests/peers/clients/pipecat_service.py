"""pipecat's `OpenAIRealtimeLLMService` between its own context aggregators, through the five tasks.

The service says nothing outside of a pipeline: each task runs one, puts in what a transport would, and watches the
frames that come out. It runs the tools, asks for answers to their outputs and cuts what was interrupted by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import told
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

RATE_HZ = 24_000
calls: list[dict[str, str]] = []


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Tell the weather in a city.

    Args:
        city: The city.
    """
    calls.append({"city": city})
    await params.result_callback(told.FORECAST)


class Sight(BaseObserver):
    """What the frames showed that the service pushed, answer by answer."""

    def __init__(self, service: OpenAIRealtimeLLMService) -> None:
        super().__init__()
        self.service = service
        self.said: list[str] = []
        self.is_done = False
        self.heard: str | None = None
        self.sound = 0
        self.interrupted = False
        self.changed = asyncio.Event()

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.source is self.service or isinstance(data.frame, InterruptionFrame):
            self.take(data.frame)
            self.changed.set()

    def take(self, frame: Frame) -> None:
        match frame:
            case LLMFullResponseStartFrame():
                self.is_done = False
                if not self.said or self.said[-1]:
                    self.said.append("")
            case LLMTextFrame():
                self.said[-1] += frame.text
            case LLMFullResponseEndFrame():
                self.is_done = True
            case TranscriptionFrame():
                self.heard = frame.text
            case TTSAudioRawFrame():
                self.sound += len(frame.audio)
            case InterruptionFrame():
                self.interrupted = self.sound > 0
            case ErrorFrame():
                raise RuntimeError(frame.error)
            case _:
                pass

    def has_answers(self, number: int) -> bool:
        """Whether so many answers were begun, and the last one has ended with words."""
        return self.is_done and len(self.said) == number and self.said[-1] != ""

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self.changed.clear()
            await self.changed.wait()

    def told(self) -> dict[str, object]:
        """Return all of it as JSON."""
        return {
            "said": self.said[-1],
            "heard": self.heard,
            "called": list(calls),
            "sound_ms": self.sound // 48,
            "interrupted": self.interrupted,
        }


async def speak(worker: PipelineWorker) -> None:
    for piece in told.pieces():
        await worker.queue_frame(InputAudioRawFrame(piece, RATE_HZ, 1))


async def text_turn(worker: PipelineWorker, sight: Sight) -> None:
    await worker.queue_frame(LLMRunFrame())
    await sight.until(lambda: sight.has_answers(1))


async def spoken_turn(worker: PipelineWorker, sight: Sight) -> None:
    await speak(worker)
    await sight.until(lambda: sight.has_answers(1) and sight.heard is not None)


async def manual_turn(worker: PipelineWorker, sight: Sight) -> None:
    await speak(worker)
    await worker.queue_frame(UserStoppedSpeakingFrame())
    await sight.until(lambda: sight.has_answers(1) and sight.heard is not None)


async def tool_round(worker: PipelineWorker, sight: Sight) -> None:
    await worker.queue_frame(LLMRunFrame())
    await sight.until(lambda: sight.has_answers(1))


async def interruption(worker: PipelineWorker, sight: Sight) -> None:
    await worker.queue_frame(LLMRunFrame())
    await sight.until(lambda: sight.sound > 0)
    await speak(worker)
    await sight.until(lambda: sight.interrupted and sight.has_answers(2) and sight.heard is not None)


Task = Callable[[PipelineWorker, Sight], Awaitable[None]]
TASKS: dict[Task, str | None] = {
    text_turn: told.QUESTION,
    spoken_turn: None,
    manual_turn: None,
    tool_round: told.WEATHER,
    interruption: told.STORY,
}
"""The tasks, and what is written to the assistant before they begin."""


def service_for(task: Task) -> OpenAIRealtimeLLMService:
    hearing = events.AudioInput(
        transcription=events.InputAudioTranscription(model="gpt-4o-transcribe"),
        turn_detection=False if task is manual_turn else events.TurnDetection(),
    )
    session = events.SessionProperties(audio=events.AudioConfiguration(input=hearing))
    settings = OpenAIRealtimeLLMService.Settings(model=told.MODEL, session_properties=session)
    return OpenAIRealtimeLLMService(api_key="sk-none", base_url=told.URL, settings=settings)


async def hold(task: Task, text: str | None) -> dict[str, object]:
    """Run one pipeline with one session; return what was seen."""
    messages: list[Any] = [] if text is None else [{"role": "user", "content": text}]
    tools: Any = {"tools": [get_weather]} if task is tool_round else {}
    aggregators = LLMContextAggregatorPair(LLMContext(messages, **tools))
    service = service_for(task)
    sight = Sight(service)
    worker = PipelineWorker(
        Pipeline([aggregators.user(), service, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ),
        observers=[sight],
        enable_rtvi=False,
    )

    @worker.event_handler("on_pipeline_started")
    async def begin(_: object, __: object) -> None:
        while not service._api_session_ready:  # noqa: ASYNC110 - it has no event for it, and sound may not come before
            await asyncio.sleep(0.01)
        await task(worker, sight)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    return sight.told()


async def main() -> None:
    logger.remove()
    seen: dict[str, object] = {}
    for task, text in TASKS.items():
        calls.clear()
        seen[task.__name__] = await hold(task, text)
    told.report(seen)


asyncio.run(main())
