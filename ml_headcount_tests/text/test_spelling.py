"""Text as people write it, and what is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.filters import reference_pattern
from ml_headcount_assets.text.spelling import plain

_AS_WRITTEN = [
    "Machine learning lead",
    "𝗠𝗮𝗰𝗵𝗶𝗻𝗲 𝗟𝗲𝗮𝗿𝗻𝗶𝗻𝗴 lead",
    "𝕄𝕒𝕔𝕙𝕚𝕟𝕖 𝓛𝓮𝓪𝓻𝓷𝓲𝓷𝓰",
    "ｍａｃｈｉｎｅ　ｌｅａｒｎｉｎｇ",
    "ⓜⓐⓒⓗⓘⓝⓔ ⓛⓔⓐⓡⓝⓘⓝⓖ",
    "ᴍᴀᴄʜɪɴᴇ ʟᴇᴀʀɴɪɴɢ",
    "🅼🅰🅲🅷🅸🅽🅴 🅻🅴🅰🆁🅽🅸🅽🅶",
    "m̶a̶c̶h̶i̶n̶e̶ l̲e̲a̲r̲n̲i̲n̲g̲",
    *(f"machine{hyphen}learning" for hyphen in "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\ufe63"),
    *(f"machine{space}learning" for space in "\u00a0\u202f\u2003\u3000\u200b\u2028\x0b\x85"),
    "machine lear\u00adning",
    "mach\u2060ine lear\ufeffning",
    "\u202emachine learning\u202c",
    "machine<br>learning",
    "machine<br/>learning",
    "<p>machine</p><p>learning</p>",
    "<b>ma</b>chine <i class='x'>learning</i>",
    "machine&nbsp;learning",
    "machine&#160;learning",
    "machine&amp;nbsp;learning",
    "&lt;li&gt;machine learning&lt;/li&gt;",
    "<!-- x -->machine <style>p {}</style>learning",
    "大学でmachine learningを研究",
    "machine learning을 연구",
    "งานmachine learningครับ",
    "#machine_learning",
    "#MachineLearning",
    "#AI#MachineLearning",
    "machine learning™ ①",
    "①machine learning²",
    "1\ufe0f\u20e3machine learning",
    "Lead\\nmachine\\r\\nlearning",
]


@pytest.mark.parametrize("written", _AS_WRITTEN)
def test_a_reader_sees_machine_learning(written: str) -> None:
    assert reference_pattern(["machine learning"]).search(plain(written))


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        (" I did R&D, C++ and C#. ", "I did R&D, C++ and C#."),
        ("R&amp;D<br>AT&T", "R&D AT&T"),
        ("a < b and List<String> <3", "a < b and List<String> <3"),
        ("#1 of 10 # 5", "#1 of 10 # 5"),
        ("#PyTorch", "PyTorch Py Torch"),
        ("#ai", "ai"),
        ("c#developer", "c#developer"),
        ("PyTorch™", "PyTorch TM"),
        ("line one\r\nline two\rthree", "line one\nline two\nthree"),
        ("it´s mine’s", "it's mine's"),
        ("e\u0301te\u0301", "été"),
        ("a\x00b\x07c", "a b c"),
        ("\ud800x", "\ufffdx"),
        ("日本語だけ", "日本語だけ"),
        ("GPT4を使う", "GPT4 を使う"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("Straße naïve Łódź", "Straße naïve Łódź"),
        ("", ""),
    ],
)
def test_what_is_made_of_it(written: str, spelled: str) -> None:
    assert plain(written) == spelled


_PIECES = [
    "&lt;",
    "<b>",
    "</b>",
    "<br>",
    "&amp;",
    "&",
    "#",
    "#A",
    "#aB",
    "_",
    "＜",
    "＞",
    "日",
    "가",
]
_PIECES += ["a", "B", "1", "™", "①", "\u200b", "\u00ad", "e\u0301", "\u1112", "\u1161", "\r"]


@given(st.text() | st.lists(st.sampled_from(_PIECES)).map("".join))
def test_spelling_twice_changes_nothing(written: str) -> None:
    spelled = plain(written)
    assert plain(spelled) == spelled
    spelled.encode()
    assert "\x00" not in spelled
