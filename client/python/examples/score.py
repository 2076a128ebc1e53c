"""How likely the model finds a text, and what it expects next: python3 score.py ADDRESS TEXT"""

import sys

import attnd


def main(address: str, text: str) -> None:
    with attnd.Client(address) as client:
        [score] = client.score([text])
        print(f"{len(score.token_ids)} tokens, log-probability {score.sum:.2f}, perplexity {score.perplexity:.1f}")
        [top] = client.top_k([text], k=3)
        for token, log_probability in zip(top.ids[0], top.log_probabilities[0]):
            print(f"{log_probability:8.3f}  {client.detokenize([token]).data!r}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
