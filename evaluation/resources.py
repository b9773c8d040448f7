"""The only place that finds the data files the package ships."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Return the path of a shipped data file or folder.

    In an installed wheel the files lie in ``evaluation/_data``; in a checkout
    (also an editable install) they lie beside the package.

    Parameters
    ----------
    *parts : str
        Path below the root, such as ``"data_schemas", "datapackage.json"``.

    Returns
    -------
    pathlib.Path
        An existing path.

    Raises
    ------
    FileNotFoundError
        If neither place has it, which means a broken installation.
    """
    candidates = [_PACKAGE / "_data" / Path(*parts), _PACKAGE.parent / Path(*parts)]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise FileNotFoundError(
        f"The package's own file {Path(*parts)} is missing: reinstall permanency-evaluation."
    )
