"""Moves outlines and changes colours until an SVG looks like its image."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from spectacle.generators.supersvg.raster.render import render, visible_areas
from spectacle.generators.supersvg.raster.shapes import PathSet

RefineProgress = Callable[[int, int, float], None]
"""Called with the step, the number of steps and the mean squared error so far; may raise to stop the work."""

_BETAS = (0.9, 0.95)
_WARM_UP = 10
"""Steps that are smaller at the beginning, while Adam cannot yet distinguish noise from direction."""

_STIFFNESS = 0.0064
"""What bends of one pixel between the control points of all paths, in the mean of the paths, weigh against the sum of
squared errors. Measured: it costs two hundredths of the error, and outlines in blurred places no longer grow hairs."""

_LOOKED_BACK = 15
_FALLING = 0.99
"""Outlines that were traced need no further steps when so many have left more than this share of the error."""

_MIN_OPACITY = 0.02


@dataclass(slots=True)
class Budget:
    """How much of the work is done, by steps or by time, whichever is further.

    Attributes:
        steps: How many steps there are.
        progress: Called at every step.
        deadline: When the work should end, in `time.monotonic()`'s seconds, or None.
        check: Called now and then where there are no steps; raises to stop the work.
        done: Steps so far.
    """

    steps: int
    progress: RefineProgress
    deadline: float | None = None
    check: Callable[[], None] = lambda: None
    done: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> float:
        """The share that is spent, 0 to 1."""
        by_steps = self.done / self.steps if self.steps else 1.0
        if self.deadline is None:
            return min(by_steps, 1.0)
        left = self.deadline - time.monotonic()
        by_time = 1 - left / (self.deadline - self.begun) if self.deadline > self.begun else 1.0
        return min(max(by_steps, by_time), 1.0)

    def go_on(self) -> bool:
        """Raise if the job is cancelled; return whether there is time left."""
        self.check()
        return self.deadline is None or time.monotonic() < self.deadline

    def step(self, error: float) -> None:
        """Count a step."""
        self.progress(self.done, self.steps, error)
        self.done += 1


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Adam on points, colours and, if wanted, opacities, for the mean squared error and outlines without hairs.

    Attributes:
        pixels: (height, width, 3 or 4), what the SVG shall look like.
        background: (3 or 4,) what the SVG is painted on, or (height, width, 3 or 4).
        point_rate: First step of a point in pixels.
        colour_rate: First step of a colour channel or opacity.
        opacities: Whether opacities are changed too.
        straight: (Q,) which curves are lines and must stay so, with corners as sharp as they are; or None.
        quadratic: (Q,) which curves are quadratic, or become so; or None.
    """

    pixels: Tensor
    background: Tensor
    point_rate: float = 1.5
    colour_rate: float = 0.02
    opacities: bool = False
    straight: Tensor | None = None
    quadratic: Tensor | None = None

    def run(self, paths: PathSet, budget: Budget, until: float, final_rate: float = 1.0) -> PathSet:
        """Optimize until a share of the budget is spent.

        Args:
            paths: Where to begin.
            budget: What there is to spend.
            until: The share at which to stop, 0 to 1.
            final_rate: What the size of a step has shrunk to at the end, as a share of the first.
        """
        if not len(paths):
            return paths
        points = paths.points.clone().requires_grad_()
        coloured = self.colour_rate > 0
        colours = paths.colours.clone().requires_grad_(coloured)
        opacities = paths.opacities.clone().requires_grad_(self.opacities)
        tints = [colours]
        if paths.end_colours is not None:
            tints.append(paths.end_colours.clone().requires_grad_(coloured))
        groups = [{"params": [points], "lr": self.point_rate}, {"params": tints, "lr": self.colour_rate}]
        if self.opacities:
            groups.append({"params": [opacities], "lr": self.colour_rate})
        adam = torch.optim.Adam(groups, betas=_BETAS, fused=points.device.type == "cpu")
        successors = paths.successors
        rates = [group["lr"] for group in adam.param_groups]

        def moved() -> PathSet:
            ends = tints[1] if len(tints) > 1 else None
            bent = points if self.straight is None else _straightened(points, successors, self.straight)
            return replace(paths, points=bent, colours=colours, opacities=opacities, end_colours=ends)

        direct = None
        if self.straight is None and points.device.type == "cpu":
            from spectacle.generators.supersvg.raster.step import SquaredError

            direct = SquaredError(paths, self.pixels, self.background, self.stiffness(paths))
        begun = budget.spent
        steps = 0
        errors: list[float] = []
        while (spent := budget.spent) < until:
            if self.straight is not None and _still(errors):
                break
            steps += 1
            shrunk = min(1, steps / _WARM_UP) * (1 - (1 - final_rate) * (spent - begun) / (until - begun))
            for group, rate in zip(adam.param_groups, rates, strict=True):
                group["lr"] = rate * shrunk
            if direct is not None:
                error = direct.backward(points, colours, tints[1] if len(tints) > 1 else None, opacities)
            else:
                adam.zero_grad()
                error = self.backward(moved())
            errors.append(error / self.pixels.numel())
            budget.step(errors[-1])
            adam.step()
            with torch.no_grad():
                if self.quadratic is not None:
                    points.copy_(_lowered(points, successors, self.quadratic))
                for tint in tints:
                    tint.clamp_(0, 1)
                opacities.clamp_(_MIN_OPACITY, 1)
        return moved().detach()

    def stiffness(self, paths: PathSet) -> float:
        """What the bends of all paths weigh; nothing where lines must stay straight."""
        return 0.0 if self.straight is not None else _STIFFNESS / len(paths)

    def backward(self, paths: PathSet) -> float:
        """The squared error; its derivatives, and those of the bends, become the gradients of what is optimized."""
        drawn = self.draw(paths)
        # The derivative of the squared error is written down: one pass over the pixels in place of four.
        off = (drawn.detach() - self.pixels).reshape(-1)
        error = float(off.dot(off))
        losses, slopes = [drawn], [off.mul_(2).reshape(drawn.shape)]
        if self.straight is None:
            losses.append(self.stiffness(paths) * _roughness(paths))
            slopes.append(torch.ones_like(losses[1]))
        torch.autograd.backward(losses, slopes)
        return error

    def cropped(self, window: tuple[slice, slice]) -> Optimiser:
        """The same for some rows and columns of the image."""
        background = self.background if self.background.ndim == 1 else self.background[window]
        return replace(self, pixels=self.pixels[window], background=background)

    def draw(self, paths: PathSet) -> Tensor:
        """The SVG, (height, width, 3 or 4)."""
        height, width, channels = self.pixels.shape
        return render(paths, width, height, self.background, alpha=channels == 4)

    @torch.no_grad()
    def difference(self, paths: PathSet) -> Tensor:
        """The image minus the SVG."""
        return self.pixels - self.draw(paths)

    def without_hidden(self, paths: PathSet, least: float) -> PathSet:
        """The paths without those of which fewer than `least` pixels can be seen."""
        height, width, _ = self.pixels.shape
        return paths.select(visible_areas(paths, width, height) >= least)


def _still(errors: list[float]) -> bool:
    """Whether the error hardly falls any more."""
    return len(errors) > 2 * _LOOKED_BACK and errors[-1] > _FALLING * min(errors[:-_LOOKED_BACK])


def _roughness(paths: PathSet) -> Tensor:
    """Sum of the squared second differences of the control points along the outlines, in pixels."""
    own = paths.points.reshape(-1, 3, 2)
    row = torch.cat([own, own[paths.successors, :2]], dim=1)
    return (row[:, :-2] - 2 * row[:, 1:-1] + row[:, 2:]).square().sum()


def _straightened(points: Tensor, successors: Tensor, straight: Tensor) -> Tensor:
    """The points with the control points of lines where they belong, a third and two thirds of the way."""
    own = points.reshape(-1, 3, 2)
    start, end = own[:, 0], own[successors, 0]
    lines = torch.stack([start, start + (end - start) / 3, start + (end - start) * (2 / 3)], dim=1)
    return torch.where(straight[:, None, None], lines, own).reshape(-1, 2)


def _lowered(points: Tensor, successors: Tensor, quadratic: Tensor) -> Tensor:
    """The points with the control points of some curves where those of the nearest quadratic curves are."""
    own = points.reshape(-1, 3, 2)
    start, end = own[:, 0], own[successors, 0]
    twice = (3 * (own[:, 1] + own[:, 2]) - start - end) / 2
    curves = torch.stack([start, (start + twice) / 3, (end + twice) / 3], dim=1)
    return torch.where(quadratic[:, None, None], curves, own).reshape(-1, 2)
