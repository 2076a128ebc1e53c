"""The oracle itself against what Hugging Face's transformers computed."""

import unittest

import numpy as np

from oracle import golden, models
from oracle.gpt2 import erf, relative_error

TOLERANCE = 1e-6


class OracleTest(unittest.TestCase):
    """Golden checkpoints, and the pieces no golden checkpoint reaches."""

    def check(self, name: str) -> None:
        folder = golden.folder(name)
        model = models.read_folder(folder)
        for case in golden.cases(folder, model.config["n_layer"]):
            with self.subTest(tokens=len(case.ids)):
                output = model.forward(case.ids)
                for layer, expected in case.hidden.items():
                    self.assertLess(relative_error(output.hidden[layer], expected), TOLERANCE, layer)
                self.assertLess(relative_error(output.logits(), case.logits), TOLERANCE)
                self.assertLess(relative_error(output.embedding("mean"), case.mean), TOLERANCE)
                self.assertLess(relative_error(output.embedding("last"), case.last), TOLERANCE)

    def test_equals_transformers_on_tiny(self) -> None:
        self.check("tiny")

    def test_equals_transformers_on_stack16(self) -> None:
        self.check("stack16")

    def test_erf_equals_known_values(self) -> None:
        # Abramowitz and Stegun, table 7.1.
        known = {0.0: 0.0, 0.5: 0.5204998778, 1.0: 0.8427007929, 2.0: 0.9953222650, -1.0: -0.8427007929}
        actual = erf(np.array(list(known)))
        np.testing.assert_allclose(actual, list(known.values()), atol=1e-10)


if __name__ == "__main__":
    unittest.main()
