"""English and German sentences of the evidence report."""

from typing import Final

from adapp.reasoning.phrases import Phrases

ENGLISH: Final = Phrases(
    label="Written from the evidence; no language model took part.",
    free="The question itself is not interpreted; this is what the evidence shows.",
    anomalous=(
        "{method} calls this part **anomalous**: its score is {score}, the threshold {threshold}."
    ),
    normal="{method} calls this part **normal**: its score is {score}, the threshold {threshold}.",
    no_detector="No detector has judged this picture.",
    above_some="The score is above {below} of {normals} normal pictures.",
    above_all="The score is above all {normals} normal pictures.",
    one_normal="The threshold rests on a single normal picture.",
    no_normals="The threshold is a general one: no normal picture of this part was given.",
    no_region="No region of the map exceeds the pixel threshold.",
    one_region="One region of the map exceeds the pixel threshold.",
    regions="{count} regions of the map exceed the pixel threshold.",
    region="Region {number} lies {place}, covers {area} of the picture and peaks at {peak} of 1.",
    more_regions="Regions not described here: {count}.",
    match_ratio=(
        "The normal patch most like region {number} is in normal picture {picture}; they differ "
        "{ratio} times as much as normal patches do at most."
    ),
    match_cost=(
        "The normal patch most like region {number} is in normal picture {picture}; they differ "
        "by {cost} (1 - cosine similarity)."
    ),
    type_region="The most probable type of region {number} is {name} ({share}).",
    type_picture="The most probable defect type of the picture is {name} ({share}).",
    type_next="Next most probable: {others}.",
    type_none="Its appearance fits none of the known defect types ({share}).",
    no_type="none of the known types",
    type_measured=(
        "On {defects} defects that the naming had not seen, the right type came first for {first} "
        "and among the first three for {three}; by chance it would be {chance} and {chance_three}."
    ),
    type_unmeasured="How often such types are right was not measured.",
    pages={
        "description": "Page [{id}] {title} (similarity {score}) describes:",
        "causes": "Page [{id}] {title} (similarity {score}) names these causes:",
        "consequences": "Page [{id}] {title} (similarity {score}) names these consequences:",
        "checks": "Page [{id}] {title} (similarity {score}) says what to check:",
        "variation": "Page [{id}] {title} (similarity {score}) counts this as normal variation:",
    },
    unchecked="Page [{id}] {title} (similarity {score}) was added by a user and is not checked:",
    withheld="{count} lines of page [{id}] were left out: they speak to the reader of the verdict.",
    other_type="Page [{id}] is about another defect type than the one found most probable.",
    topics={
        "summary": "this",
        "what": "what it is",
        "why": "causes",
        "consequences": "consequences",
        "checks": "what to check",
        "false_alarm": "normal variation",
    },
    no_pages="No knowledge page was retrieved.",
    no_topic="The retrieved pages say nothing about {topic}.",
    nothing_found=(
        "The score stays below the threshold, so there is no defect to describe or explain."
    ),
    times_threshold="The score is {times} times the threshold.",
    map_only="The map alone does not decide: the score of the picture stays below the threshold.",
    look_at="Look at region {number}, {place}, on the part itself.",
    compare_with="Look at region {number}, {place}, beside normal picture {picture}.",
    add_normals="Add four or more normal pictures of this part to calibrate the threshold.",
    caveat="Whether a page applies has to be decided at the part.",
    places=(
        *("at the top left", "at the top", "at the top right"),
        *("at the left", "in the centre", "at the right"),
        *("at the bottom left", "at the bottom", "at the bottom right"),
    ),
    separator=", ",
    quotes=("“", "”"),
)

GERMAN: Final = Phrases(
    label="Aus den Befunden geschrieben; kein Sprachmodell war beteiligt.",
    free="Die Frage selbst wird nicht ausgelegt; dies zeigen die Befunde.",
    anomalous=(
        "{method} nennt dieses Teil **auffällig**: Sein Wert ist {score}, die Schwelle {threshold}."
    ),
    normal=(
        "{method} nennt dieses Teil **normal**: Sein Wert ist {score}, die Schwelle {threshold}."
    ),
    no_detector="Kein Detektor hat dieses Bild beurteilt.",
    above_some="Der Wert liegt über {below} von {normals} Normalbildern.",
    above_all="Der Wert liegt über allen {normals} Normalbildern.",
    one_normal="Die Schwelle beruht auf einem einzigen Normalbild.",
    no_normals="Die Schwelle ist allgemein: Kein Normalbild dieses Teils wurde gegeben.",
    no_region="Kein Bereich der Karte übersteigt die Pixelschwelle.",
    one_region="Ein Bereich der Karte übersteigt die Pixelschwelle.",
    regions="{count} Bereiche der Karte übersteigen die Pixelschwelle.",
    region=(
        "Bereich {number} liegt {place}, bedeckt {area} des Bildes und erreicht höchstens {peak} "
        "von 1."
    ),
    more_regions="Hier nicht beschriebene Regionen: {count}.",
    match_ratio=(
        "Das Bereich {number} ähnlichste Stück liegt in Normalbild {picture}; beide unterscheiden "
        "sich {ratio}-mal so stark wie normale Stücke höchstens."
    ),
    match_cost=(
        "Das Bereich {number} ähnlichste Stück liegt in Normalbild {picture}; beide unterscheiden "
        "sich um {cost} (1 - Kosinusähnlichkeit)."
    ),
    type_region="Der wahrscheinlichste Typ von Bereich {number} ist {name} ({share}).",
    type_picture="Der wahrscheinlichste Fehlertyp des Bildes ist {name} ({share}).",
    type_next="Danach am wahrscheinlichsten: {others}.",
    type_none="Das Aussehen passt zu keinem der bekannten Fehlertypen ({share}).",
    no_type="keiner der bekannten Typen",
    type_measured=(
        "Bei {defects} Fehlern, die beim Lernen der Typen fehlten, stand der richtige Typ "
        "für {first} an erster Stelle und für {three} unter den ersten drei; durch Raten wären es "
        "{chance} und {chance_three}."
    ),
    type_unmeasured="Wie oft solche Typen stimmen, wurde nicht gemessen.",
    pages={
        "description": "Seite [{id}] {title} (Ähnlichkeit {score}) beschreibt:",
        "causes": "Seite [{id}] {title} (Ähnlichkeit {score}) nennt diese Ursachen:",
        "consequences": "Seite [{id}] {title} (Ähnlichkeit {score}) nennt diese Folgen:",
        "checks": "Seite [{id}] {title} (Ähnlichkeit {score}) sagt, was zu prüfen ist:",
        "variation": "Seite [{id}] {title} (Ähnlichkeit {score}) zählt dies zur normalen Streuung:",
    },
    unchecked=(
        "Seite [{id}] {title} (Ähnlichkeit {score}) stammt von einem Benutzer und ist ungeprüft:"
    ),
    withheld=(
        "{count} Zeilen von Seite [{id}] sind weggelassen: Sie reden dem Leser ins Urteil hinein."
    ),
    other_type="Seite [{id}] handelt von einem anderen Fehlertyp als dem wahrscheinlichsten.",
    topics={
        "summary": "dieses Bild",
        "what": "das, was es ist",
        "why": "Ursachen",
        "consequences": "Folgen",
        "checks": "das, was zu prüfen ist",
        "false_alarm": "normale Streuung",
    },
    no_pages="Keine Wissensseite wurde gefunden.",
    no_topic="Die gefundenen Seiten sagen nichts über {topic}.",
    nothing_found=("Der Wert bleibt unter der Schwelle, darum gibt es hier nichts zu benennen."),
    times_threshold="Der Wert ist das {times}-fache der Schwelle.",
    map_only="Die Karte allein entscheidet nicht: Der Wert des Bildes bleibt unter der Schwelle.",
    look_at="Sehen Sie sich Bereich {number}, {place}, am Teil selbst an.",
    compare_with="Sehen Sie sich Bereich {number}, {place}, neben Normalbild {picture} an.",
    add_normals="Geben Sie vier oder mehr Normalbilder dieses Teils, um die Schwelle zu eichen.",
    caveat="Ob eine Seite zutrifft, muss am Teil entschieden werden.",
    places=(
        *("oben links", "oben", "oben rechts"),
        *("links", "in der Mitte", "rechts"),
        *("unten links", "unten", "unten rechts"),
    ),
    separator=", ",
    quotes=("„", "“"),
)
