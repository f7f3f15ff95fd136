"""Items that are still being said: deltas kept as they came, folded into the item when someone looks.

Most events are deltas, and most deltas are never looked at one by one. So a delta costs one append; the
item is made from them once, when it is read or when it is settled. The result is the same either way.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from realtime_sdk.state.values import Item, Part, TranscriptSegment, evolve

__all__ = [
    "Draft",
    "Entry",
    "How",
    "Live",
    "add_arguments",
    "add_audio",
    "add_text",
    "add_transcript",
    "close_part",
    "end_arguments",
    "end_text",
    "end_transcript",
    "folded",
    "hear",
    "hear_speaker",
    "heard_whole",
    "not_heard",
    "open_part",
]

How: TypeAlias = Callable[["ItemWriter", int, list[Any]], None]
Entry: TypeAlias = tuple[How, int, Any, int]
"""(how, content index, what, number): one delta, kept until it is folded. `how` takes a whole run of whats at once;
the number is its place among all deltas of the live half that it was said in."""
_number: Final = itemgetter(3)


class Draft:
    """The deltas of one live item, shared by all states that were true since it began: each reads as far as it goes.

    `of_ended` tells that the item had ended when the draft began: only its transcription goes on.
    """

    __slots__ = ("_read", "entries", "of_ended")

    def __init__(self, entries: Iterable[Entry] = (), *, of_ended: bool = False) -> None:
        self.entries = list(entries)
        self.of_ended = of_ended
        self._read: tuple[int, Item] | None = None

    def until(self, said: int) -> int:
        """How many of the entries have a number below `said`."""
        entries = self.entries
        length = len(entries)  # once, since in a thread they become more while they are counted
        if not length or entries[length - 1][3] < said:
            return length
        return bisect_left(entries, said, key=_number)

    def read(self, item: Item, said: int, last: Entry | None = None) -> Item:
        """`item` with what was said of it below the number `said`. What was folded once is not folded again.

        A `last` entry, which nobody else sees, is folded in behind it.
        """
        length, read = self.until(said), self._read
        done, partly = (0, item) if read is None or read[0] > length else read
        if last is not None:
            return folded(partly, (*self.entries[done:length], last))
        if done < length:
            partly = folded(partly, self.entries[done:length])
            self._read = (length, partly)
        return partly

    def copy(self, said: int) -> "Draft":
        """A draft of its own with what was said below the number `said`."""
        return Draft(self.entries[: self.until(said)], of_ended=self.of_ended)


class Live:
    """The drafts of all live items. States share it, and each knows how many deltas had been `said` when it was true.

    So a delta costs one append. Whoever goes on from an older state gets drafts of their own.
    """

    __slots__ = ("drafts", "said")

    def __init__(self, drafts: dict[str, Draft], said: int) -> None:
        self.drafts: Final = drafts
        self.said = said
        """How many deltas there are; -1 once its drafts have gone over to another."""

    def own(self, said: int) -> "Live":
        """This one if nothing was said after the number `said`, else a copy that ends there."""
        return self if self.said == said else Live({key: one.copy(said) for key, one in self.drafts.items()}, said)

    def without(self, item_id: str, said: int) -> "Live":
        """The same drafts but for one."""
        own = self.own(said)
        own.said = -1
        return Live({key: draft for key, draft in own.drafts.items() if key != item_id}, said)

    def beginning(self, item_id: str, draft: Draft, said: int) -> "Live":
        """The same drafts and one more."""
        own = self.own(said)
        own.said = -1
        return Live({**own.drafts, item_id: draft}, said)


def folded(item: Item, entries: Iterable[Entry]) -> Item:
    """`item` with `entries` folded in."""
    writer = ItemWriter(item)
    run: list[Any] = []
    running: How | None = None
    at = 0
    for how, index, what, _ in entries:
        if how is running and index == at:
            run.append(what)
            continue
        if running is not None:
            running(writer, at, run)
        running, at, run = how, index, [what]
    if running is not None:
        running(writer, at, run)
    return writer.item()


class PartWriter:
    """One part while deltas are folded into it. Made from a part it wrote, it goes on as if it had never stopped."""

    __slots__ = ("audio_bytes", "bytes_per_ms", "end", "final", "part", "seed", "spoken", "streamed")

    def __init__(self, part: Part, bytes_per_ms: int) -> None:
        self.part = part
        self.final = part.final
        self.end: str | None = None
        self.audio_bytes = part.audio_bytes
        self.bytes_per_ms = part.bytes_per_ms if part.audio_bytes else bytes_per_ms
        self.spoken = list(part.spoken)
        self.seed, streamed = part.streamed or (_words(part) or "", "")
        self.streamed = [streamed]

    def speak(self, text: str) -> None:
        """Marks where in the audio the text begins; texts without audio between them are one."""
        if self.spoken and self.spoken[-1][1] == self.audio_bytes:
            self.spoken[-1] = (self.spoken[-1][0] + text, self.audio_bytes)
        else:
            self.spoken.append((text, self.audio_bytes))

    def result(self) -> Part:
        """The part with everything folded in."""
        return evolve(
            self.part,
            **self._text(),
            final=self.final,
            audio_bytes=self.audio_bytes,
            bytes_per_ms=self.bytes_per_ms,
            spoken=tuple(self.spoken),
        )

    def _text(self) -> dict[str, object]:
        field = "transcript" if _speaks(self.part) else "text"
        if self.end is not None:
            return {field: self.end, "streamed": None}
        streamed = "".join(self.streamed)
        if self.final or not streamed:
            return {}
        return {field: _joined(self.seed, streamed), "streamed": (self.seed, streamed)}


class ItemWriter:
    """One item while deltas are folded into it."""

    __slots__ = ("_arguments", "_arguments_end", "_item", "parts")

    def __init__(self, item: Item) -> None:
        self._item = item
        self.parts: dict[int, PartWriter] = {}
        self._arguments: list[str] = []
        self._arguments_end: str | None = None

    def part(self, index: int, kind: str) -> PartWriter:
        """The writer of the part at `index`, which is taken to be of `kind` if it was not opened."""
        writer = self.parts.get(index)
        if writer is None:
            part = self._item.parts[index] if self._has(index) else Part(kind)
            writer = self.parts[index] = PartWriter(part, self._item.bytes_per_ms)
        return writer

    def replace(self, index: int, part: Part) -> None:
        """Puts `part` at `index` if nothing is there yet."""
        if index not in self.parts and not self._has(index):
            self.parts[index] = PartWriter(part, self._item.bytes_per_ms)

    def _has(self, index: int) -> bool:
        parts = self._item.parts
        return 0 <= index < len(parts) and (parts[index].type != GAP.type or parts[index].unknown is not None)

    def argue(self, text: str) -> None:
        """Adds to the arguments of a call."""
        self._arguments.append(text)

    def end_arguments(self, text: str) -> None:
        """Sets the arguments of a call for good."""
        self._arguments_end = text

    def item(self) -> Item:
        """The item with everything folded in."""
        changes: dict[str, object] = {}
        if self.parts:
            changes["parts"] = self._all_parts()
        if self._arguments_end is not None:
            changes.update(arguments=self._arguments_end, arguments_final=True)
        elif self._arguments and not self._item.arguments_final:
            changes["arguments"] = (self._item.arguments or "") + "".join(self._arguments)
        return evolve(self._item, **changes)

    def _all_parts(self) -> tuple[Part, ...]:
        length = max(len(self._item.parts), 1 + max(self.parts))
        parts = [*self._item.parts, *[GAP] * (length - len(self._item.parts))]
        for index, writer in self.parts.items():
            parts[index] = writer.result()
        return tuple(parts)


def open_part(writer: ItemWriter, index: int, parts: list[Part]) -> None:
    """A part begins; it may already have its whole text."""
    writer.replace(index, parts[0])


def close_part(writer: ItemWriter, index: int, parts: list[Part]) -> None:
    """A part ends. An empty text in the closing event takes nothing away."""
    for part in parts:
        _end(writer.part(index, part.type), _words(part) or "")


def add_text(writer: ItemWriter, index: int, texts: list[str]) -> None:
    """Written text goes on."""
    part = writer.part(index, "output_text")
    if not part.final:
        part.streamed += texts


def end_text(writer: ItemWriter, index: int, texts: list[str]) -> None:
    """Written text is whole."""
    for text in texts:
        _end(writer.part(index, "output_text"), text)


def add_transcript(writer: ItemWriter, index: int, texts: list[str]) -> None:
    """Spoken text goes on; where in the audio it stands is kept for `heard_text`."""
    part = writer.parts.get(index) or writer.part(index, "output_audio")
    if not part.final:
        part.streamed += texts
        part.speak("".join(texts) if len(texts) > 1 else texts[0])


def end_transcript(writer: ItemWriter, index: int, texts: list[str]) -> None:
    """Spoken text is whole."""
    for text in texts:
        _end(writer.part(index, "output_audio"), text)


def add_audio(writer: ItemWriter, index: int, sizes: list[int]) -> None:
    """So many bytes of audio were received."""
    part = writer.parts.get(index) or writer.part(index, "output_audio")
    part.audio_bytes += sum(sizes)


def hear(writer: ItemWriter, index: int, texts: list[str]) -> None:
    """The transcription of what the user said goes on."""
    part = writer.part(index, "input_audio")
    if not part.final:
        part.streamed += texts


def heard_whole(writer: ItemWriter, index: int, whats: list[tuple[str, tuple[str, ...]]]) -> None:
    """The transcription is whole: (transcript, languages). The last word on it wins."""
    part = writer.part(index, "input_audio")
    part.end, languages = whats[-1]
    part.final = True
    part.part = evolve(part.part, languages=languages, transcript_error=None)


def not_heard(writer: ItemWriter, index: int, reasons: list[str]) -> None:
    """The transcription failed."""
    part = writer.part(index, "input_audio")
    part.part = evolve(part.part, transcript_error=reasons[-1])


def hear_speaker(writer: ItemWriter, index: int, segments: list[TranscriptSegment]) -> None:
    """One speaker's stretch of the transcription."""
    part = writer.part(index, "input_audio")
    part.part = evolve(part.part, segments=(*part.part.segments, *segments))


def add_arguments(writer: ItemWriter, _index: int, texts: list[str]) -> None:
    """Arguments of a call go on."""
    writer.argue("".join(texts))


def end_arguments(writer: ItemWriter, _index: int, texts: list[str]) -> None:
    """Arguments of a call are whole."""
    writer.end_arguments(texts[-1])


def _end(part: PartWriter, text: str) -> None:
    if not part.final and text:
        part.end, part.final = text, True


SPOKEN: Final = frozenset({"output_audio", "input_audio", "audio"})


GAP: Final = Part("unknown")
"""Stands where a later part came before an earlier one."""


def _speaks(part: Part) -> bool:
    return part.type in SPOKEN


def _words(part: Part) -> str | None:
    return part.transcript if _speaks(part) else part.text


def _joined(seed: str, streamed: str) -> str:
    """Text that came whole with its item, and then again or going on as deltas."""
    if seed.startswith(streamed):
        return seed
    return streamed if streamed.startswith(seed) else seed + streamed
