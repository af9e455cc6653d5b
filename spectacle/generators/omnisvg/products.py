"""Products with a model's matrices that do not depend on how many rows are multiplied together.

The library that torch uses for fp32 on a CPU, MKL, has other kernels for a few rows than for many, and their sums
differ in the last bits. oneDNN, which torch has as well and uses for bf16, has the same from two rows on. That is so as
measured (torch 2.15, AVX-512), and promised by neither of them, so `independent_of_rows` tries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

_mkldnn: Any = torch.backends.mkldnn
_ONEDNN: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if _mkldnn.is_available() else None


def product(matrix: nn.Module | Tensor, rows: Tensor) -> Tensor:
    """Multiply rows by a matrix: a linear module, or its weight.

    Args:
        matrix: The module, perhaps quantized, or a weight without bias, shape (out, in).
        rows: Shape (…, in).
    """
    weight: Any = matrix if isinstance(matrix, Tensor) else getattr(matrix, "weight", None)
    plain = isinstance(matrix, Tensor) or type(matrix) is nn.Linear
    if torch.compiler.is_compiling() or _ONEDNN is None or not plain or not _is_fp32_on_cpu(weight):
        return linear(rows, matrix) if isinstance(matrix, Tensor) else matrix(rows)
    bias = None if isinstance(matrix, Tensor) else matrix.bias
    flat = rows.reshape(-1, rows.shape[-1])
    single = len(flat) == 1
    made: Tensor = _ONEDNN(flat.expand(2, -1).contiguous() if single else flat, weight, bias, "none", [], "")
    return (made[:1] if single else made).reshape(*rows.shape[:-1], -1)


def _is_fp32_on_cpu(weight: Any) -> bool:
    data = weight.data if isinstance(weight, Tensor) else None
    return type(data) is Tensor and data.dtype is torch.float32 and data.device.type == "cpu"


@torch.no_grad()
def independent_of_rows(matrices: Sequence[nn.Module | Tensor], few: int, many: int, dtype: torch.dtype) -> bool:
    """Whether `product` gives each row the same bits among few rows and among many, wherever it stands.

    Args:
        matrices: Matrices of each shape.
        few: Least number of rows.
        many: Most rows.
        dtype: What is multiplied.
    """
    for matrix in matrices:
        width = matrix.shape[1] if isinstance(matrix, Tensor) else int(matrix.in_features)  # type: ignore[arg-type]
        device = matrix.device if isinstance(matrix, Tensor) else next(matrix.parameters()).device
        rows = torch.randn(many, width, generator=torch.Generator().manual_seed(1)).to(device, dtype)
        together = product(matrix, rows)
        for first, count in ((0, few), (few, few + 3), (3, many // 2), (many // 2, many - many // 2)):
            if not torch.equal(product(matrix, rows[first : first + count]), together[first : first + count]):
                return False
    return True
