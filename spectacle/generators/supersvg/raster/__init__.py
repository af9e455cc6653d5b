"""Sets of filled paths, and a differentiable rasterizer for them: compiled for the CPU, torch operations for GPUs."""
