"""A comparison over the fake detectors, for tests of what is made of it."""

from adapp.services.comparison import CompareRequest, compare, drain_comparison
from adapp.services.pool import DetectorPool
from tests.fakes import FakeLoader

METHODS = ("raid", "h2vlr", "kanoclip")


def request_for(support, query, **changes):
    options = {
        "methods": METHODS,
        "preset": "tiny",
        "checkpoint": "open",
        "category": "plate",
        "support": tuple(support),
        "query": tuple(query),
        **changes,
    }
    return CompareRequest(**options)


def compared(support, query, loader=None, **changes):
    """Return the finished comparison of the fakes."""
    pool = DetectorPool(loader or FakeLoader())
    return drain_comparison(compare(request_for(support, query, **changes), pool))
