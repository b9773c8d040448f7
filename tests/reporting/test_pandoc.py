"""The same inputs give the same bytes: the machine's own Pandoc is not asked."""

from pathlib import Path

import pypandoc

from evaluation.reporting.pandoc import pandoc


def test_a_pandoc_of_the_machine_does_not_make_the_documents(monkeypatch, tmp_path):
    other = tmp_path / "pandoc"
    other.write_text("#!/bin/sh\necho pandoc 99.0\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYPANDOC_PANDOC", str(other))
    pandoc.cache_clear()
    assert pandoc().parent == Path(pypandoc.__file__).parent / "files"


def test_where_the_package_came_without_it_is_that_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(pypandoc, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setattr(pypandoc, "get_pandoc_path", lambda: "/usr/bin/pandoc")
    pandoc.cache_clear()
    assert pandoc() == Path("/usr/bin/pandoc")
    pandoc.cache_clear()
