"""The base of the 2024 models: written and changed by people, so plain pydantic and open to both.

Not a `WireModel`: these go out through the beta dialect's tables, which alone know what each field is called today.
"""

from pydantic import BaseModel, ConfigDict

__all__ = ["SeedModel"]


class SeedModel(BaseModel):
    """A model of the 2024 reference, as strict as it was. Fields that it does not have are kept and sent as given."""

    model_config = ConfigDict(extra="allow")
