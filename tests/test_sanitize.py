"""What a prompt looks like after it was decoded and sanitised, and which files are refused."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectacle.errors import BlockedPrompt, UnreadableRequest
from spectacle.sanitize import Prompt, decode_prompt, sanitize

ASTRONAUT = "\U0001f469\u200d\U0001f680"
HEART = "\u2764\ufe0f"
KEYCAP = "1\ufe0f\u20e3"
HEAD_SHAKING = "\U0001f642\u200d\u2194\ufe0f"
PINK_HEART = "\U0001fa77"  # newer than the Unicode tables of Python 3.11

PIECES = [
    *"ab sSiI_/0()[]{}#1\n\t\0",
    *"<>|‹›〈〉⟨⟩＜＞｜∣¦│∕［］",
    "<|",
    "|>",
    "<|im_start|>",
    "<|im_end|>",
    "im_start",
    "<s>",
    "</s>",
    "<think>",
    "tool_",
    "call",
    "respon",
    "[INST]",
    "INST",
    "ﬆ",
    "\u200b",
    "\u200d",
    "\ufe0f",
    "\ufe0e",
    "\u20e3",
    "\u0301",
    "\u0338",
    "\u0344",
    "\u0323",
    "e",
    "\u2194",
    "\U0001f642",
    "\U0001f3fd",
    "\U0001f1ec",
    "\U0001f1e7",
    "\u1100",
    "\u1161",
    "\u2000",
    "\u2028",
    "\u202e",
    "\ue000",
    "\ud83d",
    "\U0001fa77",
    "\u0378",
    "\u2800",
    "\u0958",
    ASTRONAUT,
    HEART,
    KEYCAP,
]
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(exclude_categories=())),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
)

TOKENS = re.compile(
    r"<\s*\||\|\s*>|<\s*/?\s*(s|think|unk|pad|tool_call|tool_response|start_of_turn)\s*>|\[\s*/?\s*inst\s*\]",
    re.IGNORECASE,
)


def is_harmless(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        category[0] != "C" or character == "\u200d" or (category == "Cn" and "\U0001f000" <= character < "\U0001fb00")
    )


class TestDecoding:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_utf8_with_or_without_a_mark_and_utf16_with_one_are_read(self, encoding: str) -> None:
        assert decode_prompt("ein Füchslein 🦊".encode(encoding)) == "ein Füchslein 🦊"

    def test_big_endian_utf16_is_read(self) -> None:
        assert decode_prompt(b"\xfe\xff" + "Füchslein 🦊".encode("utf-16-be")) == "Füchslein 🦊"

    def test_an_empty_file_is_an_empty_prompt(self) -> None:
        assert decode_prompt(b"") == ""

    def test_a_file_of_exactly_the_limit_is_read(self) -> None:
        assert decode_prompt(b"x" * 100, max_bytes=100) == "x" * 100

    def test_a_ten_megabyte_prompt_is_refused_with_both_sizes(self) -> None:
        with pytest.raises(UnreadableRequest, match=r"10000000 bytes; the limit is 65536"):
            decode_prompt(b"x" * 10_000_000)

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            ("abc é".encode("latin-1"), "byte 0xe9 at offset 4, which is not UTF-8"),
            (b"\xef\xbb\xbfab\xff", "byte 0xff at offset 5, which is not UTF-8"),
            ("aé".encode()[:-1], "byte 0xc3 at offset 1, which is not UTF-8"),
            (b"\xff\xfea\0b", "at offset 4, which is not UTF-16"),
            (b"\xff\xfea\0\x00\xd8", "at offset 4, which is not UTF-16"),
            (b"a fox\0", "a NUL at offset 5"),
            (b"\xef\xbb\xbfab\0", "a NUL at offset 5"),
            ("\ufeffab\0".encode("utf-16-le"), "a NUL at offset 6"),
            ("a fox".encode("utf-16-le"), "looks like UTF-16 without a byte order mark"),
            ("höher".encode("utf-16-be"), "looks like UTF-16 without a byte order mark"),
            ("a fox".encode("utf-32"), "looks like UTF-32 text"),
            (b"\x89PNG\r\n\x1a\n\0\0", "looks like a PNG image"),
            (b"\xff\xd8\xff\xe0", "looks like a JPEG image"),
            (b"\x1f\x8b\x08\x00", "looks like a gzip archive"),
            (b"PK\x03\x04\x00\x00", "looks like a ZIP archive"),
            (b"\0" * 32, "a NUL at offset 0"),
        ],
    )
    def test_what_is_no_text_is_refused_with_what_was_found_and_what_to_do(self, raw: bytes, said: str) -> None:
        with pytest.raises(UnreadableRequest) as caught:
            decode_prompt(raw)
        assert said in caught.value.message
        assert caught.value.message.endswith("Save the prompt as UTF-8 text.")
        assert "\n" not in caught.value.message

    def test_text_that_merely_begins_like_another_format_is_read(self) -> None:
        assert decode_prompt(b"RIFF by a GIF89a band") == "RIFF by a GIF89a band"

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_text_without_nul_or_refused(self, raw: bytes) -> None:
        try:
            text = decode_prompt(raw)
        except UnreadableRequest:
            return
        assert "\0" not in text

    @settings(deadline=None)
    @given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_any_text_without_nul_comes_back_from_utf8(self, text: str) -> None:
        assert decode_prompt(text.encode()) == text.removeprefix("\ufeff")


class TestPromise:
    @settings(deadline=None)
    @given(TEXTS, st.sampled_from([1, 2, 7, 30, 4000]))
    @example("\U0001f642\u200d\u2194\u200d\u0338", 4000)
    @example("1\ufe0f\u20e3", 2)
    @example("<<s>s>", 4000)
    @example("<tool_re<s>pon<s>e>", 4000)
    @example("<❘\ufe0f", 4000)
    def test_sanitising_twice_is_sanitising_once(self, text: str, limit: int) -> None:
        once = sanitize(text, max_characters=limit)
        assert sanitize(once.text, max_characters=limit) == Prompt(once.text)

    @settings(deadline=None)
    @given(TEXTS, st.sampled_from([1, 2, 7, 30, 4000]))
    def test_the_text_is_within_its_promise(self, text: str, limit: int) -> None:
        safe = sanitize(text, max_characters=limit).text
        assert len(safe) <= limit
        assert unicodedata.is_normalized("NFC", safe)
        assert all(is_harmless(character) for character in safe)
        assert safe == " ".join(safe.split())
        for form in (safe, unicodedata.normalize("NFKC", safe)):
            assert not TOKENS.search(form)
            assert not TOKENS.search(form.replace(" ", ""))
        safe.encode()

    @settings(deadline=None)
    @given(TEXTS)
    def test_what_is_changed_beyond_white_space_and_form_is_noted(self, text: str) -> None:
        prompt = sanitize(text)
        if not prompt.notes:
            assert prompt.text == " ".join(unicodedata.normalize("NFC", text).replace("\u2800", " ").split())
        if prompt.text == text:
            assert prompt.notes == ()


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "a red fox in the snow, 35mm, f/1.8",
            "3 < 5 and 5 > 3, a|b, a || b, <3, <- and ->, |x|, >_<, x <= y",
            "(masterpiece:1.2), [blurry], <lora:ink:0.8>, <b>bold</b>, {a|b}",
            'the sign says "OPEN 24/7" – «naïve» ‹façade›',
            "一只红狐狸，4K，电影级构图。《山海经》【插画】",
            "ثعلب أحمر في الثلج",
            "बर्फ में एक लाल लोमड़ी।",
            "눈 속의 붉은 여우",
            f"{ASTRONAUT} {HEART} {KEYCAP} {HEAD_SHAKING} {PINK_HEART} 👍🏽 🇬🇧 👨‍👩‍👧‍👦 🏳️‍🌈",
        ],
    )
    def test_ordinary_text_stays_as_it_is(self, text: str) -> None:
        assert sanitize(text) == Prompt(text)

    def test_white_space_of_all_kinds_becomes_single_spaces(self) -> None:
        assert sanitize("\n a\tred\r\n\r\nfox\u2028in\u2029the\xa0\u3000snow\x85\u2800 ") == Prompt(
            "a red fox in the snow"
        )

    def test_accents_are_composed(self) -> None:
        assert sanitize("cafe\u0301") == Prompt("café")

    @pytest.mark.parametrize(
        "hidden",
        [
            *("\x07", "\x1b", "\x7f", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u202e", "\u2066"),
            *("\ue000", "\ud800", "\u0378", "\uffff", "\u034f", "\u3164", "\u115f", "\ufe00", "\ufe0f"),
            *("\U000e0041", "\U000e0100"),
        ],
    )
    def test_what_cannot_be_seen_is_removed_and_noted(self, hidden: str) -> None:
        assert sanitize(f"a{hidden}b") == Prompt("ab", ("1 control or invisible character removed",))
        assert sanitize(hidden * 2 + "fox").notes == ("2 control or invisible characters removed",)

    def test_joiners_that_hold_no_emoji_together_are_removed(self) -> None:
        assert sanitize(f"\u200d{ASTRONAUT}\u200d \u200d{HEART}\ufe0f \u200d1\ufe0f").text == f"{ASTRONAUT} {HEART} 1"

    def test_a_pile_of_combining_marks_is_cut_and_noted(self) -> None:
        prompt = sanitize("x" + "\u0301\u0323" * 1000 + "y")
        assert len(prompt.text) == 32
        assert prompt.text.endswith("y")
        assert prompt.notes == ("1970 combining marks removed",)

    def test_an_empty_text_stays_empty(self) -> None:
        assert sanitize("") == sanitize(" \n") == Prompt("")


class TestLength:
    def test_a_text_of_exactly_the_limit_is_whole(self) -> None:
        assert sanitize("x" * 4000) == Prompt("x" * 4000)

    def test_a_longer_text_is_shortened_with_a_note(self) -> None:
        assert sanitize("x" * 12345) == Prompt("x" * 4000, ("shortened from 12345 to 4000 characters",))

    def test_a_very_long_text_is_noted_with_its_whole_length(self) -> None:
        assert sanitize("x" * 10_000_000).notes == ("shortened from 10000000 to 4000 characters",)

    def test_spaces_at_the_cut_are_not_kept(self) -> None:
        assert sanitize("ab cd", max_characters=3) == Prompt("ab", ("shortened from 5 to 2 characters",))

    @pytest.mark.parametrize(
        "cluster", ["q\u0307\u0323", ASTRONAUT, HEART, KEYCAP, "👍🏽", "🇬🇧", "👨‍👩‍👧‍👦", "\u1100\u1161\u11a8\u11a8"]
    )
    def test_no_letter_emoji_or_flag_is_cut_in_two(self, cluster: str) -> None:
        whole = sanitize(cluster).text
        for spare in range(1, len(whole)):
            assert sanitize("ab" + cluster, max_characters=2 + len(whole) - spare).text == "ab"
        assert sanitize("ab" + cluster + "c", max_characters=2 + len(whole)).text == "ab" + whole

    def test_a_row_of_flags_is_cut_between_flags(self) -> None:
        assert sanitize("🇬🇧🇫🇷🇮🇪", max_characters=5).text == "🇬🇧🇫🇷"

    @pytest.mark.parametrize(
        "unit",
        [
            "x\u0301\u0323",
            "\u0301\u0323",
            "<|im_",
            "< ",
            "\u200b",
            " ",
            "\U0001f642\u200d",
            "\U0001f1ec",
            "\U000f0000\U000f0001\U000f0002",
        ],
        ids=["marks", "one pile", "tokens", "brackets", "invisible", "spaces", "joiners", "flags", "private"],
    )
    def test_ten_million_characters_of_any_kind_are_dealt_with(self, unit: str) -> None:
        assert len(sanitize(unit * (10_000_000 // len(unit))).text) <= 4000


class TestChatTemplates:
    @pytest.mark.parametrize(
        ("text", "neutral"),
        [
            ("a fox<|im_end|> x", "a fox(im_end) x"),
            ("<|im_start|>system", "(im_start)system"),
            ("<|vision_start|><|image_pad|><|vision_end|>", "(vision_start)(image_pad)(vision_end)"),
            ("<|video_pad|><|endoftext|>", "(video_pad)(endoftext)"),
            ("<|object_ref_start|><|box_start|><|quad_start|>", "(object_ref_start)(box_start)(quad_start)"),
            ("<|any new token|>", "(any new token)"),
            ("<|IM_START|>", "(IM_START)"),
            ("＜｜im_start｜＞", "(im_start)"),
            ("<｜begin▁of▁sentence｜>", "(begin▁of▁sentence)"),
            ("< | im_start | >", "( im_start )"),
            ("<\u200b|im_start|\u200d>", "(im_start)"),
            ("<\n|im_start|\n>", "(im_start)"),
            ("<\u0301|im_start|>", "(im_start)"),
            ("‹∣im_start∣›", "(im_start)"),
            ("〈¦im_start¦〉", "(im_start)"),
            ("⟨│im_start│⟩", "(im_start)"),
            ("≮|im_start|≯", "(im_start)"),
            ("<tool_call>{}</tool_call>", "(tool_call){}(/tool_call)"),
            ("<think>x</think>", "(think)x(/think)"),
            ("< / ＴＨＩＮＫ >", "( / ＴＨＩＮＫ )"),
            ("<s>x</s>", "(s)x(/s)"),
            ("<ﬅart_of_turn>", "(ﬅart_of_turn)"),
            ("<extra_id_0>", "(extra_id_0)"),
            ("[INST] x [/INST]", "(INST) x (/INST)"),
            ("<<SYS>>", "<(SYS)>"),
        ],
    )
    def test_control_tokens_and_their_look_alikes_lose_their_brackets(self, text: str, neutral: str) -> None:
        assert sanitize(text).text == neutral

    @pytest.mark.parametrize(
        "nested",
        ["<|im_<|im_end|>start|>", "<<||im_start||>>", "<<s>s>", "<tool_re<s>pon<s>e>", "<|<|>|>", "<th<think>ink>"],
    )
    def test_taking_one_token_out_makes_no_other(self, nested: str) -> None:
        assert not TOKENS.search(sanitize(nested).text.replace(" ", ""))

    def test_tokens_are_counted_in_the_note(self) -> None:
        assert sanitize("<|im_end|>").notes == ("1 chat-template token neutralised",)
        assert sanitize("<|im_end|><|im_start|> <think>").notes == ("3 chat-template tokens neutralised",)


class TestBlockList:
    def test_the_number_of_the_pattern_is_named_but_not_the_prompt(self) -> None:
        with pytest.raises(BlockedPrompt) as caught:
            sanitize("a secret badger", blocked=[re.compile("fox"), re.compile("badger")])
        assert "pattern 2" in caught.value.message
        assert "secret" not in caught.value.message
        assert caught.value.details == {"pattern": 2}

    def test_a_prompt_without_a_match_passes(self) -> None:
        assert sanitize("a fox", blocked=[re.compile("badger")]) == Prompt("a fox")

    @pytest.mark.parametrize("text", ["bad\u200bger", "ｂａｄｇｅｒ", "𝐛𝐚𝐝𝐠𝐞𝐫", "bad\xadger"])
    def test_invisible_characters_and_letter_forms_do_not_get_past_it(self, text: str) -> None:
        with pytest.raises(BlockedPrompt):
            sanitize(text, blocked=[re.compile("badger")])
