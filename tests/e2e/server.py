"""An app for browser tests: the real pages and queues over a detector that costs nothing.

Run as ``python -m tests.e2e.server PORT FOLDER``; with ``prepared`` behind, the first example's
result is made at the start, otherwise its card runs like any other. Through files in FOLDER a test
sees every prediction (one line each in ``predictions``), lets only so many pass (the number in
``gate``) and makes the next ones fail like a bug (``break``). A language model that does not exist
writes what stands in ``answer``; an answer waits before its last sentence while ``hold`` is there.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image

from adapp.core.reasoner import Explanation, ReasoningUpdate, TokenCount, never
from adapp.methods.registry import METHODS
from adapp.reasoning.checks import review
from adapp.reasoning.choose import Choice
from adapp.reasoning.evidence import EvidenceReasoner
from adapp.services.examples import Example
from adapp.services.pool import DetectorPool
from adapp.ui.app_services import app_services
from adapp.ui.blocks import build_app, launch_settings
from tests.e2e.notes import read
from tests.fakes import FAKE_METHODS, FakeLoader, part
from tests.pages import explainer

POLL_SECONDS = 0.01
SHAPE = (72, 96)
DEFECT = (20, 30, 34, 52)  # row 0, column 0, row 1, column 1


class Watched(list):
    """The fake's record of its predictions, kept in files that a test reads and writes."""

    def __init__(self, folder):
        super().__init__()
        self._folder = folder

    def append(self, shape):
        if (self._folder / "break").exists():
            message = "a bug that a test planted"
            raise RuntimeError(message)
        with (self._folder / "predictions").open("a") as log:
            log.write(f"{shape}\n")
        while not self._open():
            time.sleep(POLL_SECONDS)

    def _open(self):
        allowed = read(self._folder / "gate")
        made = len((self._folder / "predictions").read_text().splitlines())
        return allowed is None or made <= int(allowed)


class WatchedLoader(FakeLoader):
    """Loads fakes whose predictions a test can watch and hold."""

    def __init__(self, folder):
        super().__init__()
        self._watched = Watched(folder)

    def __call__(self, name, **options):
        return replace(super().__call__(name, **options), predictions=self._watched)


class WatchedReasoner(EvidenceReasoner):
    """The evidence report, or the words that a test wrote down, checked like a model's."""

    def __init__(self, folder):
        self._folder = folder

    def stream(self, request, stop=never):
        scripted = read(self._folder / "answer")
        if scripted is not None:
            yield from self._scripted(request, scripted)
            return
        updates = list(super().stream(request))
        for number, update in enumerate(updates):
            while number == len(updates) - 2 and (self._folder / "hold").exists():
                if stop():
                    return
                time.sleep(POLL_SECONDS)
                yield updates[number - 1]
            yield update

    def _scripted(self, request, text):
        checked = review(text, request)
        yield ReasoningUpdate(
            checked.text,
            Explanation(
                text=checked.text,
                source="local_model",
                model="a model of the test's own",
                cited=checked.cited,
                seconds=0.1,
                tokens=TokenCount(100, 10),
                flags=checked.flags,
            ),
        )


def plate(number, defect=None):
    """Return a part, RGB [72, 96, 3]; ``defect`` is a box that is a little too bright."""
    image = part(number, *SHAPE)
    if defect is not None:
        row0, column0, row1, column1 = defect
        image[row0:row1, column0:column1] += 45
    return image


def cards(folder):
    """Return two examples whose pictures are written to ``folder``."""
    folder.mkdir()

    def save(name, image):
        Image.fromarray(image).save(folder / name)
        return folder / name

    normal = tuple(save(f"good_{number}.png", plate(number)) for number in range(4))
    defective = (save("scratched.png", plate(7, DEFECT)), save("sound.png", plate(8)))
    return (
        Example("scratched", "Scratched", "One of two.", "plate", normal, defective, "Drawn."),
        Example("sound", "Sound", "No defect.", "plate", normal, defective[1:], "Drawn."),
    )


def main(port, folder, prepare):
    METHODS.update(FAKE_METHODS)
    (folder / "predictions").touch()
    services = app_services(
        "tiny",
        pool=DetectorPool(WatchedLoader(folder)),
        cards=cards(folder / "cards"),
        explainer=explainer(reasoner=Choice(WatchedReasoner(folder), "A test asked for it.")),
        prepare=prepare,
    )
    services.warm_up.start()
    services.warm_up.wait(600)
    build_app(services).launch(server_port=port, **launch_settings())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), prepare="prepared" in sys.argv[3:])
