"""SuperSVG's two networks (Hu et al., CVPR 2024): images of superpixels in, filled closed curves out.

Written afresh; modules and parameters are called as in the published `coarse.pt` and `refine.pt`, so that their state
dicts load strictly. Both see images of 3 x `SIDE` x `SIDE`, RGB from 0 to 1 inside the superpixel and -1 outside,
without any other normalization.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 224
"""Width and height in pixels of what the networks see."""

COARSE_PATHS = 128
"""Paths that the coarse network makes of a superpixel; each says whether it is visible."""

REFINE_PATHS = 8
"""Paths that the refinement network adds to a superpixel, all visible."""

COORDINATES = 24
"""Numbers of one outline: 12 points, x before y, of four cubic segments, the last of which ends at the first point."""

_COLOURS = 3
_WIDTH, _DEPTH, _HEADS, _PATCH = 384, 12, 6, 16  # ViT-S/16
_CROSS_HEADS = 8
_CROSS_SCALE = (_WIDTH // _CROSS_HEADS) ** -0.5  # by the width of the features, whatever the width of the tokens is
_REFINE_WIDTH, _REFINE_DEPTH = 768, 4
_VIT_EPS, _HEAD_EPS = 1e-6, 1e-5


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = (_split(part, self.heads) for part in self.qkv(tokens).chunk(3, dim=-1))
        attended: Tensor = self.proj(_join(functional.scaled_dot_product_attention(query, key, value)))
        return attended


class _CrossAttention(nn.Module):
    def __init__(self, features_width: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.wq = nn.Linear(width, width, bias=False)
        self.wk = nn.Linear(features_width, width, bias=False)
        self.wv = nn.Linear(features_width, width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, features: Tensor, tokens: Tensor) -> Tensor:
        query, key, value = (
            _split(part, self.heads) for part in (self.wq(tokens), self.wk(features), self.wv(features))
        )
        attended = functional.scaled_dot_product_attention(query, key, value, scale=_CROSS_SCALE)
        projected: Tensor = self.proj(_join(attended))
        return projected


def _split(tokens: Tensor, heads: int) -> Tensor:
    """(batch, tokens, width) as (batch, heads, tokens, width / heads)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


def _join(tokens: Tensor) -> Tensor:
    return tokens.transpose(1, 2).flatten(2)


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(tokens)))  # type: ignore[no-any-return]


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, eps: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps)
        self.mlp = _Mlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))  # type: ignore[no-any-return]


class _CrossBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, _HEAD_EPS)
        self.attn = _CrossAttention(_WIDTH, width, _CROSS_HEADS)
        self.norm2 = nn.LayerNorm(width, _HEAD_EPS)
        self.mlp = _Mlp(width)

    def forward(self, features: Tensor, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(features, self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))  # type: ignore[no-any-return]


class _PatchEmbedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, _WIDTH, _PATCH, _PATCH)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.proj(pictures).flatten(2).transpose(1, 2)  # type: ignore[no-any-return]


class VisionTransformer(nn.Module):
    """ViT-S/16 as DINO and timm's `vit_small_patch16_224` have it, without a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, _WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (SIDE // _PATCH) ** 2, _WIDTH))
        self.patch_embed = _PatchEmbedding()
        self.blocks = nn.Sequential(*(_Block(_WIDTH, _HEADS, _VIT_EPS) for _ in range(_DEPTH)))
        self.norm = nn.LayerNorm(_WIDTH, _VIT_EPS)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, pictures: Tensor) -> Tensor:
        """The features of the patches, (batch, 196, 384), of images (batch, 3, 224, 224)."""
        patches = self.patch_embed(pictures)
        tokens = torch.cat((self.cls_token.repeat(len(patches), 1, 1), patches), dim=1) + self.pos_embed
        return self.norm(self.blocks(tokens))[:, 1:]  # type: ignore[no-any-return]


class _CoarseHead(nn.Module):
    """28 tokens, one for each number of a path, of width 128, one for each path."""

    def __init__(self) -> None:
        super().__init__()
        numbers = COORDINATES + _COLOURS + 1
        self.stroke_tokens = nn.Parameter(torch.zeros(1, numbers, COARSE_PATHS))
        self.cross_attn_block = _CrossBlock(COARSE_PATHS)
        self.self_attn_blocks = nn.Sequential(_Block(COARSE_PATHS, _CROSS_HEADS, _HEAD_EPS))
        self.linear_head = nn.Linear(numbers, numbers)

    def forward(self, features: Tensor) -> Tensor:
        tokens = self.cross_attn_block(features, self.stroke_tokens.expand(len(features), -1, -1))
        return self.linear_head(self.self_attn_blocks(tokens).transpose(1, 2))  # type: ignore[no-any-return]


class _RefineHead(nn.Module):
    """One token for each number of each path."""

    def __init__(self) -> None:
        super().__init__()
        self.stroke_tokens = nn.Parameter(torch.randn(1, REFINE_PATHS * (COORDINATES + _COLOURS), _REFINE_WIDTH))
        self.cross_attn_block = _CrossBlock(_REFINE_WIDTH)
        self.self_attn_blocks = nn.Sequential(
            *(_Block(_REFINE_WIDTH, _CROSS_HEADS, _HEAD_EPS) for _ in range(_REFINE_DEPTH))
        )
        self.linear_head = nn.Linear(_REFINE_WIDTH, 1)

    def forward(self, features: Tensor) -> Tensor:
        tokens = self.cross_attn_block(features, self.stroke_tokens.expand(len(features), -1, -1))
        numbers: Tensor = self.linear_head(self.self_attn_blocks(tokens))
        return numbers.reshape(len(features), REFINE_PATHS, COORDINATES + _COLOURS)


class _Encoder(nn.Module):
    def __init__(self, head: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.feature_extractor = VisionTransformer()
        self.stroke_head = head()

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.sigmoid(self.stroke_head(self.feature_extractor(pictures)))


class Coarse(nn.Module):
    """Draws a superpixel from nothing with up to `COARSE_PATHS` paths (22,131,756 parameters)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Encoder(_CoarseHead)

    def forward(self, pictures: Tensor) -> Tensor:
        """Paths of images (batch, 3, 224, 224).

        Returns:
            (batch, 128, 28), in painter's order: `COORDINATES` from 0 to 1 in the image, RGB from 0 to 1, and how
            sure the path is to be visible; it is when that is more than a half.
        """
        return self.encoder(pictures)  # type: ignore[no-any-return]


class _FusionConvolutions(nn.Module):
    """Makes one image of what is wanted and what there is already."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(6, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 3, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        for convolution in (self.conv1, self.conv2, self.conv3):
            pictures = functional.gelu(convolution(pictures))
        return pictures


class Refine(nn.Module):
    """Adds `REFINE_PATHS` paths to what a superpixel shows already (56,685,940 parameters)."""

    def __init__(self) -> None:
        super().__init__()
        self.fuser_conv = _FusionConvolutions()
        self.encoder = _Encoder(_RefineHead)

    def forward(self, pictures: Tensor, canvases: Tensor) -> Tensor:
        """Paths that make canvases more similar to images, both (batch, 3, 224, 224).

        Returns:
            (batch, 8, 27), in painter's order: `COORDINATES` and RGB as those of `Coarse`.
        """
        return self.encoder(self.fuser_conv(torch.cat((pictures, canvases), dim=1)))  # type: ignore[no-any-return]
