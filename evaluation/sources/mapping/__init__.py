"""An agency's own extract as contract tables, by one file of rules and no code."""

from evaluation.sources.mapping.draft import Draft, draft_mapping
from evaluation.sources.mapping.rules import Mapping, read_mapping

__all__ = ["Draft", "Mapping", "draft_mapping", "read_mapping"]
