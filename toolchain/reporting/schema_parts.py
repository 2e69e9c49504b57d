"""What several parts of the schema share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Versions = dict[str, str]


class Strict(BaseModel):
    """A JSON object without keys that the schema does not know."""

    model_config = ConfigDict(extra="forbid")
