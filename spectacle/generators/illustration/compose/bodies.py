"""Bodies of people in parts: torso, arms and legs in a pose, and what they wear, on a grid of 44 by 57 units."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.svg import num

WIDTH, HEIGHT, CENTRE = 44.0, 57.0, 22.0
"""Size of the grid and the middle of the body; the chin is at 20, the hips at 37, the soles at 56."""

ARMS: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "down": ((8.8, 29.0), (9.4, 36.5)),
    "hold": ((9.6, 29.4), (4.6, 31.6)),
    "raised": ((12.4, 18.0), (14.6, 9.0)),
    "out": ((10.0, 24.5), (15.6, 20.5)),
    "hips": ((12.2, 28.4), (6.4, 34.0)),
    "together": ((9.0, 28.6), (1.6, 28.2)),
    "folded": ((9.2, 28.0), (-3.0, 27.4)),
    "across": ((1.0, 30.4), (-11.5, 28.6)),
    "around": ((11.0, 24.8), (17.0, 27.2)),
    "offer": ((9.8, 29.6), (14.6, 29.4)),
    "join": ((10.4, 29.0), (14.2, 34.4)),
}
"""Poses of an arm: how far from the middle and how high the elbow and the hand are."""


def arms_of(arms: str) -> tuple[str, str]:
    """The poses of the left and the right arm: one for both, or two joined by a plus sign."""
    left, plus, right = arms.partition("+")
    return left, right if plus else left


LEGS: Mapping[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "stand": ((-3.0, 46.0), (-3.4, 54.0), (3.0, 46.0), (3.4, 54.0)),
    "walk": ((-5.0, 46.0), (-8.6, 53.6), (4.4, 46.0), (7.6, 53.8)),
    "run": ((-7.0, 44.0), (-12.0, 51.0), (6.4, 44.6), (4.0, 54.0)),
    "jump": ((-7.4, 43.0), (-4.0, 50.0), (7.4, 43.0), (4.0, 50.0)),
    "dance": ((-3.4, 46.0), (-3.0, 54.0), (8.0, 42.0), (12.4, 48.0)),
    "kick": ((-3.4, 46.0), (-4.4, 54.0), (7.4, 42.4), (13.6, 46.4)),
    "sit": ((-4.4, 41.0), (-4.2, 49.0), (4.4, 41.0), (4.2, 49.0)),
    "kneel": ((-4.6, 46.0), (-5.6, 48.0), (4.6, 46.0), (5.6, 48.0)),
}
"""Poses of the legs: how far from the middle and how high left knee, left foot, right knee and right foot are."""

_SHOULDER, _HIP = (5.6, 22.0), (2.9, 36.5)


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a body wears.

    Attributes:
        top: Kind of the upper garment: `shirt`, `tshirt`, `jacket`, `coat`, `suit`, `vest`, `hoodie`, `robe`, `dress`,
            `gown`, `swimsuit`, `bare`, `overalls`, `armour` or `kimono`.
        top_colour: Its colour.
        bottom: `trousers`, `shorts`, `skirt` or `none`.
        bottom_colour: Its colour.
        shoes: Colour of the shoes.
        boots: Whether they reach to the knee.
        apron: Colour of an apron over it; empty for none.
        marks: Further colours by what they are of, such as `tie`.
    """

    top: str = "shirt"
    top_colour: str = "#00a6ed"
    bottom: str = "trousers"
    bottom_colour: str = "#433b6b"
    shoes: str = "#321b41"
    boots: bool = False
    apron: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)


_LONG = frozenset({"coat", "robe", "gown", "kimono"})
_SHORT_SLEEVES = frozenset({"tshirt", "dress", "overalls"})
_BARE_ARMS = frozenset({"vest", "swimsuit", "bare", "gown"})


def body(
    outfit: Outfit, skin: str, shade: str, arms: str, legs: str, child: bool = False, pregnant: bool = False
) -> str:
    """Markup of a body without its head.

    Args:
        outfit: What it wears.
        skin: Colour of the skin.
        shade: Colour of the skin in shade.
        arms: A pose of `ARMS`, or two joined by a plus sign, for the left and the right arm as seen.
        legs: A pose of `LEGS`.
        child: Whether the legs are a child's, shorter.
        pregnant: Whether it has a round belly.
    """
    drop = 7.0 if child else 0.0
    out = [_line([(CENTRE, 17.0), (CENTRE, 22.0)], shade, 4.8)]
    out.append(_legs(outfit, skin, legs, drop))
    out.append(_torso(outfit, skin, legs, drop, pregnant))
    for side, pose in zip((-1, 1), arms_of(arms), strict=True):
        out.append(_arm(outfit, skin, pose, side))
    return "".join(out)


def foot_of(legs: str, child: bool) -> float:
    """How high the soles are in a pose."""
    pose = LEGS[legs]
    return max(pose[1][1], pose[3][1]) + 2.0 - (7.0 if child else 0.0)


def reach_of(arms: str, legs: str) -> float:
    """How far from the middle a body in a pose reaches to the side."""
    joints = [abs(joint[0]) for one in arms_of(arms) for joint in ARMS[one]]
    pose = LEGS[legs]
    return max(*joints, abs(pose[1][0]) + 1.6, abs(pose[3][0]) + 1.6, 7.6) + 2.2


def _legs(outfit: Outfit, skin: str, legs: str, drop: float) -> str:
    pose = LEGS[legs]
    out = []
    covered = outfit.bottom == "trousers" and outfit.top not in ("dress", "gown", "swimsuit")
    for knee, foot, side in ((pose[0], pose[1], -1), (pose[2], pose[3], 1)):
        knee_at = (CENTRE + knee[0], knee[1] - drop * 0.5)
        foot_at = (CENTRE + foot[0], foot[1] - drop)
        hip = (CENTRE + side * _HIP[0], _HIP[1])
        out.append(_line([hip, knee_at, foot_at], outfit.bottom_colour if covered else skin, 4.9))
        if outfit.bottom == "shorts":
            out.append(_line([hip, knee_at], outfit.bottom_colour, 5.6))
        if outfit.boots:
            out.append(
                _line([((knee_at[0] + foot_at[0]) / 2, (knee_at[1] + foot_at[1]) / 2), foot_at], outfit.shoes, 5.2)
            )
        x, y = foot_at
        out.append(
            f'<path d="M{num(x - side * 2.6)} {num(y + 2)}q0-3.600 {num(side * 2.6)}-3.600h{num(side * 1.4)}'
            f'q{num(side * 3)} .6 {num(side * 3)} 3.600z" fill="{outfit.shoes}"/>'
        )
    return "".join(out)


def _torso(outfit: Outfit, skin: str, legs: str, drop: float, pregnant: bool) -> str:
    x, top = CENTRE, outfit.top_colour
    dark = lighten(top, -0.09)
    base = skin if outfit.top == "bare" else top
    out = [f'<path d="M{num(x - 6.6)} 38V22.400q0-2.800 2.800-2.800h7.600q2.800 0 2.800 2.800V38z" fill="{base}"/>']
    if pregnant:
        out.append(f'<ellipse cx="{num(x)}" cy="32.500" rx="7.900" ry="6.600" fill="{lighten(top, 0.03)}"/>')
    end = {"sit": 44.0, "kneel": 47.0}.get(legs, 47.0 - drop)
    if outfit.top in ("dress", "gown"):
        low = end if outfit.top == "dress" else (end + 6.6 if legs not in ("sit", "kneel") else end)
        out.append(f'<path d="M{num(x - 6.4)} 33h12.800l4.400 {num(low - 33)}q-10.800 3-21.600 0z" fill="{top}"/>')
        out.append(f'<path d="M{num(x - 6.5)} 32h13v2h-13z" fill="{dark}"/>')
    elif outfit.top in _LONG:
        out.append(f'<path d="M{num(x - 6.6)} 30h13.200l1.800 {num(end + 2 - 30)}h-16.800z" fill="{top}"/>')
        out.append(f'<path d="M{num(x - 0.4)} 20h.8v{num(end - 18)}h-.8z" fill="{dark}"/>')
    elif outfit.bottom == "skirt":
        out.append(
            f'<path d="M{num(x - 6.4)} 35.500h12.800l3.200 {num(end - 36)}q-9.600 2.400-19.200 0z" fill="{outfit.bottom_colour}"/>'
        )
    elif outfit.bottom != "none" and outfit.top != "swimsuit":
        out.append(
            f'<path d="M{num(x - 6.4)} 36h12.800v3q0 1.400-1.400 1.400h-10q-1.400 0-1.400-1.400z" fill="{outfit.bottom_colour}"/>'
        )
    out.append(_details(outfit, dark, skin))
    if outfit.apron:
        out.append(f'<path d="M{num(x - 4)} 24h8v5l2 13.500h-12l2-13.500z" fill="{outfit.apron}"/>')
    return "".join(out)


def _details(outfit: Outfit, dark: str, skin: str) -> str:
    x = CENTRE
    match outfit.top:
        case "suit":
            tie = outfit.marks.get("tie", "#c0392b")
            return (
                f'<path d="M{num(x - 3.4)} 19.600h6.800L{num(x)} 30z" fill="#fafafa"/><path d="M{num(x - 1)} 20.500h2l.8 7.500-1.800 2-1.800-2z" fill="{tie}"/>'
                f'<path d="M{num(x - 4)} 19.600L{num(x)} 30.500V37M{num(x + 4)} 19.600L{num(x)} 30.500" fill="none" stroke="{dark}" stroke-width="1"/>'
            )
        case "jacket" | "coat":
            inner = outfit.marks.get("inner", "#fafafa")
            return (
                f'<path d="M{num(x - 2)} 19.600h4l1 18.400h-6z" fill="{inner}"/>'
                f'<path d="M{num(x - 2.6)} 19.600l-.8 18.400M{num(x + 2.6)} 19.600l.8 18.400" fill="none" stroke="{dark}" stroke-width="1.100"/>'
            )
        case "hoodie":
            return f'<path d="M{num(x - 4.4)} 19.600q4.400 5.400 8.800 0z" fill="{dark}"/><path d="M{num(x - 4)} 31h8l1 4.500h-10z" fill="{dark}"/>'
        case "overalls":
            return (
                f'<path d="M{num(x - 4.4)} 26h8.800v12h-8.800z" fill="{outfit.bottom_colour}"/>'
                f'<path d="M{num(x - 4)} 19.800v7M{num(x + 4)} 19.800v7" fill="none" stroke="{outfit.bottom_colour}" stroke-width="1.800"/>'
            )
        case "kimono" | "robe":
            return (
                f'<path d="M{num(x - 3.6)} 19.600L{num(x + 2)} 30M{num(x + 3.6)} 19.600L{num(x - 1)} 27" fill="none" stroke="{dark}" stroke-width="1.300"/>'
                f'<path d="M{num(x - 6.6)} 30h13.200v3.400h-13.200z" fill="{dark}"/>'
            )
        case "armour":
            return f'<path d="M{num(x)} 21v16M{num(x - 5.6)} 29h11.200" fill="none" stroke="{dark}" stroke-width="1"/><path d="M{num(x - 6.6)} 34.500h13.200v2.500h-13.200z" fill="#8c5543"/>'
        case "shirt" | "tshirt" if "tie" in outfit.marks:
            return f'<path d="M{num(x - 1)} 20h2l.9 9-1.900 2.500-1.900-2.500z" fill="{outfit.marks["tie"]}"/>'
        case "tshirt" | "shirt" | "dress" | "gown" | "vest":
            return f'<path d="M{num(x - 2.8)} 19.500q2.800 3.400 5.600 0z" fill="{skin}"/>'
    return ""


def _arm(outfit: Outfit, skin: str, arms: str, side: int) -> str:
    (elbow_x, elbow_y), (hand_x, hand_y) = ARMS[arms]
    shoulder = (CENTRE + side * _SHOULDER[0], _SHOULDER[1])
    elbow = (CENTRE + side * elbow_x, elbow_y)
    hand = (CENTRE + side * hand_x, hand_y)
    wrist = (elbow[0] + (hand[0] - elbow[0]) * 0.72, elbow[1] + (hand[1] - elbow[1]) * 0.72)
    half = ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2)
    bare = outfit.top in _BARE_ARMS
    out = [_line([shoulder, elbow, hand], skin, 3.7)]
    if not bare:
        sleeve = [shoulder, half] if outfit.top in _SHORT_SLEEVES else [shoulder, elbow, wrist]
        colour = outfit.marks.get("sleeve", outfit.top_colour)
        out.append(_line(sleeve, lighten(colour, -0.035), 4.1))
    return "".join(out)


def _line(points: list[tuple[float, float]], colour: str, width: float) -> str:
    data = "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points)
    return f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{num(width)}" stroke-linecap="round" stroke-linejoin="round"/>'
