"""Charts with the numbers and labels of the prompt: bars, a line, a pie."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.genres.flat import plain_canvas
from spectacle.generators.illustration.compose.lettering import CAP, block, line, width_of
from spectacle.generators.illustration.compose.painting import Painted, randomness
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.colours import COLOUR_WORDS, PALETTE
from spectacle.generators.illustration.language.scene import Chart, Scene

_TONES = (
    "#3b7dd8",
    "#f2933d",
    "#3fa66b",
    "#d9534f",
    "#8a63c9",
    "#e3b62f",
    "#3bb3b3",
    "#c9578f",
    "#7a8a99",
    "#9a6b45",
    "#5cb85c",
    "#20639b",
)
_INK, _PALE = "#2c2f38", "#d7dbe2"


def paint_chart(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints the chart of the scene; None when it has none."""
    chart = scene.chart
    if chart is None:
        return None
    canvas = plain_canvas(width, height, randomness(scene, seed, "chart"))
    canvas.rect(0, 0, width, height, "#fcfcfa")
    unit = canvas.unit
    titles = [one.text for one in scene.inscriptions]
    top = unit * 0.06
    if titles:
        canvas.add(block(titles[0], (width * 0.08, top, width * 0.84, unit * 0.11), _INK, unit * 0.09))
        top += unit * 0.15
    box = (unit * 0.09, top, width - unit * 0.07, height - unit * 0.07)
    {"pie": _pie, "line": _line}.get(chart.kind, _bars)(canvas, chart, box)
    return Painted(f"{canvas.defs}{''.join(canvas.back)}", (), "plain", "day")


def _tone(label: str, index: int) -> str:
    """The colour a label names, or one of the row."""
    name = next((COLOUR_WORDS[word] for word in label.lower().split() if word in COLOUR_WORDS), None)
    value = PALETTE.get(name, "rainbow") if name else "rainbow"
    return value if value != "rainbow" else _TONES[index % len(_TONES)]


def _written(chart: Chart, value: float) -> str:
    if chart.example:
        return ""
    return f"{num(value)}{'%' if chart.percent else ''}"


def _axes(canvas: Canvas, chart: Chart, box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Paints axes and guides; the top of the scale, the foot of the plot and pixels for one."""
    left, top, right, bottom = box
    unit = canvas.unit
    most = max((value for _, value in chart.entries), default=1.0) or 1.0
    step = 10 ** math.floor(math.log10(most / 2.0)) if most > 0 else 1.0
    step = next(step * factor for factor in (1, 2, 2.5, 5, 10) if most / (step * factor) <= 5)
    highest = math.ceil(most / step - 1e-9) * step
    foot = bottom - unit * 0.075
    scale = (foot - top - unit * 0.05) / highest
    for number in range(round(highest / step) + 1):
        y = foot - number * step * scale
        canvas.stroke(
            f"M{num(left)} {num(y)}H{num(right)}",
            _INK if not number else _PALE,
            unit * (0.006 if not number else 0.003),
        )
        if not chart.example:
            canvas.add(
                line(
                    _written(chart, number * step),
                    left - unit * 0.012,
                    y + unit * 0.012,
                    unit * 0.034,
                    "#6b7080",
                    "end",
                )
            )
    canvas.stroke(f"M{num(left)} {num(top)}V{num(foot)}", _INK, unit * 0.006)
    return highest, foot, scale


def _every(canvas: Canvas, chart: Chart, step: float) -> int:
    """Of how many labels along the foot one is written, so that they stay legible."""
    widest = max((width_of(label) for label, _ in chart.entries), default=0.0) * canvas.unit * 0.044
    return max(1, math.ceil(widest / step)) if step else 1


def _label(canvas: Canvas, text: str, x: float, foot: float, room: float) -> None:
    size = min(canvas.unit * 0.045, room * 0.94 / max(0.5, width_of(text))) if text else 0.0
    if text:
        canvas.add(line(text, x, foot + canvas.unit * 0.02 + CAP * size + canvas.unit * 0.01, size, _INK))


def _bars(canvas: Canvas, chart: Chart, box: tuple[float, float, float, float]) -> None:
    _, foot, scale = _axes(canvas, chart, box)
    left, _, right, _ = box
    step = (right - left) / max(1, len(chart.entries))
    for index, (label, value) in enumerate(chart.entries):
        x, tall = left + step * (index + 0.5), max(0.0, value) * scale
        canvas.rect(x - step * 0.32, foot - tall, step * 0.64, tall, _tone(label, index), rx=canvas.unit * 0.008)
        size = min(canvas.unit * 0.045, step * 0.5)
        canvas.add(line(_written(chart, value), x, foot - tall - size * 0.35, size, _INK))
        if index % _every(canvas, chart, step) == 0:
            _label(canvas, label, x, foot, step * _every(canvas, chart, step))


def _line(canvas: Canvas, chart: Chart, box: tuple[float, float, float, float]) -> None:
    _, foot, scale = _axes(canvas, chart, box)
    left, _, right, _ = box
    step = (right - left) / max(1, len(chart.entries))
    every = _every(canvas, chart, step)
    points = [(left + step * (index + 0.5), foot - value * scale) for index, (_, value) in enumerate(chart.entries)]
    canvas.stroke(
        "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points), _TONES[0], canvas.unit * 0.014, stroke_linejoin="round"
    )
    for index, ((x, y), (label, value)) in enumerate(zip(points, chart.entries, strict=True)):
        canvas.ellipse(
            x,
            y,
            canvas.unit * 0.016,
            canvas.unit * 0.016,
            "#ffffff",
            stroke=_TONES[0],
            stroke_width=canvas.unit * 0.008,
        )
        canvas.add(line(_written(chart, value), x, y - canvas.unit * 0.044, canvas.unit * 0.04, _INK))
        if index % every == 0:
            _label(canvas, label, x, foot, step * every)


def _pie(canvas: Canvas, chart: Chart, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    total = sum(max(0.0, value) for _, value in chart.entries) or 1.0
    labelled = any(label for label, _ in chart.entries)
    wide = right - left > 1.15 * (bottom - top)
    room = 0.62 if labelled and wide else 1.0
    r = min((right - left) * room, (bottom - top) * (0.78 if labelled and not wide else 1.0)) * 0.48
    x = left + (right - left) * room / 2 if labelled and wide else (left + right) / 2
    y = (top + bottom) / 2 if wide or not labelled else top + r
    start = -math.pi / 2
    for index, (label, value) in enumerate(chart.entries):
        share = max(0.0, value) / total
        end = start + 2 * math.pi * min(share, 0.99999)
        fill = _tone(label, index) if label else "#d7dbe2"
        canvas.path(
            f"M{num(x)} {num(y)}L{num(x + r * math.cos(start))} {num(y + r * math.sin(start))}A{num(r)} {num(r)} 0 "
            f"{1 if share > 0.5 else 0} 1 {num(x + r * math.cos(end))} {num(y + r * math.sin(end))}Z",
            fill, stroke="#fcfcfa", stroke_width=canvas.unit * 0.008, stroke_linejoin="round",
        )  # fmt: skip
        middle = (start + end) / 2
        if not chart.example and share > 0.04:
            text = f"{num(round(100 * share))}%" if chart.percent else num(value)
            canvas.add(
                line(
                    text,
                    x + 0.62 * r * math.cos(middle),
                    y + 0.62 * r * math.sin(middle) + canvas.unit * 0.018,
                    canvas.unit * 0.055,
                    "#ffffff",
                )
            )
        start = end
    if labelled:
        _legend(
            canvas,
            chart,
            (x + r + canvas.unit * 0.06, top, right, bottom)
            if wide
            else (left, y + r + canvas.unit * 0.03, right, bottom),
            wide,
        )


def _legend(canvas: Canvas, chart: Chart, box: tuple[float, float, float, float], tall: bool) -> None:
    left, top, right, bottom = box
    named = [(index, label) for index, (label, _) in enumerate(chart.entries) if label]
    rows = len(named) if tall else -(-len(named) // 3)
    columns = -(-len(named) // rows)
    step = min(canvas.unit * 0.085, (bottom - top) / rows)
    first = (top + bottom) / 2 - step * rows / 2
    for number, (index, label) in enumerate(named):
        row, column = divmod(number, columns)
        x, y = left + column * (right - left) / columns, first + step * (row + 0.5)
        canvas.rect(x, y - step * 0.28, step * 0.56, step * 0.56, _tone(label, index), rx=step * 0.1)
        size = min(step * 0.6, ((right - left) / columns - step * 0.8) / max(0.5, width_of(label)))
        canvas.add(line(label, x + step * 0.75, y + CAP * size / 2, size, _INK, "start"))
