"""The Gradio application; the only importer of gradio."""
