"""A checkpoint never claims more than its training pictures allow."""

from adapp.data.terms import FREE, PERMISSIVE, RESEARCH, RESTRICTED, terms


def test_known_permissive_sets_may_be_used():
    assert terms(["bsdata/ball_screw", "lookout/cookie"]) == FREE


def test_rendered_pictures_alone_may_be_used():
    assert terms([]) == FREE


def test_one_restricted_set_decides():
    assert terms(["bsdata/ball_screw", "mpdd/metal_plate", "mine/part"]) == RESEARCH


def test_a_set_nobody_knows_is_named_and_never_called_free():
    told = terms(["bsdata/ball_screw", "my_plant/gear", "other/gear"])
    assert "my_plant, other" in told
    assert "bsdata" not in told
    assert "may be used" not in told


def test_no_set_is_in_both_lists():
    assert frozenset() == PERMISSIVE & RESTRICTED
