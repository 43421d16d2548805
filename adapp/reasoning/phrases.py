"""The sentences of an evidence report: one field a sentence, one value a language.

Fields are templates for ``str.format``; the names in braces are what the evidence fills in.
"""

from dataclasses import dataclass

from adapp.core.reasoner import Aspect, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Everything a report says in one language.

    Attributes:
        label: Who wrote it.
        free: The question as such was not understood.
        anomalous: The verdict, with score and threshold.
        normal: The same.
        no_detector: The request brings no verdict.
        above_some: Where the score stands among several normal pictures.
        above_all: The same, above every one.
        one_normal: A single normal picture stands behind the threshold.
        no_normals: None does.
        no_region: Nothing exceeds the pixel threshold.
        one_region: One region does.
        regions: Several do.
        region: One region's place, size and peak.
        more_regions: How many regions are not described.
        match_ratio: Nearest normal patch, as a multiple of the normal spread.
        match_cost: The same without a multiple.
        type_region: Most probable defect type of a region.
        type_picture: The same of the whole picture.
        type_next: The types that come next.
        type_none: The type evidence fits no known type.
        no_type: What that outcome is called in ``type_next``.
        type_measured: How often such types are right.
        type_unmeasured: That was not measured.
        pages: How a page's lines on an aspect are introduced.
        unchecked: How a quotation from a page of a user's own is introduced.
        withheld: Lines of such a page were left out.
        other_type: A quoted page is about another type than the type evidence names.
        topics: What a topic is called in ``no_topic``.
        no_pages: Nothing was retrieved.
        no_topic: The retrieved pages do not tell.
        nothing_found: With a normal verdict there is nothing to name.
        times_threshold: Score over threshold.
        map_only: There are regions although the score stays below the threshold.
        look_at: Advice that follows from a region.
        compare_with: The same with a normal picture beside it.
        add_normals: Advice that follows from a missing calibration.
        caveat: The report does not decide whether a page applies.
        places: The nine fields of the picture, row by row.
        separator: Between the members of an enumeration.
        quotes: Opening and closing quotation mark.
    """

    label: str
    free: str
    anomalous: str
    normal: str
    no_detector: str
    above_some: str
    above_all: str
    one_normal: str
    no_normals: str
    no_region: str
    one_region: str
    regions: str
    region: str
    more_regions: str
    match_ratio: str
    match_cost: str
    type_region: str
    type_picture: str
    type_next: str
    type_none: str
    no_type: str
    type_measured: str
    type_unmeasured: str
    pages: dict[Aspect, str]
    unchecked: str
    withheld: str
    other_type: str
    topics: dict[Topic, str]
    no_pages: str
    no_topic: str
    nothing_found: str
    times_threshold: str
    map_only: str
    look_at: str
    compare_with: str
    add_normals: str
    caveat: str
    places: tuple[str, str, str, str, str, str, str, str, str]
    separator: str
    quotes: tuple[str, str]
