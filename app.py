"""Start the app: ``python app.py``; the same as ``python -m adapp serve`` with defaults."""

from adapp.core.allocator import keep_freed_memory
from adapp.ui.blocks import launch

if __name__ == "__main__":
    keep_freed_memory()
    launch()
