"""A .nemo file, which nobody has to trust: a tar of a model's configuration, its weights and its tokenizer.

NeMo unpacks the whole archive, builds what the configuration names, and lets the environment
decide whether weights may run code. Here the table of contents and the configuration are
looked at first; weights are read from the archive itself, as tensors and nothing else.
"""

from __future__ import annotations

import importlib
import pickle
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Dict, Iterator, Mapping, Optional, Type, cast

import torch

from amela.asr.nemo import NOT_TRUSTED, check_targets, check_weights, import_nemo, parse_config, without_training
from amela.errors import AmelaError

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
MODELS = "nemo.collections.asr.models"
ARTIFACT = "nemo:"  # in a configuration, before the name of a file of the archive
AGAIN = "fetch it again"
# of a tar that is none, or ends too early, plain or compressed
BROKEN_TAR = (tarfile.TarError, EOFError, OSError, zlib.error)
# of torch.load: PyTorch has no error of its own for a file that is none of its
BROKEN_WEIGHTS = (*BROKEN_TAR, RuntimeError, ValueError, KeyError, IndexError, AttributeError)


class NemoArchive:
    """A .nemo file, to be closed again: use it as a context.

    Attributes:
        config: of the model, plain values without what only training uses; may be changed before ``restore``.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            AmelaError: it is no archive of NeMo, a member would leave its folder or is no
                plain file, or the configuration would have something run but NeMo's own models.
        """
        self.path = path
        try:
            self._tar = tarfile.open(path)
        except BROKEN_TAR as error:
            raise AmelaError(f"no archive of NeMo: {error}".split("\n")[0], path, AGAIN) from error
        try:
            self._members = self._named()
            self.config = self._checked_config()
        except BaseException:
            self._tar.close()
            raise

    def __enter__(self) -> NemoArchive:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._tar.close()

    def _named(self) -> Dict[str, tarfile.TarInfo]:
        """The archive's files by their names below its top."""
        members: Dict[str, tarfile.TarInfo] = {}
        try:
            contents = self._tar.getmembers()
        except BROKEN_TAR as error:
            raise AmelaError(f"the archive is damaged: {error}", self.path, AGAIN) from error
        for member in contents:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                raise AmelaError(f"a member would leave the archive's folder: {member.name!r}", self.path, NOT_TRUSTED)
            if not member.isreg() and not member.isdir():
                raise AmelaError(f"a member is no plain file: {member.name!r}", self.path, NOT_TRUSTED)
            if str(path) in members:
                raise AmelaError(f"a member is there twice: {member.name!r}", self.path, NOT_TRUSTED)
            if member.isreg():
                members[str(path)] = member
        lacking = [name for name in (CONFIG, WEIGHTS) if name not in members]
        if lacking:
            raise AmelaError(f"no archive of NeMo: it lacks {' and '.join(lacking)}", self.path)
        return members

    def _checked_config(self) -> Dict[str, Any]:
        try:
            text = self._content(CONFIG).decode("utf-8")
        except UnicodeDecodeError as error:
            raise AmelaError(f"{CONFIG} is no text: {error}", self.path, AGAIN) from error
        config = without_training(parse_config(text, self.path))
        check_targets(config, self.path)
        target = config.get("target")
        if not isinstance(target, str) or not target.startswith(f"{MODELS}."):
            raise AmelaError(f"no model of speech recognition: target is {target!r}", self.path)
        for name in _artifacts(config):
            if name not in self._members:
                raise AmelaError(f"{CONFIG} names a file that the archive lacks: {name!r}", self.path, AGAIN)
        return config

    def _open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self._tar.extractfile(self._members[name]))

    def _content(self, name: str) -> bytes:
        """A small file. Raises AmelaError where the archive is damaged."""
        try:
            with self._open(name) as member:
                return member.read()
        except BROKEN_TAR as error:
            raise AmelaError(f"{name} is damaged: {error}", self.path, AGAIN) from error

    def model_class(self) -> type:
        """The class of NeMo that the configuration names. Raises AmelaError where this NeMo has no such model."""
        module, _, name = self.config["target"].rpartition(".")
        import_nemo(MODELS)
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise AmelaError(f"a model that this NeMo does not know: {error}", self.path) from error
        if not issubclass(found, importlib.import_module(MODELS).ASRModel):
            raise AmelaError(f"no model of speech recognition: {name}", self.path)
        return found

    def restore(self) -> Any:
        """NeMo's model with every weight from the archive, on the CPU.

        Raises:
            AmelaError: a weight is missing, is of another shape or has no place in the model,
                or the weights are no tensors.
        """
        from omegaconf import OmegaConf

        model_class = self.model_class()
        with tempfile.TemporaryDirectory(prefix="amela-") as folder:
            self._unpack(Path(folder))
            return model_class.restore_from(
                folder,
                override_config_path=OmegaConf.create(self.config),
                map_location=torch.device("cpu"),
                save_restore_connector=_connector(self, folder),
            )

    def _unpack(self, folder: Path) -> None:
        """Everything but the weights, which are too large to be copied."""
        for name in self._members:
            if name != WEIGHTS:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(self._content(name))

    def weights(self) -> Dict[str, torch.Tensor]:
        """Tensors by name. Raises AmelaError where there is anything but tensors, or the file is damaged."""
        try:
            with self._open(WEIGHTS) as member:
                # said here, so that TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD changes nothing
                weights = torch.load(member, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            asked = next((line for line in str(error).splitlines() if "GLOBAL" in line), "no file of PyTorch")
            raise AmelaError(f"{WEIGHTS} is not tensors alone: {asked.strip()}", self.path, NOT_TRUSTED) from error
        except BROKEN_WEIGHTS as error:
            what = f"{WEIGHTS} cannot be read: {type(error).__name__} {error}".split("\n")[0]
            raise AmelaError(what, self.path, AGAIN) from error
        if not isinstance(weights, Mapping) or not all(isinstance(each, torch.Tensor) for each in weights.values()):
            raise AmelaError(f"{WEIGHTS} is no table of tensors", self.path, NOT_TRUSTED)
        return dict(weights)


def _artifacts(value: Any) -> Iterator[str]:
    """Names of the archive's files in a configuration."""
    if isinstance(value, str) and value.startswith(ARTIFACT):
        yield value[len(ARTIFACT) :]
    pairs = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for nested in pairs:
        yield from _artifacts(nested)


def _connector(archive: NemoArchive, folder: str) -> Any:
    """What NeMo restores a model by: its files from ``folder``, its weights from the archive, every one of them."""
    SaveRestoreConnector = import_nemo("nemo.core.connectors.save_restore_connector").SaveRestoreConnector

    class Connector(SaveRestoreConnector):
        def _load_state_dict_from_disk(self, model_weights: str, map_location: Any = None) -> Dict[str, torch.Tensor]:
            return archive.weights()

        def load_instance_with_state_dict(
            self, instance: Any, state_dict: Dict[str, torch.Tensor], strict: bool
        ) -> None:
            check_weights({name: tensor.shape for name, tensor in state_dict.items()}, instance, archive.path)
            try:
                super().load_instance_with_state_dict(instance, state_dict, strict)
            except RuntimeError as error:
                what = " ".join(str(error).split())
                raise AmelaError(f"the weights are not this model's: {what}", archive.path, AGAIN) from error

    connector = Connector()
    connector.model_extracted_dir = folder
    return connector
