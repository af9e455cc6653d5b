"""Has parts of a pipeline run on a second GPU, while the pipeline sees them on the first."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_METHODS = ("encode", "decode")
"""What pipelines call of a VAE, in addition to modules themselves."""


def lend(module: torch.nn.Module, there: torch.device, home: torch.device) -> None:
    """Have a module take what it is called with to its own device, and bring back what it returns.

    Args:
        module: The module, on the second GPU.
        there: The second GPU.
        home: The GPU on which the rest of the pipeline computes, and where pipelines take this module to be.
    """
    from accelerate.hooks import ModelHook, add_hook_to_module

    class Lent(ModelHook):  # type: ignore[misc, unused-ignore]
        execution_device = home

        def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            return _moved(args, there), _moved(kwargs, there)

        def post_forward(self, module: torch.nn.Module, output: Any) -> Any:
            return _moved(output, home)

    add_hook_to_module(module, Lent())
    for name in _METHODS:
        if (method := getattr(module, name, None)) is not None:
            setattr(module, name, _there_and_back(method, there, home))


def _there_and_back(method: Callable[..., Any], there: torch.device, home: torch.device) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _moved(method(*_moved(args, there), **_moved(kwargs, there)), home)

    return call


def _moved(value: Any, device: torch.device) -> Any:
    """What a model takes or returns, on a device; what holds no tensors is left alone."""
    from accelerate.utils import send_to_device
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    if isinstance(value, DiagonalGaussianDistribution):
        return DiagonalGaussianDistribution(value.parameters.to(device), deterministic=value.deterministic)
    if isinstance(value, OrderedDict):  # what models of diffusers and transformers return
        return type(value)(**{name: _moved(each, device) for name, each in value.items()})
    if type(value) is tuple:
        return tuple(_moved(each, device) for each in value)
    return send_to_device(value, device)
