"""What `kani.ext.realtime` gives: re-exports only. The build puts this folder there; here nothing imports it."""

from realtime_sdk.kani.facade import *  # noqa: F403
from realtime_sdk.kani.facade import __all__ as __all__
