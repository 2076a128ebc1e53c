"""Reads and writes safetensors files with numpy."""

import json
import struct
from pathlib import Path

import numpy as np

NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8"}


def read(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a file by name; BF16 comes back as float32."""
    content = Path(path).read_bytes()
    (header_bytes,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + header_bytes])
    data = content[8 + header_bytes :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "BF16":
            bits = np.frombuffer(data[begin:end], dtype="<u2").astype("<u4") << 16
            tensors[name] = bits.view("<f4").reshape(entry["shape"])
        else:
            tensors[name] = np.frombuffer(data[begin:end], dtype=NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def to_bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """float32 rounded to nearest even, as the upper 16 bits."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def write(path: Path, tensors: dict[str, np.ndarray], dtype: str = "F32") -> None:
    """Writes all tensors as `dtype`: F32, F16 or BF16."""
    header = {}
    blobs = []
    offset = 0
    for name, tensor in tensors.items():
        stored = to_bfloat16_bits(tensor) if dtype == "BF16" else tensor.astype(NUMPY_TYPES[dtype])
        blob = stored.tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    encoded = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(encoded)) + encoded + b"".join(blobs))
