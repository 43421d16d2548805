import pytest

from adapp.reasoning.contradiction import contradicting

AGAINST_ANOMALOUS = [
    "The part is completely normal.",
    "I see a clean ring. There are no visible defects.",
    "It appears to be in good shape, it looks fine.",
    "This part should be passed.",
    "PASS",
    "The correct verdict is normal.",
    "The detector calls this part normal.",
    "Das Teil ist völlig in Ordnung.",
    "Es gibt keinen sichtbaren Fehler.",
    "该零件没有任何缺陷。",
    "这是合格的。",
    "NORMAL | pass",
    "欠陥は見られません。",
    "この部品は正常です。",
    "The surface is free of defects.",
    "This part passes inspection.",
    "The part meets specification.",
    "I see nothing wrong with the part.",
    "Nothing is wrong here.",
    "There are no signs of damage.",
    "I find no evidence of a crack.",
    "It's a good part.",
    "The detector is wrong.",
    "This is a false alarm.",
    "You can safely use this part.",
    "It can be shipped.",
    "Das Teil kann verwendet werden.",
    "Die Markierung ist ein Fehlalarm.",
    "这是误报。",
    "可以放心使用。",
    "この部品は問題なく使用できます。",
    "これは誤検出です。",
]
AGAINST_NORMAL = [
    "The part is clearly defective.",
    "The picture shows a deep scratch on the neck.",
    "There is visible damage at the rim.",
    "It should be rejected.",
    "FAIL",
    "The part is not acceptable.",
    "Das Teil ist beschädigt.",
    "Es hat einen Kratzer.",
    "该零件存在明显缺陷。",
    "这个零件不合格。",
    "傷があります。",
    "この部品は不良品です。",
    "This part fails inspection.",
    "A crack runs across the rim.",
    "The rim is chipped.",
    "There is contamination on the surface.",
    "I would reject this part.",
    "The detector missed a defect.",
    "The verdict is wrong: the detector overlooked a hole.",
    "Do not use this part.",
    "The wire is bent.",
    "Das Teil ist ein Ausschuss.",
    "不能使用该零件。",
    "使用しないでください。",
]
NEITHER = [
    "If the part is normal, the threshold is too low.",
    "Is there a defect?",
    "It could be a reflection.",
    "Region 1 is a thin bright line at the top right.",
    "Whether there is damage cannot be told from the picture.",
    "Compare it with normal picture 3.",
    "Wenn das Teil in Ordnung ist, hilft ein weiteres Bild.",
    "是否有缺陷需要确认。",
    "The nearest normal patch is in normal picture 3.",
    "Possibly the mark is harmless.",
    "A false alarm is one possibility.",
    "Could this be a false alarm?",
    "Check whether the rim is chipped.",
    "The page tells what a good part looks like.",
    "Look for a bent wire at the rail.",
    "会不会是误报？",
    "If nothing is wrong, add it to the normals.",
    "A good part passes when its rim is smooth, if it was measured.",
]


@pytest.mark.parametrize("sentence", AGAINST_ANOMALOUS)
def test_calling_an_anomalous_part_sound_is_found(sentence):
    assert contradicting(sentence, "anomalous")


@pytest.mark.parametrize("sentence", AGAINST_NORMAL)
def test_calling_a_normal_part_defective_is_found(sentence):
    assert contradicting(sentence, "normal")


@pytest.mark.parametrize("sentence", NEITHER)
def test_conditions_questions_and_descriptions_are_let_through(sentence):
    assert contradicting(sentence, "anomalous") == ()
    assert contradicting(sentence, "normal") == ()


@pytest.mark.parametrize("sentence", AGAINST_ANOMALOUS[:6])
def test_agreeing_with_a_normal_verdict_is_no_contradiction(sentence):
    assert contradicting(sentence, "normal") == ()


def test_only_the_sentence_at_fault_is_returned():
    text = "Region 1 lies at the top. The part is normal. Look at the rail."
    assert contradicting(text, "anomalous") == ("The part is normal.",)
