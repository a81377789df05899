"""What the files of raw profiles look like, from their first records: before anything is read."""

from __future__ import annotations

from ..study import Study
from ..text.recipe import text_fields
from .extraction import guess_form
from .file_forms import FileForm
from .profile_files import profile_files

__all__ = ["profile_forms"]


def profile_forms(study: Study) -> list[FileForm]:
    """Return in which form each file of raw profiles is, going by its first records.

    A file that cannot be read has its reason in place of the format.

    Raises
    ------
    InputError
        The folder has no files.
    """
    source = study.files.profiles
    if source is None:
        return []
    forms = []
    for name, path in profile_files(study).items():
        facts, _ = guess_form(path, source)
        top = [each for each in facts.names if "." not in each]
        used = text_fields(top)
        forms.append(
            FileForm(
                name,
                facts.unreadable or facts.format,
                vendor=facts.said,
                fields_used=tuple(used),
                fields_unused=tuple(each for each in top if each not in used),
            )
        )
    return forms
