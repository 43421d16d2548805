"""Failures the user can act on.

Every message says what happened and what to do next; the edge (command line or app) shows it
as it is and nothing else converts it.
"""


class AdappError(Exception):
    """A failure the user can mend; the message is written to be shown as it is."""


class UsageError(AdappError):
    """An option or a path given by the user does not work."""


class BadImage(AdappError):
    """A picture was refused by the image loader."""


class BadPage(AdappError):
    """A knowledge page was refused, or the knowledge base does not fit."""


class UnsupportedRegime(AdappError):
    """The method is not defined for the number of support images given."""


class ModelUnavailable(AdappError):
    """Weights that a preset needs are not on this machine."""


class CheckpointMismatch(AdappError):
    """A checkpoint's tensors, hash or card do not fit the model that loads it."""


class ReasonerUnavailable(AdappError):
    """A reasoner was asked for that cannot run here."""


class Cancelled(AdappError):
    """The user stopped the work; what was finished before is kept."""
