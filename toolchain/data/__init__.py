"""Data sets, read from what packages ship, from published files or from the user's own."""

from .events import Events, load_events
from .frames import events_to_frames, lazy_frames
from .images import Images, load_images
from .samples import Samples, load_samples
from .split import Split, load_split

__all__ = [
    "Events",
    "Images",
    "Samples",
    "Split",
    "events_to_frames",
    "lazy_frames",
    "load_events",
    "load_images",
    "load_samples",
    "load_split",
]
