"""The Methods tab: a card for each method, our figures, and the papers' tables beside ours."""

import gradio as gr

from adapp.services.method_cards import method_cards
from adapp.services.own_figures import own_tables
from adapp.services.paper_view import table_choices, viewed_table
from adapp.ui import methods_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.queues import AT_ONCE


def build_methods_tab(services: AppServices, tab: gr.Tab) -> None:
    """Build the content of ``tab`` inside the current ``Blocks``."""

    def cards() -> str:
        shown = "".join(
            methods_view.card_html(card, services.paces.of(card.info.name, services.preset))
            for card in method_cards()
        )
        own = methods_view.own_html(own_tables())
        return f'<div class="method-cards">{shown}</div>{own}'

    def table(name: str) -> str:
        return methods_view.table_html(viewed_table(name))

    found = gr.HTML("", elem_id="method-cards", apply_default_css=False)
    gr.Markdown(texts.BENCHMARK_INTRO)
    choices = table_choices()
    choice = gr.Dropdown(
        choices, value=choices[0][1], label="Table", filterable=False, elem_id="paper-table-choice"
    )
    shown = gr.HTML("", elem_id="paper-table", apply_default_css=False)
    tab.select(told(cards), None, found, **AT_ONCE)
    tab.select(told(table), choice, shown, **AT_ONCE)
    choice.input(told(table), choice, shown, **AT_ONCE)
