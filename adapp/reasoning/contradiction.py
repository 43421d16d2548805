"""Sentences that seem to contradict the detector's verdict, found by rule in four languages.

The rules look for plain assertions about the part. Questions, conditions and hedged sentences
("if it were", "could be", "wenn", "可能") are let through; an order to pass or to reject the part
counts wherever it stands.
"""

import re
from typing import Final, Literal

_SENTENCE = re.compile(r"[^.!?。！？\n;；]+[.!?。！？;；]?")
_HEDGED = re.compile(
    r"\b(if|whether|unless|could|might|may|would|suppose|perhaps|possibly|not certain|unclear|"
    r"normal (pictures?|parts?|patch|patches|variation)|wenn|falls|ob|könnte|dürfte|vielleicht|"
    r"möglicherweise|würde)\b|如果|若是|假如|是否|可能|也许|もし|場合|かもしれ|可能性|かどうか",
    re.IGNORECASE,
)
_DEFECT = (
    r"(?:defects?|anomal(?:y|ies)|damages?|flaws?|faults?|abnormalit(?:y|ies)|irregularit(?:y|ies)"
    r"|imperfections?|blemish(?:es)?)"
)
_FAULT_EN = (
    r"(?:defects?|anomal(?:y|ies)|damage|flaws?|faults?|cracks?|scratch(?:es)?|holes?|dents?|"
    r"stains?|chips?|breaks?|breakage)"
)
_MANY = r"(?:(?:any|visible|obvious|apparent|significant|clear|actual|real|genuine|a|an|the)\s+)*"
_DEGREE = (
    r"(?:(?:completely|perfectly|entirely|totally|clearly|severely|otherwise|fully|all|quite|very|"
    r"actually|indeed|visibly|a|an)\s+)*"
)
_IS = r"(?:\bis|\bare|\bappears?|\blooks?|\bseems?|\bwas|['’]s)(?:\s+to\s+be)?\s+"
_FEHLER = r"(?:defekte?|fehler|anomali(?:e|en)|sch(?:aden|äden)|m[aä]ngel|auffälligkeit(?:en)?)"
_GERMAN_ADJECTIVE = r"(?:(?:sichtbare|erkennbare|deutliche|offensichtliche|klare)[nrsm]?\s+)?"

_PART = r"(?:part|piece|item|component|sample|product|specimen|unit)"
_DAMAGED = (
    r"(?:cracked|chipped|scratched|broken|bent|dented|torn|stained|contaminated|corroded|deformed|"
    r"burnt|burned|missing|loose|discolou?red|misaligned|pitted|cut)"
)
_SAYS = r"(?:is|are|runs?|lies|extends?|can\s+be\s+seen|was\s+found)"
_CLAIMS_NORMAL: Final = (
    rf"\b{_PART}\s+(?:clearly\s+)?(?:passes|meets|conforms|complies|satisfies)\b",
    r"\b(?:nothing|not\s+anything)\b.{0,20}\b(?:wrong|unusual|abnormal|suspicious|amiss)\b",
    (
        rf"\b(?:no|without\s+any|not\s+(?:see|find|detect|observe)\s+any)\s+{_MANY}"
        rf"(?:signs?|traces?|evidence|indications?|hints?)\s+(?:of|for)\b"
    ),
    rf"{_IS}{_DEGREE}(?:good|sound|normal|conforming|flawless)\s+{_PART}\b",
    r"\b(?:detector|verdict|system|alarm)\b.{0,20}\b(?:wrong|mistaken|incorrect|erroneous)\b",
    r"\b(?:is|was)\s+(?:just\s+|only\s+|clearly\s+|probably\s+)?a\s+false\s+(?:alarm|positive)\b",
    r"\bist\s+(?:nur\s+|wohl\s+|klar\s+)?ein\s+(?:fehlalarm|gutteil)\b",
    r"(?<!是不)(?<!不)是(?:一次|一个)?(?:误报|誤報)|誤検(?:出|知)(?:です|である)",
    (
        rf"\b(?:no|without|free\s+(?:of|from)|not\s+(?:find|see|detect|observe|show|have|contain))\s+"
        rf"{_MANY}{_DEFECT}\b"
    ),
    (
        rf"{_IS}{_DEGREE}(?:normal|fine|good|ok(?:ay)?|intact|sound|acceptable|flawless|undamaged|"
        r"defect-free|non-defective|faultless|in\s+order|conforming)\b(?!\s+(?:picture|patch|part))"
    ),
    r"\bcalls?\s+(?:this|the)\s+\w+\s+(?:\*\*)?normal\b",
    rf"\b(?:keine?[nrs]?|ohne)\s+{_GERMAN_ADJECTIVE}{_FEHLER}\b",
    (
        r"\b(?:ist|sind|wirkt|scheint|erscheint)\s+(?:\w+\s+){0,2}?(?<!nicht )(?:normal|"
        r"in\s+ordnung|einwandfrei|fehlerfrei|unbeschädigt|intakt|gut)\b"
    ),
    r"(?:没有|無|无|未发现|未见|未检测到|不存在)(?:任何|明显|可见|的){0,3}(?:缺陷|异常|损伤|瑕疵)",
    r"(?<!不)(?:是|属于|为)(?:正常|合格|完好|良品)(?!图|样|区|零件|照片)",
    r"(?:欠陥|異常|損傷|傷|不良)(?:は|が|も)?(?:あり|見られ|見当たり|認められ|検出され)(?:ません|ない)",
    r"(?:正常|良品|問題(?:は|が)?(?:ありません|ない))(?:です|である|と判断|$|。)",
)
_CLAIMS_ANOMALOUS: Final = (
    rf"\b{_PART}\s+(?:clearly\s+)?(?:fails|violates)\b",
    rf"\b(?:a|an|the|several|some)\s+(?:[\w\-]+\s+){{0,2}}{_FAULT_EN}\s+{_SAYS}\b",
    rf"{_IS}{_DEGREE}{_DAMAGED}\b",
    (
        r"\b(?:has|have|shows?|contains?|there\s+(?:is|are))\s+(?:(?!no\b|not\b)[\w\-]+\s+){0,3}"
        r"(?:contamination|corrosion|discolou?ration|deformation)\b"
    ),
    r"\bdetector\b.{0,20}\b(?:missed|overlooked|wrong|mistaken|incorrect)\b",
    r"\bfalse\s+negative\b|\bist\s+ein\s+(?:schlechtteil|ausschuss)\b",
    (
        rf"{_IS}{_DEGREE}(?:defective|anomalous|damaged|faulty|abnormal|broken|cracked|scratched|"
        r"unacceptable|not\s+(?:normal|ok(?:ay)?|acceptable|good|fine|intact))\b"
    ),
    (
        rf"\b(?:has|have|shows?|contains?|there\s+(?:is|are)|exhibits?|displays?|suffers\s+from)\s+"
        rf"(?:(?!no\b|not\b|neither\b)[\w\-]+\s+){{0,3}}{_FAULT_EN}\b"
    ),
    r"\bcalls?\s+(?:this|the)\s+\w+\s+(?:\*\*)?(?:anomalous|defective)\b",
    (
        r"\b(?:ist|sind|wirkt|scheint)\s+(?:\w+\s+){0,2}?(?:defekt|fehlerhaft|beschädigt|anomal|kaputt|"
        r"nicht\s+in\s+ordnung)\b"
    ),
    (
        rf"\b(?:hat|haben|zeigt|zeigen|weist)\s+(?:(?!kein)\w+\s+){{1,3}}?"
        rf"(?:{_FEHLER}|kratzer|risse?|loch|löcher|dellen?|flecken?)\b"
    ),
    r"(?<!没)(?<!没有)(?:有|存在|发现|可见)(?!任何)(?:一处|一个|明显|的|几处){0,3}(?:缺陷|异常|损伤|瑕疵|划痕|裂纹)",
    r"(?:是|属于|为)(?:异常|不合格|有缺陷|次品)|不合格|不正常",
    r"(?:欠陥|異常|損傷|傷|ひび)が(?:あり|見られ|認められ|検出され)(?:ます|る|た|ました)",
    r"(?:不良品|異常)(?:です|である|と判断)",
)
_ORDERS_PASS = (
    (
        r"\b(?:should|can|must|may|shall|has\s+to)\s+(?:now\s+)?(?:be\s+)?"
        r"(?:pass(?:ed)?|accept(?:ed)?|released|shipped|approved)\b"
    ),
    (
        r"\bverdict\s*(?:is|:|=|should\s+be|must\s+be|to)?\s*(?:\*\*)?"
        r"(?:pass(?:ed)?|normal|ok|good|accept(?:ed)?)\b"
    ),
    r"^\W*(?:(?:pass(?:ed)?|normal|ok(?:ay)?|accept(?:ed)?|bestanden|合格|正常)\W*)+$",
    (
        r"\b(?:you|we|one|it|they)\s+(?:can|may|could\s+safely)\s+(?:safely\s+|still\s+|be\s+)*"
        r"(?:use[d]?|ship(?:ped)?|release[d]?|install(?:ed)?|sell|sold|deliver(?:ed)?)\b"
    ),
    r"\bkann\s+(?:\w+\s+){0,2}(?:verwendet|benutzt|ausgeliefert|verbaut|eingesetzt)\s+werden\b",
    r"可以(?:放心|继续|正常)?(?:使用|出货|发货)|(?:問題なく)?(?:使用|出荷)(?:できます|できる|して(?:も)?よい)",
    r"\bfreigeben\b|\bfreigegeben\s+werden\b|应(?:该)?(?:放行|通过)|合格とする",
)
_ORDERS_REJECT = (
    (
        r"\b(?:should|can|must|may|shall|has\s+to)\s+(?:be\s+)?"
        r"(?:rejected|scrapped|discarded|failed)\b"
    ),
    (
        r"\bverdict\s*(?:is|:|=|should\s+be|must\s+be|to)?\s*(?:\*\*)?"
        r"(?:fail(?:ed)?|anomalous|defective|reject(?:ed)?)\b"
    ),
    r"^\W*(?:(?:fail(?:ed)?|anomalous|defective|reject(?:ed)?|不合格|异常)\W*)+$",
    (
        r"\b(?:I|we|you)\s+(?:would|should|must|recommend\s+to)\s+(?:\w+\s+)?"
        r"(?:reject|scrap|discard)\b"
    ),
    r"\bdo\s+not\s+(?:use|ship|install|release|deliver)\b|\bnicht\s+(?:verwenden|ausliefern)\b",
    r"不(?:能|可|要)(?:使用|出货|发货)|使用しないで|出荷しないで",
    r"\baussortier(?:en|t\s+werden)\b|应(?:该)?报废|不合格とする",
)


def _union(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_ASSERTED: Final = {"anomalous": _union(_CLAIMS_NORMAL), "normal": _union(_CLAIMS_ANOMALOUS)}
_ORDERED: Final = {"anomalous": _union(_ORDERS_PASS), "normal": _union(_ORDERS_REJECT)}
_CONDITION = re.compile(r"^\W*(?:if|whether|wenn|falls|如果|もし)\b", re.IGNORECASE)


def contradicting(text: str, verdict: Literal["normal", "anomalous"]) -> tuple[str, ...]:
    """Return the sentences of ``text`` that seem to contradict ``verdict``, in order."""
    return tuple(
        sentence
        for found in _SENTENCE.finditer(text)
        if (sentence := found[0].strip()) and _contradicts(sentence, verdict)
    )


def _contradicts(sentence: str, verdict: Literal["normal", "anomalous"]) -> bool:
    if sentence.endswith(("?", "？")) or _CONDITION.match(sentence):
        return False
    if _ORDERED[verdict].search(sentence):
        return True
    return not _HEDGED.search(sentence) and bool(_ASSERTED[verdict].search(sentence))
