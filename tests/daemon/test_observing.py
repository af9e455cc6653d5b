"""What those who watch a service may rely on: metrics, traces, and the dashboard and alerts made for them."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from spectacle.checks import Level
from spectacle.checks.metrics import check_metrics
from spectacle.cli import main
from spectacle.config import MetricsSettings, Settings
from spectacle.daemon import tracing
from spectacle.daemon.metrics import DaemonMetrics, Now, write_atomically
from spectacle.daemon.observing import parts_of
from spectacle.daemon.progress import Attempt
from spectacle.daemon.tracing import Part, Tracer, trace_number
from spectacle.gateway.metrics import Metrics
from spectacle.spool.naming import RequestName

MONITORING = Path(__file__).parents[2] / "monitoring"
QUIET = Now(True, {}, 0.0, {"cpu": 0}, {"cpu": 0}, 1, 10**9)


def name(stem: str) -> RequestName:
    found = RequestName.from_stem(stem)
    assert found is not None
    return found


def told(path: Path) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(path.read_text())
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def labels(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spectacle.prom"


@pytest.fixture
def metrics(file: Path) -> DaemonMetrics:
    settings = Settings(metrics=MetricsSettings(textfile=file))
    ticks = iter(range(0, 10**6, 20))
    return DaemonMetrics(lambda: settings, lambda: float(next(ticks)))


def test_what_happened_is_counted_without_users_and_stems(metrics: DaemonMetrics, file: Path) -> None:
    metrics.answered(name("alice-1-64x64"), 0.2, 3.0)
    metrics.answered(name("alice-2-64x64-svg"), 0.2, 3.0)
    metrics.ended(name("bob-1-64x64"), "bad-options")
    for number in range(50):
        metrics.ended(name(f"bob-1-64x64-made_up_{number}"), "unknown-kind")
    metrics.ended(name("bob-2-64x64"), "cancelled")
    metrics.generated("illustration", 1.5, 0.3)
    metrics.attempted("answered")
    metrics.taken_over()
    metrics.worker_lost("cuda:0", "worker-crashed")
    with metrics.scanning():
        pass
    metrics.write_when_due(lambda: Now(False, {"svg": 2, "x": 3, "y": 4}, 7.5, {"cpu": 1}, {"cpu": 2}, 3, 10**9))
    found = told(file)
    for metric, by, value in (
        ("spectacle_requests_total", labels(kind="picture", outcome="ok"), 1),
        ("spectacle_requests_total", labels(kind="picture", outcome="bad-options"), 1),
        ("spectacle_requests_total", labels(kind="other", outcome="unknown-kind"), 50),
        ("spectacle_requests_total", labels(kind="picture", outcome="cancelled"), 1),
        ("spectacle_request_duration_seconds_bucket", labels(kind="svg", le="5.0"), 1),
        ("spectacle_queue_duration_seconds_bucket", labels(kind="svg", le="0.1"), 0),
        ("spectacle_generation_duration_seconds_count", labels(generator="illustration"), 1),
        ("spectacle_model_load_duration_seconds_sum", labels(generator="illustration"), 1.5),
        ("spectacle_attempts_total", labels(reason="answered"), 1),
        ("spectacle_takeovers_total", labels(), 1),
        ("spectacle_worker_restarts_total", labels(device="cuda:0", reason="worker-crashed"), 1),
        ("spectacle_waiting_requests", labels(kind="svg"), 2),
        ("spectacle_waiting_requests", labels(kind="picture"), 0),
        ("spectacle_waiting_requests", labels(kind="other"), 7),
        ("spectacle_oldest_waiting_seconds", labels(), 7.5),
        ("spectacle_running_requests", labels(device="cpu"), 1),
        ("spectacle_loaded_models", labels(device="cpu"), 2),
        ("spectacle_spool_up", labels(), 0),
        ("spectacle_instances", labels(), 3),
        ("spectacle_free_bytes", labels(), 10**9),
        ("spectacle_spool_scan_duration_seconds_count", labels(), 1),
    ):
        assert found[metric, by] == value, metric
    assert not re.search("alice|bob|made_up|_created", file.read_text())


def test_the_file_is_replaced_as_a_whole_and_readable_for_all(metrics: DaemonMetrics, file: Path) -> None:
    file.write_text("older")
    with file.open() as before:
        metrics.write_when_due(lambda: QUIET)
        assert before.read() == "older"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with pytest.raises(OSError, match="Is a directory"):
        write_atomically(file.parent, b"")
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_file_that_cannot_be_written_costs_nothing_but_a_log_line(tmp_path: Path) -> None:
    settings = Settings(metrics=MetricsSettings(textfile=tmp_path / "none/x.prom"))
    ticks = iter(range(0, 1000, 20))
    metrics = DaemonMetrics(lambda: settings, lambda: float(next(ticks)))
    metrics.write_when_due(lambda: QUIET)
    metrics.write_when_due(lambda: QUIET)
    assert not (tmp_path / "none").exists()


def test_doctor_says_what_keeps_metrics_and_traces_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(check_metrics(MetricsSettings())) == []
    (fine,) = check_metrics(MetricsSettings(textfile=tmp_path / "x.prom"))
    assert fine.level is Level.OK
    (wrong,) = check_metrics(MetricsSettings(textfile=tmp_path / "none/x.prom"))
    assert wrong.level is Level.FAIL
    assert wrong.found == f"metrics.textfile {tmp_path}/none/x.prom: cannot be written: No such file or directory"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(tracing, "find_spec", lambda _name: None)
    (missing,) = check_metrics(MetricsSettings())
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but opentelemetry.sdk is missing" in missing.found
    assert Tracer.from_environment() is None


def test_a_file_that_the_collector_would_not_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spectacle.toml").write_text('[metrics]\ntextfile = "spectacle.txt"\n')
    result = CliRunner().invoke(main, ["serve", "--once", "--config", str(tmp_path / "spectacle.toml")])
    assert result.exit_code == 1
    assert "must end in .prom" in result.output


# --- traces -----------------------------------------------------------------------------------------------------------


def test_a_trace_is_found_by_the_stem_and_tells_no_prompt_and_no_user() -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracer = Tracer(exporter)
    parts = [Part("queue", 1.0, 3.0), Part("load", 3.0, 4.5), Part("generate", 4.5, 5.0)]
    tracer.record("alice-1-64x64", parts, {"kind": "picture", "steps": None}, failed=True)
    tracer.record("alice-2-64x64", parts[:1], {}, failed=False)
    tracer.close()
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["queue", "load", "generate", "request", "queue", "request"]
    request = spans[3]
    assert {span.context.trace_id for span in spans[:4]} == {trace_number("alice-1-64x64")}
    assert spans[5].context.trace_id == trace_number("alice-2-64x64") != trace_number("alice-1-64x64")
    assert all(span.parent is not None and span.parent.span_id == request.context.span_id for span in spans[:3])
    assert request.parent is None
    assert dict(request.attributes or {}) == {"spectacle.kind": "picture"}
    assert not request.status.is_ok
    assert spans[5].status.is_ok
    assert abs((request.end_time or 0) - (request.start_time or 0) - 4_000_000_000) < 1000
    assert "alice" not in "".join(span.to_json() for span in spans)


@pytest.mark.parametrize(
    ("started", "done", "facts", "expected"),
    [
        (4.5, 9.0, {"encode_seconds": 1.5}, [("load", 4.5), ("generate", 7.5), ("encode", 9.0), ("commit", 9.5)]),
        (4.5, 9.0, {"encode_seconds": 60.0}, [("load", 4.5), ("generate", 4.5), ("encode", 9.0), ("commit", 9.5)]),
        (4.5, None, {}, [("load", 4.5), ("generate", 9.5)]),
        (None, None, {}, [("commit", 9.5)]),
    ],
)
def test_the_parts_of_a_trace_follow_each_other_and_encoding_is_told_apart(
    started: float | None, done: float | None, facts: dict[str, float], expected: list[tuple[str, float]]
) -> None:
    attempt = Attempt(name("a-1-64x64"), began=3.0, started=started, done=done, facts=facts)
    parts = list(parts_of(attempt, 1.0, 9.5))
    assert [(part.name, part.ended) for part in parts] == [("queue", 3.0), *expected]
    assert [part.began for part in parts] == [1.0, *(part.ended for part in parts[:-1])]


# --- dashboard and alerts ---------------------------------------------------------------------------------------------

_METRIC = re.compile(r"\b(?:spectacle|node)_[a-z_]+")
_KNOWN_ELSEWHERE = {"node_textfile_mtime_seconds"}


@pytest.fixture
def known(metrics: DaemonMetrics, file: Path) -> Callable[[str], None]:
    """Checks that an expression names metrics that there are, and labels that they have."""
    metrics.answered(name("a-1-64x64"), 0.1, 0.1)
    metrics.generated("illustration", 1.0, 1.0)
    metrics.attempted("again")
    metrics.worker_lost("cpu", "worker-crashed")
    with metrics.scanning():
        pass
    metrics.write_when_due(lambda: QUIET)
    there: dict[str, set[str]] = {}
    for metric, values in told(file):
        there.setdefault(metric, {"instance"}).update(label for label, _ in values)

    def check(expression: str) -> None:
        assert expression.count("(") == expression.count(")")
        assert expression.count("{") == expression.count("}")
        names = set(_METRIC.findall(expression))
        assert names
        assert names - there.keys() <= _KNOWN_ELSEWHERE, names - there.keys()
        for selector in re.finditer(r"((?:spectacle)_[a-z_]+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector[2])) <= there[selector[1]], selector[0]
        for grouping in re.findall(r"by \(([^)]*)\)", expression):
            by = {label.strip() for label in grouping.split(",")}
            assert by <= set().union(*(there[each] for each in names if each in there)), grouping

    return check


def test_the_dashboard_shows_metrics_that_there_are(known: Callable[[str], None]) -> None:
    board: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= board.keys()
    variables = {each["name"] for each in board["templating"]["list"]}
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            known(target["expr"])
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= variables


def test_every_metric_that_people_need_is_on_the_dashboard_or_in_an_alert(file: Path, metrics: DaemonMetrics) -> None:
    metrics.write_when_due(lambda: QUIET)
    shown = "".join(path.read_text() for path in MONITORING.iterdir())
    families = {family.name for family in text_string_to_metric_families(file.read_text())}
    assert {family for family in families if family not in shown} == set()


def test_the_alert_rules_are_what_prometheus_takes(known: Callable[[str], None]) -> None:
    (group,) = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    assert set(group) == {"name", "rules"}
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"[0-9]+[smh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == set(rule["annotations"])
        known(rule["expr"])


def promtool(*arguments: str | Path, given: bytes | None = None) -> str:
    """Prometheus' own checker, on what it is given; it must find nothing wrong."""
    assert shutil.which("promtool"), "promtool is missing: install the package prometheus"
    done = subprocess.run(["promtool", *arguments], input=given, capture_output=True, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@pytest.mark.slow
def test_prometheus_accepts_the_metrics_the_alert_rules_and_each_query_of_the_dashboard(
    file: Path, known: Callable[[str], None], tmp_path: Path
) -> None:
    assert promtool("check", "metrics", given=file.read_bytes()) == ""
    gateway = Metrics()
    gateway.count("/v1/jobs", "GET", 200, 0.1)
    assert promtool("check", "metrics", given=gateway.text(waiting=1, running=2)) == ""
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", MONITORING / "alerts.yaml")
    board = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    # Grafana replaces its variables before it asks Prometheus.
    recorded = [
        {"record": f"query_{number}", "expr": query.replace("$__rate_interval", "5m").replace("$", "")}
        for number, query in enumerate(queries)
    ]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": recorded}]}))
    assert f"SUCCESS: {len(queries)} rules found" in promtool("check", "rules", tmp_path / "queries.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alert", "series"),
    [
        ("SpectacleSpoolDown", {"spectacle_spool_up": "1x19 0x60"}),
        ("SpectacleRequestsWait", {"spectacle_oldest_waiting_seconds": "0x19 1000x60"}),
        (
            "SpectacleNoResults",
            {
                'spectacle_waiting_requests{kind="svg"}': "0x19 1x100",
                "spectacle_last_answer_timestamp_seconds": "0x120",
            },
        ),
    ],
)
def test_an_alert_fires_after_its_time_and_not_before(tmp_path: Path, alert: str, series: dict[str, str]) -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    (rule,) = (each for each in groups[0]["rules"] if each["alert"] == alert)
    del rule["annotations"]
    groups[0]["rules"] = [rule]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    labels = {"severity": rule["labels"]["severity"], "instance": "a"}
    checks = [
        {"alertname": alert, "eval_time": "15m", "exp_alerts": []},
        {"alertname": alert, "eval_time": "75m", "exp_alerts": [{"exp_labels": labels}]},
    ]
    given = [
        {"series": each[:-1] + ',instance="a"}' if each.endswith("}") else each + '{instance="a"}', "values": values}
        for each, values in series.items()
    ]
    test = {"interval": "1m", "input_series": given, "alert_rule_test": checks}
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "tests.yaml")


def test_the_error_codes_in_alerts_exist() -> None:
    from spectacle import errors

    text = (MONITORING / "alerts.yaml").read_text()
    codes = {each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    for selector in re.findall(r'outcome=~"([^"]*)"', text):
        assert set(selector.split("|")) <= codes
