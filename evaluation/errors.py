"""Errors that a user can act on: one sentence each, with the place and the remedy."""


class PermanencyError(Exception):
    """What was asked cannot be given from this data or this study.

    Parameters
    ----------
    *sentences : str
        One sentence for each thing that is wrong: what, where (file, line,
        field, value or key) and what to do.
    """

    def __init__(self, *sentences: str):
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class DataError(PermanencyError):
    """The data cannot be read or lack what the study needs."""


class StudyError(PermanencyError):
    """The study file is wrong, or asks for what cannot be answered."""


class OutputError(PermanencyError):
    """The results cannot be written."""
