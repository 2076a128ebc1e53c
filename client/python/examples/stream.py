"""Vectors of the lines of a file, of any number, as an array for NumPy: python3 stream.py ADDRESS LINES OUT.npy"""

import sys

import numpy as np

import attnd


def main(address: str, lines_path: str, out_path: str) -> None:
    with open(lines_path, encoding="utf-8") as lines, attnd.Client(address) as client:
        vectors = {}
        for item in client.embed_stream((line.rstrip("\n") for line in lines), truncate=True):
            vectors[item.index] = item.get().embedding  # answers come in any order
    np.save(out_path, np.stack([vectors[index] for index in range(len(vectors))]))
    print(f"{len(vectors)} lines")


if __name__ == "__main__":
    main(*sys.argv[1:])
