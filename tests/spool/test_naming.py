from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectacle.spool import naming
from spectacle.spool.naming import MAX_NAME_BYTES, RequestName, Temporary, stem_of_commit, stem_of_lock

UUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


@pytest.mark.parametrize(
    ("file_name", "user", "msgid", "size", "kind"),
    [
        (f"{UUID}-17-640x480.txt", UUID, "17", (640, 480), None),
        (f"{UUID}-{UUID}-640x480-svg.txt", UUID, UUID, (640, 480), "svg"),
        ("0123456-0xf00fb00b123456-1024x1024.txt", "0123456", "0xf00fb00b123456", (1024, 1024), None),
        ("+15551234567-1731024000123-512x512-svg.txt", "+15551234567", "1731024000123", (512, 512), "svg"),
        ("xyz8fGRPab+9z-1-64x64.txt", "xyz8fGRPab+9z", "1", (64, 64), None),
        ("a-2024-11-21-64x64.txt", "a", "2024-11-21", (64, 64), None),
        ("a-64x64-32x32.txt", "a", "64x64", (32, 32), None),
        ("a-1-0x0.txt", "a", "1", (0, 0), None),
        ("a-1-99999x99999.txt", "a", "1", (99999, 99999), None),
        ("_-~-1x1-k_9.txt", "_", "~", (1, 1), "k_9"),
    ],
)
def test_a_request_name_is_taken_apart_from_the_right(
    file_name: str, user: str, msgid: str, size: tuple[int, int], kind: str | None
) -> None:
    name = RequestName.parse(file_name)
    assert name is not None
    assert (name.user, name.msgid, (name.width, name.height), name.kind) == (user, msgid, size, kind)
    assert name.file_name == file_name


@pytest.mark.parametrize(
    "file_name",
    [
        "notes.txt",
        "a-1-640x480-error.txt",
        f"{UUID}-17-640x480-svg-error.txt",
        ".a-1-64x64.txt",
        "a-.b-64x64.txt",
        "a-1-640X480.txt",
        "a-1-064x64.txt",
        "a-1-100000x64.txt",
        "a-64x64.txt",
        "a-1-64x64.TXT",
        "a-1-64x64.txt\n",
        "a-1-64x64 .txt",
        "a b-1-64x64.txt",
        "ä-1-64x64.txt",
        "a-１-64x64.txt",
        "a--64x64.txt",
        "a-1-64x64-Svg.txt",
        "a-1-64x64-.txt",
        "a-1-64x64",
        "a/b-1-64x64.txt",
        "a-" + "1" * MAX_NAME_BYTES + "-64x64.txt",
        "",
        ".txt",
    ],
)
def test_any_other_name_is_none_of_our_business(file_name: str) -> None:
    assert RequestName.parse(file_name) is None


def test_a_dashed_uuid_is_one_user() -> None:
    first = RequestName.parse(f"{UUID}-1-64x64.txt")
    second = RequestName.parse(f"{UUID}-2-2-64x64.txt")
    assert first is not None
    assert second is not None
    assert first.user == second.user == UUID


@given(st.text(max_size=300))
def test_parsing_never_raises_and_never_accepts_a_path(text: str) -> None:
    for candidate in (text, text + ".txt", f"a-{text}-64x64.txt"):
        name = RequestName.parse(candidate)
        if name is not None:
            assert "/" not in candidate
            assert candidate.isascii()
            assert not candidate.startswith(".")


_token = st.from_regex(r"[A-Za-z0-9_+=@~][A-Za-z0-9_.+=@~]{0,15}", fullmatch=True)
_number = st.integers(0, 99999)


@given(_token, st.lists(_token, min_size=1, max_size=4), _number, _number, st.sampled_from(["", "-svg", "-photo_2"]))
def test_what_the_grammar_makes_is_parsed_back(user: str, msgid: list[str], width: int, height: int, kind: str) -> None:
    name = RequestName.parse(f"{user}-{'-'.join(msgid)}-{width}x{height}{kind}.txt")
    assert name is not None
    assert (name.width, name.height) == (width, height)
    assert (name.kind or "") == kind.removeprefix("-")
    assert f"{name.user}-{name.msgid}" == f"{user}-{'-'.join(msgid)}"


def test_commit_and_claim_names_lead_back_to_their_stem() -> None:
    name = RequestName.parse("a-1-64x64.txt")
    assert name is not None
    assert stem_of_commit(name.commit_name) == name.stem
    assert stem_of_lock(name.lock_name) == name.stem
    assert stem_of_commit(".other.commit") is None
    assert stem_of_lock("package.lock") is None


MAX_STEM = "a-" + "1" * (MAX_NAME_BYTES - len("a--64x64.txt")) + "-64x64"
NONCE = "0123abcd"


def names_of_all_kinds(name: RequestName) -> set[str]:
    """Every name that can be made of a request's, each as long as it gets."""
    public = {name.file_name, name.lock_name, name.error_name, name.progress_name, *name.attachment_names()}
    public |= {naming.result_name(name.stem, number, extension) for number in (1, 9999) for extension in ("png", "svg")}
    retired = public - {name.lock_name, name.progress_name}  # those two are just removed
    largest_inode = naming.inode_mark(2**64 - 1)
    return public | {
        name.commit_name,
        naming.answer_draft_name(name.stem, NONCE, 9999),
        naming.record_draft_name(name.stem, NONCE),
        naming.aside_name(name.stem, 2 * NONCE),
        naming.replacement_name(name.progress_name, NONCE),
        f"{name.lock_name}.restore.{2**22}.{4 * NONCE}",  # filelock's
        *(naming.client_draft_name(each) for each in public),
        *(naming.retired_name(each, which, NONCE) for each in retired for which in (largest_inode, 2 * NONCE)),
        *(naming.quarantine_path(each, NONCE).rpartition("/")[2] for each in public),
    }


def test_of_the_longest_request_name_every_other_name_can_be_made() -> None:
    name = RequestName.from_stem(MAX_STEM)
    assert name is not None
    assert len(name.file_name) == MAX_NAME_BYTES
    assert RequestName.from_stem(f"{MAX_STEM[:2]}1{MAX_STEM[2:]}") is None
    sizes = {each: len(each) for each in names_of_all_kinds(name)}
    longest = max(sizes, key=lambda each: sizes[each])
    assert sizes[longest] == 254, longest
    assert longest.startswith(f".{name.stem}-"), "an attachment on its way out"


def test_every_name_that_is_made_is_known_again() -> None:
    name = RequestName.from_stem("a-1-64x64-svg")
    assert name is not None
    attachments = set(name.attachment_names())
    temporaries = {
        naming.answer_draft_name(name.stem, NONCE, 12),
        naming.record_draft_name(name.stem, NONCE),
        naming.aside_name(name.stem, 2 * NONCE),
        naming.replacement_name(name.progress_name, NONCE),
    }
    for each in attachments | {name.error_name, name.progress_name, naming.result_name(name.stem, 2, "png")}:
        assert naming.request_of(each) == name
    for each in temporaries:
        assert Temporary.parse(each) == Temporary(name.stem)
    assert Temporary.parse(naming.probe_name(NONCE)) == Temporary(None)
    for each in attachments | {name.file_name}:
        assert naming.request_of(naming.client_draft_name(each)) == name
        assert naming.parse_retired(naming.retired_name(each, "inode-7", NONCE)) == (each, naming.inode_mark(7))
        digest = naming.digest_mark("0f" * 32)
        assert naming.parse_retired(naming.retired_name(each, digest, NONCE)) == (each, digest)
        mark = naming.version_mark((1, 2, 3), "0f" * 32)
        assert naming.parse_retired(naming.retired_name(each, mark, NONCE)) == (each, mark)
        assert naming.stem_of_retired(naming.retired_name(each, mark, NONCE)) == name.stem
    assert naming.stem_of_retired(naming.retired_name(name.error_name, mark, NONCE)) is None
    assert naming.stem_of_retired("notes.retired") is None
    assert all(naming.is_attachment_of(name.stem, each) for each in attachments)
    assert naming.is_answer_draft_of(name.stem, naming.answer_draft_name(name.stem, NONCE, 12))
    assert naming.result_of(name.stem, naming.result_name(name.stem, 2, "svg")) == (2, "svg")
    assert naming.stem_of_progress(name.progress_name) == name.stem


def test_every_path_in_the_state_directory_is_known_again() -> None:
    assert naming.state_path("") == ".spectacle"
    assert naming.state_path("poison") == ".spectacle/poison"
    assert naming.attempts_path("a-1-64x64") == ".spectacle/attempts/a-1-64x64"
    assert naming.quarantine_path("a-1-64x64.txt", NONCE) == f".spectacle/poison/a-1-64x64.txt.{NONCE}"
    assert naming.quarantine_path(".a-1-64x64.commit", NONCE) == f".spectacle/poison/a-1-64x64.commit.{NONCE}"
    report, reserve, schema = (
        path.rpartition("/")
        for path in (naming.report_path("h-1-abc"), naming.reserve_path("h-1-abc"), naming.schema_path("0f" * 32))
    )
    assert (report[0], reserve[0], schema[0]) == (".spectacle/instances", ".spectacle", ".spectacle")
    assert naming.reporter_of(report[2]) == naming.reserve_holder(reserve[2]) == "h-1-abc"
    assert naming.schema_digest(schema[2]) == "0f" * 32
    assert naming.is_state_draft(naming.replacement_name(report[2], NONCE))
    assert not any(naming.is_state_draft(each[2]) for each in (report, reserve, schema))


def test_a_stem_is_made_of_its_parts() -> None:
    assert RequestName.from_stem(naming.make_stem("a", "1-2", 64, 48)) == RequestName(
        "a-1-2-64x48", "a", "1-2", 64, 48, None
    )
    assert naming.make_stem("a", "1", 64, 64, "svg") == "a-1-64x64-svg"


def test_names_made_of_a_stem_are_those_of_its_request() -> None:
    name = RequestName.from_stem("a-1-64x64")
    assert name is not None
    assert naming.request_name(name.stem) == name.file_name == "a-1-64x64.txt"
    assert naming.lock_name(name.stem) == name.lock_name == "a-1-64x64.lock"
    assert naming.commit_name(name.stem) == name.commit_name == ".a-1-64x64.commit"
    assert naming.error_name(name.stem) == name.error_name == "a-1-64x64-error.txt"
    assert naming.options_name(name.stem) == name.options_name == "a-1-64x64-options.json"
    assert naming.input_name(name.stem, 1, "png") == name.input_names(1)[0] == "a-1-64x64-input.png"
    assert naming.input_name(name.stem, 10, "webp") == name.input_names(10)[3] == "a-1-64x64-input10.webp"
    assert naming.result_name(name.stem, 1, "svg") == name.stem + naming.result_suffix(1, "svg") == "a-1-64x64.svg"
    assert naming.result_name(name.stem, 2, "png") == name.stem + naming.result_suffix(2, "png") == "a-1-64x64-2.png"


def test_what_may_be_a_request_or_a_claim_is_told_by_its_ending() -> None:
    assert naming.possible_request("a-1-64x64.txt") == "a-1-64x64"
    assert naming.possible_request("notes.txt") == "notes"
    assert naming.possible_request("a-1-64x64.txt.tmp") is None


def test_the_names_of_a_spool_are_sorted_into_possible_requests_and_claims_and_commits() -> None:
    names = ["a-1-64x64.txt", "notes.txt", "a-1-64x64.lock", ".a-1-64x64.commit", ".notes.commit", "cat.png", "x.lock"]
    assert naming.sort_by_ending(names) == (["a-1-64x64", "notes"], {"a-1-64x64", "x"}, {"a-1-64x64"})


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("write STEM-input.png before STEM.txt", "write a-1-8x8-input.png before a-1-8x8.txt"),
        ("leave out STEM-control.png and STEM-mask.png", "leave out a-1-8x8-control.png and a-1-8x8-mask.png"),
        ("STEM-options.json: no", "a-1-8x8-options.json: no"),
        ("a SYSTEM.txt, STEM cells, STEM-cells", "a SYSTEM.txt, STEM cells, STEM-cells"),
    ],
)
def test_messages_get_the_stem_where_they_speak_of_files(message: str, named: str) -> None:
    assert naming.name_stem(message, "a-1-8x8") == named


@pytest.mark.parametrize("extension", ["txt", "lock", "svg", "tmp"])
def test_a_commit_record_names_no_other_request_and_nothing_of_it_as_an_attachment(extension: str) -> None:
    # The first is a request of the kind `input`.
    assert not naming.is_attachment_of("a-1-64x64", f"a-1-64x64-input.{extension}")
    assert naming.is_attachment_of("a-1-64x64", "a-1-64x64-input3.webp")
    assert naming.is_attachment_of("a-1-64x64", "a-1-64x64-input3.avif")


def test_a_commit_record_names_no_image_of_a_kind_that_is_never_served() -> None:
    # It would be the attachment of another request.
    assert not naming.is_result_of("a-1-64x64-mask", "a-1-64x64-mask.png")
    assert naming.is_result_of("a-1-64x64-mask", "a-1-64x64-mask-error.txt")
    assert naming.is_result_of("a-1-64x64-svg", "a-1-64x64-svg-2.png")


def test_requests_with_many_results_are_told_by_names_alone() -> None:
    many = ["a-1-64x64-5.png", "a-2-64x64-svg-10.svg", "u-m-sg-1x1-9999.png"]
    others = [
        *("a-3-64x64.png", "a-4-64x64-4.png", "a-5-64x64-5.txt", "a-6-64x64-05.png", "a-7-64x64-12345.png"),
        *(".a-8-64x64-5.png", "notes-5.png", "a-9-64x64-mask-5.png", "5.png", "-5.png"),
    ]
    assert naming.stems_with_many(many + others) == {"a-1-64x64", "a-2-64x64-svg", "u-m-sg-1x1"}


@pytest.mark.parametrize("stem", ["a-1-64x64", "a-1-64x64-svg", "a-64x64-32x32"])
def test_a_processed_input_belongs_to_its_request_and_to_no_other(stem: str) -> None:
    name = stem + naming.PROCESSED_INPUT
    request = naming.request_of(name)
    assert request is not None and request.stem == stem
    assert naming.is_result_of(stem, name)
    assert naming.is_image_of(stem, name)
    assert naming.stems_with_many([name]) == {stem}
    assert naming.result_of(stem, name) is naming.thumbnail_of(stem, name) is None
    # Whatever looks like the stem of another request.
    for other in (f"{stem}-input", f"{stem}-processed"):
        assert not naming.is_attachment_of(other, name)
        assert not naming.is_result_of(other, name)
        assert not naming.is_image_of(other, name)
    assert not naming.is_attachment_of(stem, name)
    assert RequestName.from_stem(f"{stem}-input-processed") is None


def test_thumbnails_are_told_from_results_and_from_attachments() -> None:
    stem = "a-1-64x64"
    assert naming.thumbnail_suffix(1, "png") == "-thumbnail.png"
    assert naming.thumbnail_of(stem, stem + naming.thumbnail_suffix(2, "jpg")) == (2, "jpg")
    assert naming.result_of(stem, stem + "-2-thumbnail.jpg") is naming.thumbnail_of(stem, stem + "-2.jpg") is None
    assert naming.result_of(stem, stem + "-2.avif") == (2, "avif")
    for name in ("-thumbnail.png", "-3-thumbnail.webp", ".jpg", "-2.avif"):
        request = naming.request_of(stem + name)
        assert request is not None and request.stem == stem
        assert naming.stems_with_many([stem + name]) == {stem}
    assert naming.stems_with_many([stem + "-input.jpg", stem + ".png"]) == set()
    assert naming.request_of(stem + "-thumbnail.txt") is None
    assert not naming.is_result_of(stem + "-thumbnail", stem + "-thumbnail.png")
