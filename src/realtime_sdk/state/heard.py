"""What a listener heard of a spoken text, given how far the audio was played.

Pure arithmetic on text and byte counts. The wire does not say which word stands where in the audio, so
the text of each transcript delta is spread evenly over the audio that came until the next one.
"""

__all__ = ["heard_text"]


def heard_text(transcript: str, spoken: tuple[tuple[str, int], ...], audio_bytes: int, heard_bytes: int) -> str:
    """The beginning of `transcript` that was heard, cut at its last whole word.

    `spoken` holds the transcript deltas, each with the bytes of audio received before it; `audio_bytes` is all
    audio received, `heard_bytes` how much of it was played. Texts without blanks are cut at the character.
    """
    if heard_bytes >= audio_bytes:
        return transcript
    if heard_bytes <= 0 or not transcript:
        return ""
    if "".join(text for text, _ in spoken).strip() != transcript.strip():
        spoken = ((transcript, 0),)
    return _whole_words(transcript, _heard_characters(_spans(spoken, audio_bytes), heard_bytes))


def _spans(spoken: tuple[tuple[str, int], ...], audio_bytes: int) -> list[tuple[int, int, int]]:
    """(characters, first byte, last byte) of each stretch of text; deltas without audio between them are one."""
    starts: list[tuple[int, int]] = []
    for text, at in spoken:
        if starts and starts[-1][1] == at:
            starts[-1] = (starts[-1][0] + len(text), at)
        else:
            starts.append((len(text), at))
    ends = [at for _, at in starts[1:]] + [audio_bytes]
    return [(count, at, end) for (count, at), end in zip(starts, ends, strict=True)]


def _heard_characters(spans: list[tuple[int, int, int]], heard_bytes: int) -> int:
    characters = 0
    for count, start, end in spans:
        if heard_bytes >= end:
            characters += count
        elif heard_bytes > start:
            characters += count * (heard_bytes - start) // (end - start)
    return characters


def _splits_a_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and not text[at - 1].isspace() and not text[at].isspace()


def _whole_words(text: str, characters: int) -> str:
    cut = text[:characters]
    if _splits_a_word(text, characters) and any(c.isspace() for c in text.strip()):
        words = cut.rsplit(maxsplit=1)
        cut = words[0] if len(words) == 2 else ""
    return cut.rstrip()
