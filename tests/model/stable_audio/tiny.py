"""The configs of a tiny model that shares no size with the golden one."""

import copy
from typing import Any

from swash_model.stable_audio.released import RELEASED, T5_BASE


def tiny_config() -> dict[str, Any]:
    content = copy.deepcopy(dict(RELEASED))
    content |= {"sample_rate": 32_000, "sample_size": 48 * 20}
    model = content["model"]
    model["io_channels"] = 6
    model["conditioning"]["cond_dim"] = 24
    model["conditioning"]["configs"][0]["config"]["max_length"] = 11
    model["diffusion"]["config"] |= {
        "io_channels": 6, "embed_dim": 96, "depth": 3, "num_heads": 3, "cond_token_dim": 24, "global_cond_dim": 24,
    }  # fmt: skip
    autoencoder = model["pretransform"]["config"]
    autoencoder |= {"latent_dim": 6, "downsampling_ratio": 48}
    shape = {"channels": 16, "c_mults": [1, 2, 3], "strides": [2, 4, 6]}
    autoencoder["encoder"]["config"] |= {**shape, "latent_dim": 12}
    autoencoder["decoder"]["config"] |= {**shape, "latent_dim": 6}
    return content


def tiny_t5() -> dict[str, Any]:
    return {**T5_BASE, "d_model": 24, "d_kv": 8, "d_ff": 40, "num_layers": 3, "num_heads": 3, "vocab_size": 300}
