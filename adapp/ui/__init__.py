"""The Gradio application; the only importer of gradio.

Gradio reads its analytics switch when it is imported, so it is set here, before any module of
this package can import gradio: the app makes no request that leaves the machine.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
