"""Joins areas of one colour that belong together: the ground between grid lines, the page inside letters."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from spectacle.generators.supersvg.arrays import Labels
from spectacle.generators.supersvg.tracing.areas import Areas

_SAME = 4 / 255
"""Colours that differ by less, in every channel, are one."""

_TIP, _TIP_ALIKE = 12, 0.2
"""A detail of so few pixels is the tip of an area next to it whose colour differs by less than this, in every channel:
the pixels of a tip are mixed with what lies around."""

_TAPER = 0.6
"""Of the farther half of a tip, at most this share of the nearer one is there: a triangle has a third, a line all."""

_BESIDE = np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]], bool)
"""What lies within two pixels: areas are next to each other across lines of up to four."""


def joined(areas: Areas, filled: NDArray[np.float64]) -> Areas:
    """The same areas, with those of one colour as one that only lines separate, or that lie in holes of what is above.

    Those that are a wider part of a line become part of it.

    Traced one by one, they would have outlines along every line between them, and be lost where paths are few.

    Args:
        areas: As they were found, each connected.
        filled: (areas,) the pixels of each area and its holes.

    Returns:
        Areas that need not be connected. The numbers stay; those of areas that became part of others have no pixels.
    """
    plain = np.array([area.plain and not area.fine and area.base is None for area in areas.areas])
    areas = _with_tips(areas, plain)
    bases = {area.base for area in areas.areas if area.base is not None}
    own = np.arange(len(areas.areas))
    sizes = np.bincount(areas.labels.ravel(), minlength=len(own))
    beside = _neighbours(areas.labels)
    _join_fine(areas, own, plain, sizes, beside)
    plain &= own == np.arange(len(own))
    for members in _of_one_colour(areas, plain, sizes):
        free = [number for number in members if number not in bases]
        if len(free) > 1:
            _join_across_lines(areas.labels, free, own)
            _join_holes(free, own, beside, filled)
    if (own == np.arange(len(own))).all():
        return areas
    labels, neighbours = own[areas.labels], own[areas.neighbours]
    colours = np.array([area.colour for area in areas.areas], np.float64)
    sums = np.stack([np.bincount(own, sizes * channel, minlength=len(own)) for channel in colours.T], axis=1)
    means = np.asarray(sums / np.maximum(np.bincount(own, sizes, minlength=len(own)), 1)[:, None], np.float64)
    every = [
        replace(area, colour=mean.astype(np.float32)) if (own == number).sum() > 1 else area
        for number, (area, mean) in enumerate(zip(areas.areas, means, strict=True))
    ]
    shares = np.where(labels == neighbours, np.float32(1), areas.shares)
    return replace(areas, labels=labels, neighbours=neighbours, shares=shares, areas=every)


def _with_tips(areas: Areas, plain: NDArray[np.bool_]) -> Areas:
    """The same areas, with those few pixels of details that are the end of a plain area as part of it."""
    colours = np.stack([area.colour for area in areas.areas])
    fine = np.array([area.fine for area in areas.areas])
    details = np.where(fine[areas.labels], areas.labels, -1)
    parts = np.asarray(label(details, background=-1, connectivity=2), np.int64)  # type: ignore[no-untyped-call]
    count = int(parts.max())
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    labels, neighbours = areas.labels.copy(), areas.neighbours.copy()
    boxes = ndimage.find_objects(parts)
    for number in range(1, count + 1):
        window = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in boxes[number - 1])
        own = parts[window] == number
        around = ndimage.binary_dilation(own, np.ones((3, 3), bool))
        detail = int(areas.labels[window][own][0])
        beside = np.unique(np.concatenate([areas.labels[window][around], areas.neighbours[window][around]]))
        beside = beside[beside != detail]
        near = [one for one in beside.tolist() if plain[one]]
        off = np.abs(colours[near] - colours[detail]).max(axis=1, initial=0)
        # What lies within one area is a speck of its own.
        if len(beside) < 2 or not near or off.min() >= _TIP_ALIKE:
            continue
        area = near[int(off.argmin())]
        if sizes[number] > _TIP and not _tapers(areas, window, detail, area, own):
            continue
        labels[window][own] = area
        neighbours[window][around & (neighbours[window] == detail)] = area
    shares = np.where(labels == neighbours, np.float32(1), areas.shares)
    return replace(areas, labels=labels, neighbours=neighbours, shares=shares)


def _tapers(areas: Areas, window: tuple[slice, ...], detail: int, area: int, own: NDArray[np.bool_]) -> bool:
    """Whether part of a detail is the narrow end of an area next to it: less and less of it, away from there."""
    own_labels, others, shares = areas.labels[window], areas.neighbours[window], areas.shares[window]
    near = ndimage.binary_dilation(own, np.ones((3, 3), bool))
    touching = near & (own_labels == area)
    if not touching.any():
        return False
    covered = near * (shares * (own_labels == detail) + (1 - shares) * ((others == detail) & (own_labels != detail)))
    rows, columns = np.nonzero(covered > 0)
    places, weights = np.stack([rows, columns], axis=1), covered[rows, columns]
    begin = np.argwhere(touching).mean(axis=0)
    way = np.average(places, axis=0, weights=weights) - begin
    along = (places - begin) @ way / max(float(np.hypot(*way)), 1e-6)
    middle = (along.min() + along.max()) / 2
    return bool(weights[along > middle].sum() < _TAPER * weights[along <= middle].sum())


def _join_fine(areas: Areas, own: Labels, plain: NDArray[np.bool_], sizes: Labels, beside: dict[int, set[int]]) -> None:
    """Write one number for fine areas and the smaller ones of their colour next to them: one line, wider in places."""
    for number, area in enumerate(areas.areas):
        for other in beside[number] if area.fine else ():
            same = np.abs(areas.areas[other].colour - area.colour).max() < _SAME
            if same and (areas.areas[other].fine or (plain[other] and sizes[other] < sizes[number])):
                # Either may be part of more already.
                own[own == own[other]] = own[number]


def _neighbours(labels: Labels) -> dict[int, set[int]]:
    """The areas that have pixels next to each other."""
    beside: dict[int, set[int]] = defaultdict(set)
    count = int(labels.max()) + 1
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        differ = one != other
        for code in np.unique(one[differ] * count + other[differ]).tolist():
            first, second = divmod(code, count)
            beside[first].add(second)
            beside[second].add(first)
    return beside


def _of_one_colour(areas: Areas, plain: NDArray[np.bool_], sizes: Labels) -> list[list[int]]:
    """The numbers of plain areas by their colours, each the largest first."""
    groups: list[list[int]] = []
    for number in np.argsort(-sizes, kind="stable").tolist():
        if not plain[number] or not sizes[number]:
            continue
        colour = areas.areas[number].colour
        for group in groups:
            if np.abs(areas.areas[group[0]].colour - colour).max() < _SAME:
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def _join_across_lines(labels: Labels, members: list[int], own: Labels) -> None:
    """Write the number of the largest of those that lie within a line's width of each other for all of them."""
    chosen = np.zeros(len(own), bool)
    chosen[members] = True
    mask = chosen[labels]
    parts, _ = ndimage.label(ndimage.binary_dilation(mask, _BESIDE), np.ones((3, 3), bool))
    first: dict[int, int] = {}
    numbers, places = np.unique(np.where(mask, labels, -1).ravel(), return_index=True)
    part_of = dict(zip(numbers.tolist(), parts.ravel()[places].tolist(), strict=True))
    for number in members:
        own[number] = first.setdefault(part_of[number], number)


def _join_holes(members: list[int], own: Labels, beside: dict[int, set[int]], filled: NDArray[np.float64]) -> None:
    """Write the number of what surrounds an area's surroundings, where these are above it, for the area."""
    for number in reversed(members):
        if own[number] != number:
            continue
        around = beside[number]
        for group in members:
            if own[group] == own[number] or filled[group] <= filled[number]:
                continue
            reached = beside[group]
            if around and all(place in reached and filled[place] < filled[group] for place in around):
                own[own == number] = own[group]
                break
