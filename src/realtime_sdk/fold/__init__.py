"""How truth is made: record → events → state, in one direction. Live sessions and replays read by this alone."""

from realtime_sdk.fold.reader import Reader
from realtime_sdk.fold.replay import Fold, fold, reader_of, replay, replay_many, updates
from realtime_sdk.fold.update import Event, Update

__all__ = ["Event", "Fold", "Reader", "Update", "fold", "reader_of", "replay", "replay_many", "updates"]
