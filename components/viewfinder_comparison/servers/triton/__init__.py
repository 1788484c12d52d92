"""NVIDIA Triton through PyTriton."""
