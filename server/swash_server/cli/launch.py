"""What torch reads from the environment, once, when it is first imported."""

import os
import platform

import platformdirs

FOR_TORCH = {
    # Threads that wait for each other sleep instead of spinning: with anything else on the cores, spinning made
    # a sound take two to four times as long.
    "OMP_WAIT_POLICY": "passive",
    # What was compiled outlives a restart of the machine, which a temporary folder does not.
    "TORCHINDUCTOR_CACHE_DIR": str(platformdirs.user_cache_path("swash") / "inductor"),
}
# oneDNN on Arm takes bfloat16 only inside its float32 products.
FOR_TORCH_ON_ARM = {"DNNL_DEFAULT_FPMATH_MODE": "BF16"}


def prepare_for_torch(*, exact: bool = False) -> None:
    """Set what the user has not set; `exact` keeps to float32. To be called before anything imports torch."""
    on_arm = platform.machine() in {"aarch64", "arm64"}
    for name, value in (FOR_TORCH | (FOR_TORCH_ON_ARM if on_arm and not exact else {})).items():
        os.environ.setdefault(name, value)
