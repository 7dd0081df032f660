"""Where the shared data lie, and a mark for tests that need them."""

import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "shared" / "data"
NB201_CSV = FOLDER / "nasbench201" / "nb201_cifar10.csv.gz"
LATENCY_CSV = FOLDER / "latency" / "nb201_latency_ms.csv.gz"

needs_nasbench201 = pytest.mark.skipif(
    not (NB201_CSV.exists() and LATENCY_CSV.exists()),
    reason=f"the tables of NAS-Bench-201 are not in {FOLDER}",
)

PIXEL_CSV = FOLDER / "latency" / "proxylessnas_pixel1_lut.csv"
NSE_CSV = FOLDER / "latency" / "nse_lut.csv"

needs_tables = pytest.mark.skipif(
    not (PIXEL_CSV.exists() and NSE_CSV.exists()),
    reason=f"the published latency tables are not in {FOLDER}",
)

LITE0_NPZ = FOLDER / "efficientnet_lite0" / "weights.npz"

needs_lite0 = pytest.mark.skipif(
    not LITE0_NPZ.exists(),
    reason=f"the weights of EfficientNet-Lite0 are not in {FOLDER}",
)
