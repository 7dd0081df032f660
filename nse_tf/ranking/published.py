"""The published results of ABS's ranking study on CIFAR-10, to compare with.

Kendall's tau, mean and deviation over ten seeds, of supernets of five cells a
stage and 16 channels after 250 epochs on a GPU; angles are measured from the
weights after the first epoch. Recomputed from the files beside its code.

References:
    Hu et al., ABS (2020): https://arxiv.org/abs/2004.13431
"""

PUBLISHED_TAUS = {
    "angle": (0.5748, 0.0024),
    "accuracy, calibrated": (0.5398, 0.0518),
    "accuracy, not calibrated": (0.0413, 0.0366),
    "add": (0.6744, 0.0260),
    "random": (-0.0023, 0.0064),
}


def published_lines() -> list[str]:
    """Returns the published figures as sentences, with their setting."""
    figures = ", ".join(
        f"{score} {mean:.4f} ± {deviation:.4f}"
        for score, (mean, deviation) in PUBLISHED_TAUS.items()
    )
    return [
        f"published (ABS, CIFAR-10, 250 GPU epochs, base first_epoch, ten "
        f"seeds): {figures}"
    ]
