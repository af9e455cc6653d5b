"""Settings: where they come from, and what is said about those that are wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import Settings, fields, load
from spectacle.errors import ConfigurationError
from spectacle.spool.naming import RESERVED_KINDS


def load_text(
    directory: Path, text: str, environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    file = directory / "spectacle.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment=environment or {}, flags=flags)


def error_of(directory: Path, text: str = "", **rest: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_text(directory, text, **rest)
    assert "\n" not in caught.value.message
    return caught.value.message


class TestSources:
    def test_no_configuration_is_needed(self) -> None:
        assert load(environment={}) == Settings()

    def test_the_built_in_generator_serves_pictures_and_drawings_by_default(self) -> None:
        settings = Settings()
        assert {name: (kind.generator, kind.format) for name, kind in settings.kinds.items()} == {
            "picture": ("illustration", "png"),
            "svg": ("illustration", "svg"),
        }
        assert settings.default_kind == "picture"

    def test_a_file_sets_what_it_says_and_nothing_else(self, tmp_path: Path) -> None:
        settings = load_text(tmp_path, "[spool]\nsettle = 2.5\n[limits]\njob = 60\n")
        assert (settings.spool.settle, settings.limits.job) == (2.5, 60)
        assert settings.spool.poll_interval == Settings().spool.poll_interval

    def test_a_variable_outdoes_the_file_and_a_flag_outdoes_both(self, tmp_path: Path) -> None:
        text, variable = "[spool]\nsettle = 1\n", {"SPECTACLE_SPOOL_SETTLE": "2"}
        assert load_text(tmp_path, text).spool.settle == 1
        assert load_text(tmp_path, text, variable).spool.settle == 2
        assert load_text(tmp_path, text, variable, {"spool": {"settle": 3}}).spool.settle == 3

    def test_flags_that_are_not_given_change_nothing(self, tmp_path: Path) -> None:
        assert load_text(tmp_path, "[spool]\nsettle = 1\n", flags={"spool": {"settle": None}}).spool.settle == 1

    @pytest.mark.parametrize("text", ["", "[spool]\n", "[spool]\npath = 'spool'\n"])
    def test_the_spool_lies_beside_the_file_that_is_read(self, tmp_path: Path, text: str) -> None:
        assert load_text(tmp_path, text).spool.path == tmp_path / "spool"

    def test_weights_lie_beside_the_file_too(self, tmp_path: Path) -> None:
        settings = load_text(tmp_path, "[weights]\ndirectory = 'w'\nprepared = { botanical = 'p', other = '/q' }\n")
        assert settings.weights.directory == tmp_path / "w"
        assert settings.weights.prepared == {"botanical": tmp_path / "p", "other": Path("/q")}

    def test_an_absolute_path_stays_as_it_is(self, tmp_path: Path) -> None:
        assert load_text(tmp_path, "[spool]\npath = '/srv/spool'\n").spool.path == Path("/srv/spool")

    def test_a_home_directory_is_expanded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/fox")
        assert load_text(tmp_path, "[spool]\npath = '~/spool'\n").spool.path == Path("/home/fox/spool")

    def test_a_file_in_the_spool_itself_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"is in the spool, so everyone .* could change it\. Move it"):
            load_text(tmp_path, "[spool]\npath = '.'\n")
        with pytest.raises(ConfigurationError, match="is in the spool"):
            load(tmp_path / "spectacle.toml", environment={}, flags={"spool": {"path": str(tmp_path)}})


class TestVariables:
    def test_every_setting_has_a_variable(self) -> None:
        names = ["SPECTACLE_" + "_".join(keys).upper() for keys, _ in fields()]
        assert len(names) == len(set(names))
        assert {"SPECTACLE_SPOOL_PATH", "SPECTACLE_DEFAULT_KIND", "SPECTACLE_LOG_LEVEL"} <= set(names)

    @pytest.mark.parametrize("text", ["cuda:0,cuda:1", '["cuda:0", "cuda:1"]', " cuda:0 , cuda:1 "])
    def test_lists_are_written_with_commas_or_as_toml(self, text: str) -> None:
        assert load(environment={"SPECTACLE_WORKERS_DEVICES": text}).workers.devices == ("cuda:0", "cuda:1")

    @pytest.mark.parametrize(("text", "value"), [("true", True), ("0", False), ("no", False)])
    def test_switches_are_understood(self, text: str, value: bool) -> None:
        assert load(environment={"SPECTACLE_WORKERS_PRELOAD": text}).workers.preload is value

    def test_an_empty_variable_unsets_what_may_be_unset(self, tmp_path: Path) -> None:
        assert load_text(tmp_path, "[spool]\nsettle = 1\n", {"SPECTACLE_SPOOL_SETTLE": ""}).spool.settle is None

    def test_an_unknown_variable_is_refused_with_what_was_meant(self) -> None:
        with pytest.raises(ConfigurationError, match=r"SPECTACLE_SPOOL_SETTEL: unknown setting. Did you mean .*SETTLE"):
            load(environment={"SPECTACLE_SPOOL_SETTEL": "1"})

    def test_variables_that_are_no_settings_are_left_alone(self) -> None:
        load(environment={"SPECTACLE_CONFIG": "x", "SPECTACLE_PLUGINS": "", "_SPECTACLE_COMPLETE": "bash_source"})

    def test_a_bad_value_is_blamed_on_its_variable(self) -> None:
        with pytest.raises(ConfigurationError, match=r"SPECTACLE_SPOOL_MAX_ATTEMPTS: spool.max_attempts = 'many'"):
            load(environment={"SPECTACLE_SPOOL_MAX_ATTEMPTS": "many"})

    def test_a_bad_flag_is_blamed_on_the_command_line(self) -> None:
        with pytest.raises(ConfigurationError, match=r"command line: workers\.devices = \['tpu'\]: invalid device"):
            load(environment={}, flags={"workers": {"devices": ["tpu"]}})


class TestErrors:
    def test_an_unknown_setting_is_refused_with_line_and_what_is_allowed(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "# comment\n[spool]\nsettle = 1\npol_interval = 3\n")
        assert f"{tmp_path}/spectacle.toml, line 4: unknown setting spool.pol_interval" in message
        assert "Did you mean poll_interval?" in message
        assert "min_free" in message

    def test_an_unknown_section_is_refused(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[spol]\npath = 'x'\n")
        assert "line 1: unknown setting spol. Did you mean spool?" in message

    def test_a_value_out_of_range_is_refused_with_value_line_and_bound(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[spool]\n\nmax_attempts = 0\n")
        assert "line 3: spool.max_attempts = 0: " in message
        assert "spool.max_attempts = 0: must be at least 1" in message

    def test_a_value_of_another_type_is_refused(self, tmp_path: Path) -> None:
        assert "line 1: spool.poll_interval = 'often': " in error_of(tmp_path, "spool.poll_interval = 'often'\n")

    def test_a_section_that_is_none_is_refused(self, tmp_path: Path) -> None:
        assert "line 1: spool = 'here': must be a section" in error_of(tmp_path, "spool = 'here'\n")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[workers]\ndevices = 'cpu'\n", "workers.devices = 'cpu': must be a list"),
            ("[spool]\npath = 3\n", "spool.path = 3: must be a path in quotes"),
            ("[kinds.card]\ngenerator = 3\n", "kinds.card.generator = 3: must be text in quotes"),
            ("kinds.card.generator = 'x'\nkinds.card.options = 3\n", "kinds.card.options = 3: must be a table"),
        ],
    )
    def test_a_value_of_another_type_is_told_what_it_must_be(self, tmp_path: Path, text: str, said: str) -> None:
        assert f"line 2: {said}" in error_of(tmp_path, text)

    def test_the_levels_that_are_allowed_are_named(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[log]\nlevel = 'loud'\n")
        assert all(level in message for level in ("line 2", "'loud'", "'debug'", "'warning'"))

    @pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
    def test_what_is_no_number_is_refused(self, tmp_path: Path, value: str) -> None:
        assert "line 2: spool.empty_grace" in error_of(tmp_path, f"[spool]\nempty_grace = {value}\n")

    def test_several_mistakes_are_told_at_once(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[spool]\nmax_attempts = 0\n[log]\nlevel = 'loud'\n")
        assert "spool.max_attempts" in message
        assert "log.level" in message

    def test_a_long_value_is_not_repeated_in_full(self, tmp_path: Path) -> None:
        assert len(error_of(tmp_path, f"[log]\nlevel = '{'x' * 10_000}'\n")) < 400

    def test_what_is_no_toml_is_refused_with_its_place(self, tmp_path: Path) -> None:
        assert "invalid TOML" in error_of(tmp_path, "[spool\n")

    def test_a_section_that_is_there_twice_is_named(self, tmp_path: Path) -> None:
        for section in ("hooks", "limits.users"):
            message = error_of(tmp_path, f"[{section}]\n\n[log]\n[{section}]\n")
            assert (
                f"the section [{section}] is there twice, again in line 4. Put its settings into the first" in message
            )

    def test_several_mistakes_are_sentences_of_their_own(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[limits.users]\nwaiting = 0\n[retention]\nnumber = 0\n[hooks]\nfailed = ['']\n")
        assert "limits.users.waiting = 0: must be at least 1. Omit it for no limit. " in message
        assert "retention.number = 0: must be at least 1. Omit it for no limit. " in message
        assert "hooks.failed.0 = '': must not be empty." in message

    def test_a_file_that_nests_without_end_is_refused(self, tmp_path: Path) -> None:
        assert "nested too deep" in error_of(tmp_path, "x = " + "[" * 100_000)

    @pytest.mark.parametrize("value", ['"ten gigabytes"', '"-3"', '"1XB"'])
    def test_a_size_that_is_none_is_refused_with_one_that_is(self, tmp_path: Path, value: str) -> None:
        message = error_of(tmp_path, f"[placement]\nram_limit = {value}\n")
        assert "line 2: placement.ram_limit" in message
        assert 'such as "10GB"' in message

    def test_a_file_that_is_no_text_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "spectacle.toml"
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigurationError, match=r"byte 1 is not UTF-8\. Save the file as UTF-8"):
            load(file, environment={})

    def test_a_missing_file_is_refused_with_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"does not exist\. Write it .*, or use another"):
            load(tmp_path / "none.toml", environment={})

    def test_a_block_list_that_is_no_pattern_is_refused(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[sanitize]\nblocked = ['fine', '(']\n")
        assert "line 2: sanitize.blocked" in message
        assert "invalid regular expression '('" in message

    def test_a_block_list_that_cannot_be_searched_for_in_linear_time_is_refused(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[sanitize]\nblocked = ['fine', '(?<!red )fox']\n")
        assert "line 2: sanitize.blocked" in message
        assert "'(?<!red )fox' contains a look-ahead or look-behind" in message
        assert "Write it without, or as several patterns" in message


class TestOldNames:
    def test_settings_with_old_names_work_with_one_warning_each(self, tmp_path: Path) -> None:
        said: list[str] = []
        file = tmp_path / "spectacle.toml"
        file.write_text('[log]\nform = "json"\n[kinds.card]\ngenerator = "test-double"\nmakes = "svg"\n')
        settings = load(file, environment={}, warn=said.append)
        assert (settings.log.format, settings.kinds["card"].format) == ("json", "svg")
        assert [line.partition("spectacle.toml, ")[2] for line in said] == [
            "line 2: setting log.form has been renamed. Use log.format; the old name works until version 1.0.",
            (
                "line 5: setting kinds.card.makes has been renamed. Use kinds.card.format; "
                "the old name works until version 1.0."
            ),
        ]

    def test_a_variable_with_an_old_name_works_with_a_warning(self) -> None:
        said: list[str] = []
        assert load(environment={"SPECTACLE_LOG_FORM": "json"}, warn=said.append).log.format == "json"
        assert "variable SPECTACLE_LOG_FORM: " in said[0]

    def test_warnings_go_to_standard_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        load(environment={"SPECTACLE_LOG_FORM": "json"})
        captured = capsys.readouterr()
        assert "Use log.format" in captured.err
        assert not captured.out

    def test_an_old_name_beside_the_new_one_is_refused(self, tmp_path: Path) -> None:
        assert "unknown setting log.form" in error_of(tmp_path, "[log]\nform = 'json'\nformat = 'json'\n")

    @pytest.mark.parametrize("text", ["log = 3\n", "kinds = 3\n", "[kinds]\ncard = 3\n"])
    def test_what_is_not_a_table_is_still_an_error(self, tmp_path: Path, text: str) -> None:
        assert "must be a" in error_of(tmp_path, text)


class TestKinds:
    def test_configured_kinds_take_the_place_of_the_built_in_ones(self, tmp_path: Path) -> None:
        settings = load_text(
            tmp_path,
            "default_kind = 'card'\n[kinds.card]\ngenerator = 'test-double'\npreset = 'big'\noptions = {steps = 4}\n",
        )
        card = settings.kinds["card"]
        assert list(settings.kinds) == ["card"]
        assert (card.generator, card.preset, card.format, card.options) == ("test-double", "big", "png", {"steps": 4})

    @pytest.mark.parametrize("kind", sorted(RESERVED_KINDS))
    def test_kinds_whose_results_would_be_named_like_companions_are_refused(self, tmp_path: Path, kind: str) -> None:
        message = error_of(tmp_path, f"[kinds.{kind}]\ngenerator = 'illustration'\n")
        assert f"line 1: kinds.{kind}: reserved kind name" in message

    @pytest.mark.parametrize("kind", ["Big", "1st", "a-b", "_x", '""', '"ä"'])
    def test_a_name_no_request_could_ask_for_is_refused(self, tmp_path: Path, kind: str) -> None:
        assert "invalid kind" in error_of(tmp_path, f"[kinds.{kind}]\ngenerator = 'illustration'\n")

    def test_a_kind_without_generator_is_refused(self, tmp_path: Path) -> None:
        assert "line 1: kinds.card.generator is missing" in error_of(tmp_path, "[kinds.card]\nformat = 'png'\n")

    def test_an_unknown_setting_of_a_kind_is_refused_with_what_is_allowed(self, tmp_path: Path) -> None:
        message = error_of(tmp_path, "[kinds.card]\ngenerator = 'x'\nform = 'png'\n")
        assert "line 3: unknown setting kinds.card.form. Did you mean format?" in message

    def test_a_form_that_is_not_made_is_refused(self, tmp_path: Path) -> None:
        assert "kinds.card.format = 'gif'" in error_of(tmp_path, "[kinds.card]\ngenerator = 'x'\nformat = 'gif'\n")

    def test_no_kinds_at_all_are_refused(self, tmp_path: Path) -> None:
        assert "line 1: kinds = {}: must not be empty" in error_of(tmp_path, "[kinds]\n")

    def test_a_default_kind_that_is_none_is_refused(self, tmp_path: Path) -> None:
        assert "line 1: default_kind = 'Big': invalid kind name. Use a-z" in error_of(
            tmp_path, "default_kind = 'Big'\n"
        )

    def test_the_default_kind_may_be_left_to_other_instances(self, tmp_path: Path) -> None:
        settings = load_text(tmp_path, "default_kind = 'photo'\n[kinds.card]\ngenerator = 'test-double'\n")
        assert settings.default_kind not in settings.kinds


class TestDevices:
    @pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:15"])
    def test_devices_are_named_as_torch_names_them(self, tmp_path: Path, device: str) -> None:
        assert load_text(tmp_path, f"[workers]\ndevices = ['{device}']\n").workers.devices == (device,)

    @pytest.mark.parametrize("devices", ["['gpu']", "['cuda:']", "['cuda:x']", "[]", "['']"])
    def test_other_devices_are_refused(self, tmp_path: Path, devices: str) -> None:
        assert "line 2: workers.devices" in error_of(tmp_path, f"[workers]\ndevices = {devices}\n")
