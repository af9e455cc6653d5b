"""Training the coarse network."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spectacle.errors import ConfigurationError, GeneratorError
from spectacle.generators.base import Resources
from spectacle.generators.supersvg import SuperSvg
from spectacle.generators.supersvg.network import model
from spectacle.generators.supersvg.network.checkpoint import load_coarse
from spectacle.generators.supersvg.training.crops import Crops, find_pictures
from spectacle.generators.supersvg.training.datasets import make_test
from spectacle.generators.supersvg.training.loss import compute_loss, outside_weight
from spectacle.generators.supersvg.training.train import Position, TrainSettings, train


class Progress:
    """Remembers what it is told, and may do something at a step."""

    def __init__(self, at: int | None = None, do=lambda: None) -> None:
        self.begun: list[tuple[int, int]] = []
        self.positions: list[Position] = []
        self.saves: list[int] = []
        self._at, self._do = at, do

    def begin(self, pictures: int, device: str, processes: int, step: int, steps: int) -> None:
        assert (device, processes) == ("cpu", 1)
        self.begun.append((step, steps))

    def stepped(self, position: Position) -> None:
        self.positions.append(position)
        if position.step == self._at:
            self._do()

    def saved(self, path: Path, step: int) -> None:
        assert path.exists()
        self.saves.append(step)


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """One block in the transformer instead of twelve: the same code and layout, in a tenth of the time."""
    monkeypatch.setattr(model, "_DEPTH", 1)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four synthetic pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    make_test(folder, lambda done, count: None, count=4, size=96)
    return folder


def settings(pictures: Path, out: Path, **changes: object) -> TrainSettings:
    small = {"epochs": 2, "batch_size": 2, "render_size": 32, "workers": 0, "warmup_epochs": 0, "cpu": True}
    return TrainSettings(pictures, out, **{**small, **changes})  # type: ignore[arg-type]


def test_what_was_trained_is_loaded_like_what_was_published(shallow: None, pictures: Path, tmp_path: Path) -> None:
    progress = Progress()
    assert train(settings(pictures, tmp_path, max_steps=1, batch_size=1), progress)
    assert progress.begun == [(0, 1)]
    assert progress.saves == [1]
    assert load_coarse(tmp_path / "coarse.pt")(torch.zeros(1, 3, 224, 224)).shape == (1, 128, 28)
    own = Resources(prepared={"supersvg/network": tmp_path})
    assert SuperSvg.missing_weights("network", own) is None


@pytest.mark.slow
def test_training_goes_on_after_a_signal_as_if_nothing_had_been(shallow: None, pictures: Path, tmp_path: Path) -> None:
    whole = Progress()
    assert train(settings(pictures, tmp_path / "whole", epochs=2), whole)
    stopped = Progress(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert not train(settings(pictures, tmp_path / "parts", epochs=2), stopped)
    assert stopped.saves == [3]
    rest = Progress()
    assert train(settings(pictures, tmp_path / "parts", epochs=2), rest)
    assert rest.begun == [(3, 4)]
    losses = [position.loss for position in [*stopped.positions, *rest.positions]]
    assert losses == pytest.approx([position.loss for position in whole.positions], abs=1e-6)
    again = Progress()
    assert train(settings(pictures, tmp_path / "parts", epochs=2), again)
    assert again.positions == []
    log = [json.loads(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log] == [0, 1]
    assert log[0].keys() == {"epoch", "step", "loss", "painted", "outside", "paths", "learning_rate"}


@pytest.mark.slow
def test_the_loss_falls_on_a_handful_of_pictures(shallow: None, pictures: Path, tmp_path: Path) -> None:
    progress = Progress()
    rate = {"base_learning_rate": 0.06, "epochs": 10, "batch_size": 4}
    assert train(settings(pictures, tmp_path, **rate), progress)
    losses = [position.painted for position in progress.positions]
    assert np.mean(losses[-4:]) < 0.9 * np.mean(losses[:4])


@pytest.mark.slow
def test_the_published_network_learns_within_a_minute_on_a_cpu(pictures: Path, tmp_path: Path) -> None:
    progress = Progress()
    settled = {"base_learning_rate": 0.03, "epochs": 30, "max_steps": 24, "batch_size": 4, "render_size": 64}
    assert train(settings(pictures, tmp_path, **settled), progress)
    losses = [position.painted for position in progress.positions]
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:8])
    parameters = sum(value.numel() for value in load_coarse(tmp_path / "coarse.pt").state_dict().values())
    assert parameters == 22_131_756


@pytest.mark.slow
def test_training_can_begin_with_a_checkpoint_or_with_dino(shallow: None, pictures: Path, tmp_path: Path) -> None:
    torch.save(model.Coarse().state_dict(), tmp_path / "coarse.pt")
    torch.save(model.VisionTransformer().state_dict(), tmp_path / "dino.pth")
    for init in (tmp_path / "coarse.pt", tmp_path / "dino.pth"):
        tiny = settings(pictures, tmp_path / init.stem, max_steps=1, batch_size=1, base_learning_rate=1e-12, init=init)
        train(tiny, Progress())
    trained = load_coarse(tmp_path / "coarse/coarse.pt").state_dict()
    before = torch.load(tmp_path / "coarse.pt", weights_only=True)
    assert all(torch.allclose(trained[key], before[key], atol=1e-4) for key in before)
    vit = torch.load(tmp_path / "dino.pth", weights_only=True)
    trained = load_coarse(tmp_path / "dino/coarse.pt").encoder.feature_extractor.state_dict()
    assert all(torch.allclose(trained[key], vit[key], atol=1e-4) for key in vit)


def test_a_state_that_is_damaged_is_named(shallow: None, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "training.pt").write_bytes(b"no state")
    with pytest.raises(
        GeneratorError, match=r"training\.pt: not a checkpoint of this training .*Remove it to start again"
    ):
        train(settings(pictures, tmp_path), Progress())


@pytest.mark.slow
def test_a_full_disk_is_named_and_what_was_saved_before_is_kept(shallow: None, pictures: Path, tmp_path: Path) -> None:
    train(settings(pictures, tmp_path, max_steps=1), Progress())
    before = (tmp_path / "training.pt").read_bytes()
    (tmp_path / ".training.pt.writing").symlink_to("/dev/full")
    with pytest.raises(
        GeneratorError, match=r"training\.pt: could not be written \(No space left on device\)\. Free space"
    ):
        train(settings(pictures, tmp_path, max_steps=2), Progress())
    assert (tmp_path / "training.pt").read_bytes() == before
    assert not (tmp_path / ".training.pt.writing").is_symlink()
    rest = Progress()
    assert train(settings(pictures, tmp_path, max_steps=2), rest)
    assert rest.begun == [(1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_training_goes_on_when_a_picture_that_cannot_be_read_is_gone(
    shallow: None, tmp_path: Path, workers: int
) -> None:
    data, progress = tmp_path / "data", Progress()
    make_test(data, lambda done, count: None, count=4, size=32)
    broken = data / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno")
    ask = settings(data, tmp_path / "out", batch_size=1, workers=workers)
    with pytest.raises(GeneratorError) as raised:
        train(ask, progress)
    assert re.fullmatch(
        rf"{broken}: cannot be read \(.*damaged .*\)\. Remove it, then run the command again to resume\.",
        raised.value.message,
    )
    assert progress.saves == [len(progress.positions)]
    broken.unlink()
    rest = Progress()
    assert train(ask, rest)
    assert rest.begun == [(progress.saves[0], 2 * 4)]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(GeneratorError, match="contains no images"):
        find_pictures(tmp_path)


def test_half_precision_on_a_cpu_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="fp16: needs a GPU"):
        train(settings(pictures, tmp_path, mixed_precision="fp16"), Progress())


# --- superpixels and the loss ---------------------------------------------------------------------------------------


def test_what_is_seen_follows_from_the_seed_and_the_epoch(pictures: Path) -> None:
    first, second = (Crops(find_pictures(pictures), seed) for seed in (1, 1))
    assert len(first) == 4
    assert all(torch.equal(a, b) for a, b in zip(first[2], second[2], strict=True))
    second.begin_epoch(1)
    assert any(not torch.equal(first[index][0], second[index][0]) for index in range(4))


@pytest.mark.parametrize("size", [(1, 1), (500, 3), (40, 40)])
def test_pictures_of_any_shape_can_be_trained_on(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGBA", size, (255, 0, 0, 128)).save(tmp_path / "a.png")
    crops, mask = Crops(find_pictures(tmp_path), 0)[0]
    assert crops.shape == (3, 224, 224)
    assert mask.sum() > 0
    inside = crops[:, mask[0] > 0.5]
    assert inside.mean(dim=1).tolist() == pytest.approx([1.0, 0.5, 0.5], abs=0.01)


def square(colour: tuple[float, float, float], visible: float, low: float = 0.1, high: float = 0.9) -> torch.Tensor:
    """One path, a square with straight sides."""
    corners = torch.tensor([[low, low], [high, low], [high, high], [low, high]])
    points = torch.stack([corners.lerp(corners.roll(-1, 0), share) for share in (0, 1 / 3, 2 / 3)], dim=1)
    return torch.cat((points.flatten(), torch.tensor([*colour, visible])))


def red_square() -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of two superpixels that are red squares in the middle."""
    mask = torch.zeros(2, 1, 224, 224)
    mask[:, :, 22:202, 22:202] = 1
    return torch.tensor([1.0, 0.0, 0.0])[None, :, None, None] * mask, mask


def test_a_perfect_painting_costs_only_its_paths() -> None:
    crops, masks = red_square()
    strokes = square((1, 0, 0), 0.9).expand(2, 1, -1)
    loss = compute_loss(strokes, crops, masks, 0, 56)
    assert float(loss.painted) < 2e-3
    assert float(loss.outside) < 1e-3
    assert float(loss.paths) == pytest.approx(1)
    assert float(loss.total) == pytest.approx(float(loss.painted) + 0.045 * float(loss.outside) + 1e-5)


def test_an_invisible_path_paints_nothing_but_counts_where_it_leaves_the_superpixel() -> None:
    crops, masks = red_square()
    loss = compute_loss(square((1, 0, 0), 0.2).expand(2, 1, -1), crops, masks, 0, 56)
    assert float(loss.painted) == pytest.approx(1 / 3, abs=0.01)
    assert float(loss.paths) == 0
    outside = compute_loss(square((1, 0, 0), 0.2, 0.0, 1.0).expand(2, 1, -1), crops, masks, 0, 56)
    assert float(outside.outside) == pytest.approx(1, abs=1e-3)


def test_every_number_of_a_path_has_a_gradient() -> None:
    crops, masks = red_square()
    strokes = torch.stack([square((0.5, 0.4, 0.3), 0.6, 0.2, 0.7)] * 2)[:, None].requires_grad_()
    compute_loss(strokes, crops, masks, 0, 56).total.backward()
    assert strokes.grad is not None
    assert strokes.grad.isfinite().all()
    corners, colour, visible = strokes.grad[0, 0, :24:6], strokes.grad[0, 0, 24:27], strokes.grad[0, 0, 27]
    assert (corners != 0).all()
    assert colour[0] < 0 < colour[1]
    assert visible != 0


def test_paint_outside_counts_less_and_less() -> None:
    assert [outside_weight(epoch) for epoch in (0, 1, 7, 8, 100)] == pytest.approx([0.045, 0.04, 0.01, 0.01, 0.01])
