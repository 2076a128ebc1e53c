"""The golden checkpoints over gRPC: every layer, logits and pooled vectors."""

import unittest

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, hidden_input, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden, models
from oracle.gpt2 import relative_error

TOLERANCE = 1e-5


class GoldenTest(unittest.TestCase):
    """One server a checkpoint."""

    def check(self, name: str) -> None:
        folder = golden.folder(name)
        model = models.read_folder(folder)
        layer_count = model.config["n_layer"]
        cases = golden.cases(folder, layer_count)
        layers = ["embeddings"] + [f"h.{layer}" for layer in range(layer_count)] + ["ln_f"]
        inputs = [ids_input(case.ids) for case in cases]
        with ServerProcess(f"--model={folder}") as server:
            together = server.stub.Forward(forward_request(inputs, layers, pb.POSITIONS_ALL))
            errors = []
            for case, result in zip(cases, together.results, strict=True):
                self.assertEqual(result.token_count, len(case.ids))
                actual = {hidden.layer: to_array(hidden.values) for hidden in result.hidden_states}
                self.assertEqual(list(actual), layers)
                # transformers does not give the last layer's output before its norm; the oracle does.
                last = f"h.{layer_count - 1}"
                expected = case.hidden | {last: model.forward(case.ids).hidden[last]}
                errors += [relative_error(actual[layer], expected[layer]) for layer in layers]
                errors.append(relative_error(to_array(result.logits), case.logits))
            for pooling, field in ((pb.POOLING_MEAN, "mean"), (pb.POOLING_LAST, "last")):
                reply = server.stub.Embed(pb.EmbedRequest(inputs=inputs, pooling=pooling))
                for row, case in zip(to_array(reply.embeddings), cases, strict=True):
                    errors.append(relative_error(row, getattr(case, field)))
            print(f"{name}: largest relative error {max(errors):.1e}")
            self.assertLess(max(errors), TOLERANCE)
            self.check_alone(server, inputs, layers, together)
            self.check_hidden_input(server, together, layers)

    def check_alone(self, server, inputs, layers, together) -> None:
        """Each sequence alone gives the bytes it gave in the batch."""
        for one, result in zip(inputs, together.results, strict=True):
            alone = server.stub.Forward(forward_request([one], layers, pb.POSITIONS_ALL))
            self.assertEqual(alone.results[0], result)

    def check_hidden_input(self, server, together, layers) -> None:
        """Embeddings fed back in place of ids give the same bytes."""
        embeddings = [hidden_input(to_array(result.hidden_states[0].values)) for result in together.results]
        reply = server.stub.Forward(forward_request(embeddings, layers, pb.POSITIONS_ALL))
        self.assertEqual(list(reply.results), list(together.results))

    def test_with_more_layers_it_gives_the_same_bytes(self) -> None:
        folder = golden.folder("tiny")
        request = forward_request([ids_input([1, 2, 3])], ["embeddings", "ln_f"], pb.POSITIONS_ALL)
        with ServerProcess(f"--model={folder}") as server:
            expected = server.stub.Forward(request).results
            layers = server.stub.GetModel(pb.GetModelRequest()).config.layer_count
        for place in ("end", "spread"):
            with ServerProcess(f"--model={folder}", f"--layers={layers + 3}", f"--new_layers={place}") as server:
                self.assertEqual(server.stub.Forward(request).results, expected)
                self.assertEqual(server.stub.GetModel(pb.GetModelRequest()).config.layer_count, layers + 3)

    def test_tiny(self) -> None:
        self.check("tiny")

    def test_stack16(self) -> None:
        self.check("stack16")


if __name__ == "__main__":
    unittest.main()
