"""Which preset suits an image size, where none is named."""

# For images up to 16 pixels, below 128, and from there on.
_BY_SIZE = {
    "chain": ("spos_tiny", "spos_small", "spos"),
    "branches": ("nse_tiny", "nse_small", "nse_27"),
    "motifs": ("autospace_tiny", "autospace_small", "autospace"),
}


def preset_for(image_size: tuple[int, int], family: str = "chain") -> str:
    """Returns the name of the preset that suits an image size.

    Args:
        image_size: Height and width, in pixels.
        family: `chain`, `branches` of multi-branch cells, or `motifs`.
    """
    shorter = min(image_size)
    tiny, small, full = _BY_SIZE[family]
    return tiny if shorter <= 16 else small if shorter < 128 else full
