"""Vectors of texts, and how near they are to the first: python3 embed.py ADDRESS TEXT..."""

import sys

import attnd


def main(address: str, texts: list[str]) -> None:
    with attnd.Client(address) as client:
        vectors = client.embed(texts, pooling="mean", truncate=True).embeddings  # [N, C], of unit length
    for text, similarity in zip(texts, vectors @ vectors[0]):
        print(f"{similarity:.3f}  {text}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
