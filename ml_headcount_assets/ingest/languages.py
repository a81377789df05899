"""The languages in which LinkedIn shows profiles, as CLDR calls them."""

from __future__ import annotations

__all__ = ["LANGUAGES"]

LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hu"),
    *("id", "it", "ja", "ko", "mr", "ms", "nb", "nl", "pa", "pl", "pt", "ro", "ru", "sv", "te"),
    *("th", "tr", "uk", "vi", "zh", "zh_Hant"),
)
