"""How a module's command ends."""

import pytest

from adapp.core.errors import ModelUnavailable
from adapp.core.module_command import finished


@pytest.mark.parametrize(("told", "shown"), [("three figures", "three figures\n"), ("", "")])
def test_what_the_work_returns_is_printed(told, shown, capsys):
    assert finished(lambda: told) == 0
    assert capsys.readouterr() == (shown, "")


def test_what_the_user_can_mend_is_one_sentence(capsys):
    def work():
        msg = "the weights are not here"
        raise ModelUnavailable(msg)

    assert finished(work) == 2
    assert capsys.readouterr() == ("", "the weights are not here\n")


def test_a_fault_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        finished(lambda: str(1 / 0))
