"""The app's look: a quiet neutral ground, one accent, so that the pictures carry the colour."""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent
STYLE_SHEETS = (
    _HERE / "style.css",
    _HERE / "workbench.css",
    _HERE / "why.css",
    _HERE / "pages.css",
)

_ACCENT = gr.themes.Color(
    c50="#eef5fa",
    c100="#d8e8f3",
    c200="#b3d1e6",
    c300="#84b5d5",
    c400="#5796bf",
    c500="#2f78a6",
    c600="#1f628d",
    c700="#194f73",
    c800="#163f5c",
    c900="#12324a",
    c950="#0b2132",
    name="adapp",
)
_NEUTRAL = gr.themes.Color(
    c50="#f7f8f9",
    c100="#eff1f3",
    c200="#dfe3e7",
    c300="#c6ccd2",
    c400="#98a2ac",
    c500="#6b7681",
    c600="#4d5761",
    c700="#363f48",
    c800="#20262c",
    c900="#171c21",
    c950="#101418",
    name="adapp-neutral",
)

_VALUES = {
    "body_background_fill": "*neutral_100",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color_subdued": "*neutral_600",
    "background_fill_primary": "#ffffff",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "*neutral_950",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "*neutral_900",
    "block_border_width": "1px",
    "block_border_color": "*neutral_200",
    "block_border_color_dark": "*neutral_800",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "*neutral_800",
    "block_shadow": "none",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_label_border_width_dark": "0px",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_400",
    "block_title_text_color": "*neutral_700",
    "block_title_text_color_dark": "*neutral_300",
    "block_title_text_weight": "600",
    "block_title_text_size": "*text_sm",
    "block_info_text_color": "*neutral_500",
    "block_info_text_color_dark": "*neutral_400",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_dark": "*primary_500",
    "button_primary_background_fill_hover_dark": "*primary_600",
    "button_primary_text_color": "#ffffff",
    "button_secondary_background_fill": "#ffffff",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover_dark": "*neutral_700",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_700",
    "button_border_width": "1px",
    "button_large_text_weight": "600",
    "button_small_text_weight": "500",
    "button_transition": "background-color 120ms ease, border-color 120ms ease",
    "input_background_fill": "#ffffff",
    "input_background_fill_dark": "*neutral_950",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "*neutral_700",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_dark": "transparent",
    "checkbox_label_background_fill_hover": "*neutral_100",
    "checkbox_label_background_fill_hover_dark": "*neutral_800",
    "checkbox_label_background_fill_selected": "*primary_50",
    "checkbox_label_background_fill_selected_dark": "*neutral_800",
    "checkbox_label_border_width": "1px",
    "checkbox_label_border_color": "*neutral_200",
    "checkbox_label_border_color_dark": "*neutral_700",
    "checkbox_label_border_color_selected": "*primary_400",
    "checkbox_label_border_color_selected_dark": "*primary_500",
    "slider_color": "*primary_500",
    "slider_color_dark": "*primary_400",
    "panel_border_width": "0px",
    "layout_gap": "14px",
    "form_gap_width": "0px",
}
"""What differs from gradio's base theme; names that end in ``_dark`` hold for the dark mode."""


def theme() -> gr.themes.Base:
    """Return the theme; its fonts are files that gradio itself serves."""
    base = gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_NEUTRAL,
        text_size=gr.themes.sizes.text_md,
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_md,
        font=(_font("IBM Plex Sans"), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(_font("IBM Plex Mono"), "ui-monospace", "monospace"),
    )
    return base.set(**_VALUES)


def _font(name: str) -> gr.themes.LocalFont:
    """Return a bundled font; gradio's semi-bold files lack most letters, so bold stands in."""
    return gr.themes.LocalFont(name, weights=(400, 700))
