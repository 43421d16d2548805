"""The labels of the page in English, Chinese, German and Japanese; the browser chooses."""

from html import escape

import gradio as gr

from adapp.core.reasoner import Language, Topic
from adapp.reasoning.question import QUICK_QUESTIONS

_WORDS: dict[str, tuple[str, str, str, str]] = {
    "inspect": ("Inspect", "检测", "Prüfen", "検査"),
    "compare": ("Compare", "对比", "Vergleichen", "比較"),
    "batch": ("Batch", "批量", "Stapel", "一括"),
    "knowledge": ("Knowledge", "知识", "Wissen", "知識"),
    "methods": ("Methods", "方法", "Verfahren", "手法"),
    "api": ("API", "API", "API", "API"),
    "about": ("About", "关于", "Über", "概要"),
    "normal_parts": ("1  Normal parts", "1  正常件", "1  Gutteile", "1  良品"),
    "normal_parts_optional": (
        *("1  Normal parts (optional)", "1  正常件 (可选)", "1  Gutteile (freiwillig)"),
        "1  良品 (任意)",
    ),
    "queries": ("2  Parts to inspect", "2  待检件", "2  Zu prüfende Teile", "2  検査する部品"),
    "method": ("3  Method", "3  方法", "3  Verfahren", "3  手法"),
    "part_name": ("Part name", "零件名称", "Name des Teils", "部品名"),
    "tune": (
        "Tune to these parts",
        "针对这些零件微调",
        "An diese Teile anpassen",
        "この部品に調整",
    ),
    "tiles": (
        *("Tiling for small defects", "分块检测小缺陷", "Kacheln für kleine Fehler"),
        "微小欠陥用の分割",
    ),
    "run": ("Run inspection", "开始检测", "Prüfung starten", "検査を開始"),
    "stop": ("Stop", "停止", "Anhalten", "停止"),
    "run_batch": ("Run batch", "开始批量检测", "Stapel starten", "一括検査を開始"),
    "clear": ("Clear", "清除", "Leeren", "クリア"),
    "save_set": ("Save set", "保存样本集", "Satz speichern", "セットを保存"),
    "map": ("Map", "图", "Karte", "マップ"),
    "view": ("View", "视图", "Ansicht", "表示"),
    "opacity": ("Opacity", "不透明度", "Deckkraft", "不透明度"),
    "colours": ("Colours", "配色", "Farben", "配色"),
    "verdict_threshold": ("Verdict threshold", "判定阈值", "Urteilsschwelle", "判定しきい値"),
    "review_from": ("Review from", "复检起点", "Nachsehen ab", "要確認の下限"),
    "region_threshold": ("Region threshold", "区域阈值", "Bereichsschwelle", "領域しきい値"),
    "reset": (
        *("Reset to calibrated", "恢复校准值", "Auf Kalibrierung zurücksetzen"),
        "校正値に戻す",
    ),
    "good": (
        "This is actually good: add to normals and run again",
        "实为良品, 加入正常件并重新检测",
        "Das ist ein Gutteil: hinzufügen und neu prüfen",
        "実は良品, 良品に加えて再検査",
    ),
    "test_defect": (
        *("Make a test defect", "制作测试缺陷", "Testfehler zeichnen"),
        "テスト欠陥を作る",
    ),
    "model_box": (
        *("Model and licence", "模型与许可", "Modell und Lizenz"),
        "モデルとライセンス",
    ),
    "export_all": (
        *("Export all (ZIP)", "全部导出 (ZIP)", "Alles exportieren (ZIP)"),
        "すべて書き出し (ZIP)",
    ),
    "words": ("Words", "关键词", "Stichwörter", "キーワード"),
    "object": ("Object", "对象", "Gegenstand", "対象物"),
    "defect_type": ("Defect type", "缺陷类型", "Fehlerart", "欠陥の種類"),
    "search": ("Search", "搜索", "Suchen", "検索"),
    "by_picture": ("By a picture", "以图搜索", "Mit einem Bild", "画像で検索"),
    "own_pages": (
        *("Pages of your own", "自己的知识页", "Eigene Seiten"),
        "自分のページ",
    ),
    "add_pages": ("Add pages", "添加页面", "Seiten hinzufügen", "ページを追加"),
    "send": ("Send", "发送", "Senden", "送信"),
    "words_example": (
        "for example rust on sheet metal",
        "用英文, 例如 rust on sheet metal",
        "auf Englisch, etwa rust on sheet metal",
        "英語で, 例: rust on sheet metal",
    ),
    "ask": (
        *("Ask about this part", "询问这个零件", "Fragen Sie zu diesem Teil"),
        "この部品について質問",
    ),
    "rows": ("Rows", "行", "Zeilen", "行"),
}
_TEXT: dict[str, tuple[str, str, str, str]] = {
    "welcome_title": (
        *("What a result looks like", "结果示例", "So sieht ein Ergebnis aus"),
        "結果の例",
    ),
    "welcome_photo": ("Photo", "照片", "Foto", "写真"),
    "welcome_overlay": (
        *("Anomaly map over the photo", "照片上的异常图", "Anomaliekarte über dem Foto"),
        "写真に重ねた異常マップ",
    ),
    "welcome_open": (
        *("Open this result", "打开此结果", "Dieses Ergebnis öffnen"),
        "この結果を開く",
    ),
    "welcome_made": (
        "Computed on this machine when the app started",
        "应用启动时在本机计算",
        "Auf diesem Rechner beim Start der App berechnet",
        "アプリ起動時にこのマシンで計算",
    ),
    "preset": ("Preset", "预设", "Voreinstellung", "プリセット"),
    "checkpoint": ("Checkpoint", "检查点", "Checkpoint", "チェックポイント"),
    "method": ("Method", "方法", "Verfahren", "手法"),
    "empty_title": (
        *("Nothing inspected yet", "尚未检测", "Noch nichts geprüft"),
        "まだ検査していません",
    ),
    "empty_hint": (
        (
            "Click an example above, or add a few pictures of good parts and the part to inspect, "
            "then press Run inspection."
        ),
        "点击上方的示例, 或添加几张正常件图片和待检件, 然后按“开始检测”。",
        (
            "Klicken Sie oben auf ein Beispiel, oder fügen Sie einige Bilder von Gutteilen und das "
            "zu prüfende Teil hinzu und drücken Sie „Prüfung starten“."
        ),
        (
            "上の例をクリックするか, 良品の画像を数枚と検査する部品を追加して「検査を開始」を"
            "押してください。"
        ),
    ),
}
"""Words inside of HTML, of which gradio would put only the first into the browser's language."""

LOCALES: tuple[Language, ...] = ("en", "zh", "de", "ja")


def _words(at: int) -> dict[str, str]:
    questions = QUICK_QUESTIONS[LOCALES[at]]
    return {
        **{key: words[at] for key, words in _WORDS.items()},
        **{question_key(topic): words for topic, words in questions.items()},
    }


def question_key(topic: Topic) -> str:
    """Return the key of the label of a quick question."""
    return f"ask_{topic}"


TRANSLATIONS = gr.I18n(
    **{locale: _words(at) for at, locale in enumerate(LOCALES)}, **{"zh-CN": _words(1)}
)
"""For ``launch``; a browser in another language sees English."""


def label(key: str) -> gr.i18n.I18nData:
    """Return the label called ``key``, which the browser puts into its own language."""
    if key not in TRANSLATIONS.translations_dict["en"]:
        msg = f"there is no label {key!r}"
        raise KeyError(msg)
    return TRANSLATIONS(key)


def spoken(key: str) -> str:
    """Return the text called ``key`` in every language, as HTML of which the page shows one.

    The style sheet goes by the page's language, which gradio takes from the browser.
    """
    return "".join(
        f'<span class="word-in" lang="{locale}">{escape(words)}</span>'
        for locale, words in zip(LOCALES, _TEXT[key], strict=True)
    )
