"""Every sentence of the app that does not depend on a result."""

import os

TITLE = "adapp: visual anomaly detection"

CHECKPOINTS = {
    "open": "Open: usable in a plant",
    "research": "Research: evaluation only",
}
CHECKPOINT_LICENCES = {
    "open": (
        "Trained only on permissively licensed pictures and on what the project renders: "
        "results may be used in a plant."
    ),
    "research": (
        "Trained on all data, some of it non-commercial: for evaluation and demonstration only, "
        "not for use in a plant."
    ),
}

STALE = "Settings changed: this is the result of the earlier settings. Run again to update it."
EARLIER = "Running: until the first new result is there, this is the earlier one."
DROPPED = (
    "This result is no longer held (it expired or made room for others). Run the inspection again."
)
GOOD_ALREADY = "This picture is among the normal ones already."
TILES_HINT = (
    "Cuts large pictures into tiles that are inspected one by one: slower, but what is small "
    "is not lost."
)
DEFECT_HINT = (
    "No defective part at hand? Draw a scratch or a stain on a good one and see whether it is "
    "found. The picture itself is not changed."
)
DEFECT_NEEDS_NORMAL = "Add a normal part first (box 1); it is the ground to draw on."
DEFECT_EMPTY = "Press Start from normal 1, draw on the picture, then use it as a query."
PACE_UNKNOWN = "This method has not run here yet: the first run tells how long it takes."
PACE_TUNING = " and the tuning on top"
PACE_FROM = "by what this machine took last."
SPEED_UNKNOWN = "not yet measured, it has not run since the start"
NO_CHECKPOINT = (
    "None ships for the embedded encoder: it runs its training-free variant, as its name says."
)
NOT_MEASURED = "Not measured here; nothing is guessed. To measure it:"
OWN_INTRO = (
    "Percent, mean over the categories. The family of each category was left out of all training; "
    "what was chosen on its pictures all the same stands in the method's README. Only figures of "
    "one table can be compared."
)
BENCHMARK_INTRO = """
**Published figures, and ours beside them.** The papers' methods run on other encoders and partly on
training data that is not free; ours run on the small embedded encoder. What was not measured has no
figure.
"""
API_INTRO = """
Every program below runs as it stands, with `good_1.png`, `good_2.png` and `part.png` beside it. The
endpoints are `/methods`, `/detect`, `/compare`, `/calibrate`, `/explain` and `/export`; the scores
are those of the page.
"""
MCP_OFF = """
**Agents.** Start the app with `ADAPP_MCP=1` (and `pip install "gradio[mcp]"`) and the same
endpoints become MCP tools, which take pictures as text. It is off now.
"""
MCP_ON = """
**Agents.** The same endpoints are MCP tools at this address. A picture is a text: the file itself
as `data:image/png;base64,...`, or the address of a file uploaded to this app.
"""


def mcp_asked() -> bool:
    """Return whether ``ADAPP_MCP`` turns the endpoints into MCP tools."""
    return os.environ.get("ADAPP_MCP", "").lower() in {"1", "true", "yes", "on"}


STOPPED_EMPTY = "Stopped before the first picture was inspected. Press Run to start again."
WAITING = "Waiting for the model"
PREPARED = "This machine inspected the example when the app started. Run inspection repeats it now."

NORMAL_HINT = "Pictures of good parts, 1 to 16. Four or more calibrate the threshold."
NORMAL_HINT_OPTIONAL = (
    "May stay empty: {method} works without good pictures. Four or more calibrate the threshold."
)
QUERY_HINT = "Up to 32. PNG, JPEG, BMP, TIFF or WebP, any bit depth, 20 MB each."
PART_EXAMPLE = "for example metal plate"
PART_IN_PROMPTS = (
    'Say what the part is: {method} compares pictures with words about it. Empty means "{unnamed}".'
)
PART_AS_LABEL = "A label for the results; {method} does not use it. May stay empty."
NEEDS_SUPPORT = "Needs pictures of good parts to compare with."
CALIBRATES_ONLY = "Works without good pictures; those given only calibrate the threshold."
SUPPORT_OPTIONAL = "Works without good pictures; with them it compares too."
VARIANT = "{variant}, checkpoint {checkpoint}"
VARIANT_OF_FILE = "checkpoint {checkpoint}, in the variant it was trained as"
VARIANT_OPEN = (
    "{variant} with checkpoint {checkpoint} where the preset {preset} has one, else {bare} "
    "(nothing trained)"
)
TUNE_HINT = (
    "Adapts the method to the normal parts first, in seconds to a minute. Switch it off and the "
    "untuned result comes back."
)
NO_TUNING = "{method} learns nothing from normal parts, so there is nothing to tune."

WEIGHT_LABEL = "Residual weight (eta)"
WEIGHT_OWN = "{own:.2f} is the method's own: fused = base + {own:.2f} x residual."
WEIGHT_MOVED = (
    "Moved by you from {own:.2f}: map, overlay, regions and exports use {now:.2f}. The picture's "
    "score, its verdict and the calibrated thresholds stay those of {own:.2f}."
)

NEED_QUERY = "Add at least one picture to inspect (box 2), or click an example."
NEED_SUPPORT = "{method} compares with normal parts. Add 1 to 16 pictures of good parts (box 1)"
OR_ZERO_SHOT = ", or choose {other}, which needs none"
NO_METHOD = "Method {method} does not exist. Choose one of: {known}."
TOO_MANY_SUPPORT = "The app takes up to {most} normal pictures, here are {count}. Remove some."
TOO_MANY_QUERY = (
    "The app inspects up to {most} pictures at once, here are {count}. Remove some, or use "
    "`python -m adapp detect` for whole folders."
)
TOO_LARGE = (
    "These pictures have {size:.0f} megapixels together; the app takes up to {most:.0f} per run. "
    "Inspect fewer at once, or use `python -m adapp detect`."
)

BATCH_HINT = (
    "Inspects many pictures with the method and the normal parts of the Inspect tab. Folders of "
    "any size: `python -m adapp batch`, which also goes on where it was interrupted."
)
BATCH_ENDED = "{done} of {total} inspected in {seconds}."
BATCH_STOPPED = "Stopped: {done} of {total} inspected and kept."
BATCH_DROPPED = "This batch is no longer held. Run it again."
BATCH_EMPTY = "Add pictures or a folder first."
BATCH_TOO_MANY = (
    "The app takes up to {most} pictures in a batch, here are {count}. Use `python -m adapp batch` "
    "for more."
)
BATCH_TOO_LARGE = (
    "These pictures have {size:.0f} megapixels together; a batch in the app takes up to "
    "{most:.0f}. Use `python -m adapp batch` for more."
)

COMPARE_HINT = (
    "Runs the chosen methods on the pictures of the Inspect tab and shows them on one scale: the "
    "share of your own normal pixels below a value. Or click an example."
)
COMPARE_STOPPED = "Stopped: {done} method(s) finished and kept."
COMPARISON_DROPPED = (
    "This comparison is no longer held (it expired or made room for others). Press Compare again."
)
NO_TILES_HERE = (
    "Only Inspect cuts pictures into tiles. Switch tiling off there (box 3), then start again."
)
NO_METHOD_CHOSEN = "No method is chosen. Tick at least one to compare."
TRUTH_HINT = (
    "Name a mask like its picture with _mask at the end; any value above 0 is defect. It stays in "
    "this session."
)
TRUTH_READ = "Read: {names}. The figures stand in the table, in percent."

KNOWLEDGE_HINT = (
    "The pages that answers of the Why panel cite: what a defect looks like, where it comes from, "
    "what follows and what to check. No page decides a verdict."
)
ANY = "any"
NO_PAGE_FITS = "No page fits. Use other words, or set object and defect type back to any."
CHOOSE_PAGE = "Choose a page to read it here. Arrow keys move through the list, Enter opens."
PICTURE_PAGE = "This page is a picture; no text could be read from it."
NO_OWN_PAGE = (
    "None yet. Markdown, text, PDF or pictures; they stay in this session, are marked as not "
    "checked, and are only ever quoted."
)
PAGES_ADDED = "Pages added: {count}."
PAGES_KNOWN = "These pages are here already."
PAGE_GONE = "This page is no longer there: it was removed."

PRIVACY = """
**Your pictures stay on this machine.** The app makes no request that leaves it, keeps no history
and no usage figures. Uploaded files lie in a temporary folder under a hash of their content and
are deleted after an hour; whoever knows a file's full address and can reach this server can open
it until then, and two people who upload the same bytes share one file. Results live in your
session only, are dropped half an hour after their last use, and make room for others when memory
is short.
"""

READING = """
**Unlikeness is not a probability.** A score says how unlike the normal pictures a part is, on the
scale of the method. The threshold follows from the normal pictures themselves: each is scored as
if it were unknown, and the largest such score plus a margin is the limit. Few normal pictures make
a rough limit; add more, or move the threshold by hand. Without any, the threshold is a general one
of the method: it was set on training data and knows nothing of your parts.
"""

WEIGHTS = """
**Published encoders.** The `paper` preset runs each method on the encoder it was published with.
Its weights are not part of adapp. This button fetches them from the model hub into the cache of the
machine that runs the app, and is the only thing in the app that reaches out.
"""
WEIGHTS_COMING = "Fetching the published weights of {method}; this can take minutes."
WEIGHTS_HERE = "The published weights of {method} are on this machine. Restart with preset `paper`."
