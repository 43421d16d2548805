"""Pictures in: the public door to the one loader of the app, the commands and the data sets.

``load_image`` takes one file, ``load_run`` the support and query files of a run, which share one
intensity window. Every file ends in one of three ways: accepted, accepted with ``flags`` that
may change a verdict, or refused with ``BadImage`` (in a run: a ``Rejection``). The steps are in
``headers`` (content and limits), ``decode`` and ``deep`` (pixels), ``window`` (deep samples),
``picture`` (one file) and ``intake`` (one run).
"""

from adapp.data.intake import MAX_RUN_PIXELS, Intake, Rejection, RunReader, load_run
from adapp.data.paths import PICTURE_SUFFIXES, expand_paths, safe_name
from adapp.data.picture import LoadedImage, inspect_file, load_image, measure_samples
from adapp.data.window import Window

__all__ = [
    "MAX_RUN_PIXELS",
    "PICTURE_SUFFIXES",
    "Intake",
    "LoadedImage",
    "Rejection",
    "RunReader",
    "Window",
    "expand_paths",
    "inspect_file",
    "load_image",
    "load_run",
    "measure_samples",
    "safe_name",
]
