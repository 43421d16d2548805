"""The pool loads once, whoever asks, and keeps only what was used last."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from adapp.core.detector import SupportSet
from adapp.core.errors import Cancelled
from adapp.services.pool import DetectorKey, DetectorPool, content_hash
from tests.fakes import FakeFitted, FakeLoader, part

KEY = DetectorKey(method="raid", preset="tiny")


def support(*numbers, category="plate"):
    return SupportSet(category, [part(number) for number in numbers])


def silent(*_):
    return None


def test_nothing_is_loaded_before_it_is_asked_for():
    loader = FakeLoader()
    DetectorPool(loader)
    assert loader.loaded == []


def test_detector_is_loaded_once_with_the_options_of_its_key():
    loader = FakeLoader()
    pool = DetectorPool(loader)
    key = replace(KEY, checkpoint="research", variant="retrieval", size=224, seed=3)
    assert pool.detector(key) is pool.detector(key)
    assert loader.loaded == [("raid", "tiny", "research", "retrieval", 224, 3)]


def test_pool_tells_what_it_holds_and_builds_nothing_for_it():
    loader = FakeLoader()
    pool = DetectorPool(loader)
    assert not pool.loaded(KEY)
    assert not pool.learned(KEY, support(1))
    assert loader.loaded == []
    pool.detector(KEY)
    assert pool.loaded(KEY)
    assert not pool.learned(KEY, support(1))
    pool.fitted(KEY, support(1))
    assert pool.learned(KEY, support(1))
    assert not pool.learned(KEY, support(2))


def test_threads_that_ask_at_once_share_one_load():
    entered = threading.Event()
    release = threading.Event()

    class Slow(FakeLoader):
        def __call__(self, name, **options):
            entered.set()
            assert release.wait(10)
            return super().__call__(name, **options)

    loader = Slow()
    pool = DetectorPool(loader)
    with ThreadPoolExecutor(8) as executor:
        running = [executor.submit(pool.detector, KEY) for _ in range(8)]
        assert entered.wait(10)
        release.set()
        found = {id(future.result(10)) for future in running}
    assert len(found) == 1
    assert len(loader.loaded) == 1


def test_one_slow_load_does_not_hold_up_another_method():
    release = threading.Event()

    class Slow(FakeLoader):
        def __call__(self, name, **options):
            if name == "slow":
                assert release.wait(10)
            return super().__call__(name, **options)

    pool = DetectorPool(Slow())
    with ThreadPoolExecutor(2) as executor:
        waiting = executor.submit(pool.detector, replace(KEY, method="slow"))
        assert executor.submit(pool.detector, KEY).result(10).name == "raid"
        assert not waiting.done()
        release.set()
        assert waiting.result(10).name == "slow"


def test_failed_load_is_tried_again():
    class Flaky(FakeLoader):
        def __call__(self, name, **options):
            if not self.loaded:
                self.loaded.append("failed")
                raise OSError
            return super().__call__(name, **options)

    pool = DetectorPool(Flaky())
    with pytest.raises(OSError):  # noqa: PT011  # any: the pool passes it on
        pool.detector(KEY)
    assert pool.detector(KEY).name == "raid"


def test_equal_pictures_share_a_fitted_detector_and_others_do_not():
    pool = DetectorPool(FakeLoader())
    first = pool.fitted(KEY, support(0, 1))
    assert pool.fitted(KEY, support(0, 1)) is first
    assert pool.fitted(KEY, support(1, 0)) is not first
    assert pool.fitted(KEY, support(0, 1, category="bolt")) is not first
    assert pool.fitted(replace(KEY, seed=1), support(0, 1)) is not first


def test_fitted_detectors_are_bounded_and_the_oldest_goes_first():
    loader = FakeLoader()
    pool = DetectorPool(loader, max_fitted=2)
    kept, dropped = support(0), support(1)
    first = pool.fitted(KEY, kept)
    pool.fitted(KEY, dropped)
    assert pool.fitted(KEY, kept) is first  # now the one used last
    pool.fitted(KEY, support(2))
    assert pool.fitted(KEY, kept) is first
    assert len(loader.detectors[0].fits) == 3
    pool.fitted(KEY, dropped)
    assert len(loader.detectors[0].fits) == 4


def test_detectors_are_bounded():
    loader = FakeLoader()
    pool = DetectorPool(loader, max_detectors=1)
    pool.detector(KEY)
    pool.detector(replace(KEY, seed=1))
    pool.detector(KEY)
    assert len(loader.loaded) == 3


def test_tuned_and_untuned_are_kept_apart_and_both_are_kept():
    pool = DetectorPool(FakeLoader())
    tuned = pool.tuned(KEY, support(0), silent)
    assert tuned.tuned
    assert not pool.fitted(KEY, support(0)).tuned
    assert pool.tuned(KEY, support(0), silent) is tuned


def test_cancelled_tuning_is_not_kept():
    pool = DetectorPool(FakeLoader())

    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        pool.tuned(KEY, support(0), stop)
    assert pool.tuned(KEY, support(0), silent).tuned


def test_calibration_is_computed_once_for_each_fitted_detector():
    computed = []

    class Counting(FakeFitted):
        def calibration(self):
            computed.append(len(self.support))
            return super().calibration()

    pool = DetectorPool(FakeLoader(), max_fitted=1)
    detector = pool.detector(KEY)
    first = Counting(detector, "plate", (part(0), part(1)))
    second = Counting(detector, "plate", (part(0),))
    assert pool.calibration(first) is pool.calibration(first)
    assert pool.calibration(second).n_normals == 1
    assert pool.calibration(first).n_normals == 2
    assert computed == [2, 1, 2]


def test_waiting_for_another_fit_can_be_cancelled():
    entered, release = threading.Event(), threading.Event()

    class Slow(FakeLoader):
        def __call__(self, name, **options):
            entered.set()
            assert release.wait(10)
            return super().__call__(name, **options)

    pool = DetectorPool(Slow())
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(pool.fitted, KEY, support(0))
        assert entered.wait(10)
        with pytest.raises(Cancelled):
            pool.fitted(KEY, support(0), lambda: True)
        release.set()
        assert isinstance(running.result(10), FakeFitted)


def test_waiting_for_another_tuning_can_be_cancelled():
    entered, release = threading.Event(), threading.Event()

    def hold(*_):
        entered.set()
        assert release.wait(10)

    def stop(stage, *_):
        assert stage.startswith("Waiting")
        raise Cancelled

    pool = DetectorPool(FakeLoader())
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(pool.tuned, KEY, support(0), hold)
        assert entered.wait(10)
        with pytest.raises(Cancelled):
            pool.tuned(KEY, support(0), stop)
        release.set()
        assert running.result(10).tuned


def test_hash_sees_every_pixel_the_shape_and_the_category():
    image = part(0, height=6, width=8)
    changed = image.copy()
    changed[5, 7, 2] ^= 1
    hashes = {
        content_hash(SupportSet(category, [pixels]))
        for category, pixels in [
            ("plate", image),
            ("plate", changed),
            ("plate", image.reshape(8, 6, 3)),
            ("bolt", image),
        ]
    }
    assert len(hashes) == 4
    assert content_hash(SupportSet("plate", [np.asfortranarray(image)])) in hashes
