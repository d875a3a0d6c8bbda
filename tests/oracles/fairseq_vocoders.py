"""Unit HiFi-GANs of fairseq's own classes, with random weights. Run by a Python that has fairseq 0.12.2.

    python fairseq_vocoders.py FOLDER

Reads   FOLDER/cases.json: name → {"config": of the generator, "speaker": its number or null,
        "predicted": whether it predicts durations, "units": lists of units}
Writes  FOLDER/{name}/generator.pt, config.json, {n}.npy: the speech of each list
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from fairseq.models.text_to_speech.codehifigan import CodeGenerator


def randomise(module, generator):
    """Weights under which the layers neither die away nor saturate: those of the constructor give silence."""
    for name, values in sorted(module.state_dict().items()):
        noise = torch.randn(values.shape, generator=generator)
        if name.endswith("weight_g"):
            values.copy_((0.8 + 0.2 * noise.abs()) * (5 if name.startswith("conv_post") else 1))
        elif name.endswith("proj.bias"):
            values.fill_(1.3)  # logarithm of the frames that a unit lasts
        elif name.endswith("proj.weight"):
            values.copy_(0.5 * noise / values.shape[1] ** 0.5)
        elif "ln" in name:
            values.add_(0.1 * noise)
        else:
            values.copy_(noise * (0.1 if name.endswith("bias") else 1.0))


def main(folder):
    torch.set_num_threads(1)
    for seed, (name, case) in enumerate(sorted(json.loads((folder / "cases.json").read_text()).items())):
        model = CodeGenerator(case["config"]).eval()
        with torch.no_grad():
            randomise(model, torch.Generator().manual_seed(seed))
        target = folder / name
        target.mkdir()
        torch.save({"generator": model.state_dict()}, target / "generator.pt")
        (target / "config.json").write_text(json.dumps(case["config"]))
        model.remove_weight_norm()
        for number, units in enumerate(case["units"]):
            arguments = {"code": torch.tensor([units]), "dur_prediction": case["predicted"]}
            if case["speaker"] is not None:
                arguments["spkr"] = torch.tensor([[case["speaker"]]])
            with torch.no_grad():
                np.save(target / f"{number}.npy", model(**arguments)[0, 0].numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
