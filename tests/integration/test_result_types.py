"""Results in shorter types: what float32 gives, rounded to nearest, ties to even."""

import unittest

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import hidden_input, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden

INPUTS = [ids_input([1, 2, 3, 4]), ids_input([500]), ids_input(list(range(64)))]
CHANNELS = 64


def to_bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32, rounded."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


# Type -> the bytes of float32 values in it.
SHORT = {pb.DATA_TYPE_FLOAT16: lambda values: values.astype("<f2").tobytes(),
         pb.DATA_TYPE_BFLOAT16: lambda values: to_bfloat16_bits(values).tobytes()}


class ResultTypesTest(unittest.TestCase):
    """All of it on one server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))

    def forward(self, data_type: int) -> list[pb.ForwardResult]:
        selections = [pb.HiddenStatesSelection(layer=layer, positions=pb.POSITIONS_ALL, data_type=data_type)
                      for layer in ("embeddings", "ln_f")]
        request = pb.ForwardRequest(inputs=INPUTS, hidden_states=selections, logits=pb.POSITIONS_ALL,
                                    logits_data_type=data_type)
        return self.server.stub.Forward(request).results

    def embed(self, data_type: int, **options) -> pb.EmbedResponse:
        return self.server.stub.Embed(pb.EmbedRequest(inputs=INPUTS, data_type=data_type, **options))

    def test_hidden_states_and_logits_are_rounded(self) -> None:
        exact = self.forward(pb.DATA_TYPE_UNSPECIFIED)
        for data_type, to_bytes in SHORT.items():
            for result, expected in zip(self.forward(data_type), exact, strict=True):
                tensors = [hidden.values for hidden in result.hidden_states] + [result.logits]
                wanted = [hidden.values for hidden in expected.hidden_states] + [expected.logits]
                for tensor, floats in zip(tensors, wanted, strict=True):
                    self.assertEqual(tensor.data_type, data_type)
                    self.assertEqual(tensor.shape, floats.shape)
                    self.assertEqual(tensor.data, to_bytes(to_array(floats)))

    def test_embeddings_are_rounded(self) -> None:
        exact = to_array(self.embed(pb.DATA_TYPE_FLOAT32).embeddings)
        for data_type, to_bytes in SHORT.items():
            reply = self.embed(data_type)
            self.assertEqual(reply.embeddings.data_type, data_type)
            self.assertEqual(reply.embeddings.data, to_bytes(exact))
            self.assertEqual(list(reply.scales), [])

    def test_embeddings_are_integers_with_a_scale_for_each(self) -> None:
        for options in ({}, {"normalize": False, "dimensions": 17}):
            exact = to_array(self.embed(pb.DATA_TYPE_FLOAT32, **options).embeddings)
            reply = self.embed(pb.DATA_TYPE_INT8, **options)
            scales = np.array(reply.scales, dtype="<f4")
            np.testing.assert_array_equal(scales, np.abs(exact).max(axis=1) / np.float32(127))
            expected = np.rint(exact.astype("f8") / scales[:, None].astype("f8")).astype("i1")
            self.assertEqual(reply.embeddings.data, expected.tobytes())
            self.assertEqual(list(reply.embeddings.shape), list(exact.shape))

    def test_items_of_a_stream_have_the_bytes_of_a_call(self) -> None:
        for data_type in (pb.DATA_TYPE_FLOAT16, pb.DATA_TYPE_BFLOAT16, pb.DATA_TYPE_INT8):
            unary = self.embed(data_type)
            items = [pb.EmbedStreamRequest(id=i, input=one, data_type=data_type) for i, one in enumerate(INPUTS)]
            replies = {reply.id: reply.result for reply in self.server.stub.EmbedStream(iter(items), timeout=60)}
            self.assertEqual(b"".join(replies[i].embedding.data for i in range(len(INPUTS))), unary.embeddings.data)
            if data_type == pb.DATA_TYPE_INT8:
                self.assertEqual([replies[i].scale for i in range(len(INPUTS))], list(unary.scales))

    def test_what_overflows_the_model_has_a_finite_scale(self) -> None:
        signs = np.where(np.arange(4 * CHANNELS).reshape(4, CHANNELS) % 3 == 0, -1, 1)
        request = pb.EmbedRequest(inputs=[hidden_input(3e38 * signs)], data_type=pb.DATA_TYPE_INT8)
        [scale] = self.server.stub.Embed(request).scales
        self.assertTrue(np.isfinite(scale))


if __name__ == "__main__":
    unittest.main()
