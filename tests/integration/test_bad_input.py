"""Wrong calls: each has its code, a text that names field, value and limit, and no effect on the next call."""

import unittest

import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, hidden_input, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden

# Of the tiny checkpoint.
VOCABULARY = 512
CONTEXT = 64
CHANNELS = 64

MAX_REPLY_BYTES = 100_000
MAX_REQUEST_BYTES = 200_000
FLAGS = ("--max_request_inputs=8", "--max_request_tokens=200", f"--max_reply_bytes={MAX_REPLY_BYTES}",
         f"--max_request_bytes={MAX_REQUEST_BYTES}")


def tensor_input(shape: list[int], byte_count: int, data_type: int = pb.DATA_TYPE_FLOAT32) -> pb.Input:
    """A tensor of zeros that may contradict itself."""
    return pb.Input(hidden_states=pb.Tensor(data_type=data_type, shape=shape, data=bytes(byte_count)))


def hidden_with(value: float) -> pb.Input:
    """Two rows, with `value` at [1, 3]."""
    values = np.zeros((2, CHANNELS))
    values[1, 3] = value
    return hidden_input(values)


GOOD = ids_input([1, 2, 3])
FORWARD = {
    "no inputs": (forward_request([], ["ln_f"]), ["inputs has 0 entries", "1 to 8"]),
    "too many inputs": (forward_request([GOOD] * 9, ["ln_f"]), ["inputs has 9 entries", "1 to 8"]),
    "input without form": (forward_request([GOOD, pb.Input()], ["ln_f"]), ["inputs[1] is empty"]),
    "no ids": (forward_request([ids_input([])], ["ln_f"]), ["inputs[0].token_ids has 0 tokens", "1 to 64"]),
    "id too large": (forward_request([GOOD, ids_input([5, VOCABULARY])], ["ln_f"]),
                     ["inputs[1].token_ids.ids[1] = 512", "[0, 512)"]),
    "id far too large": (forward_request([ids_input([2**32 - 1])], ["ln_f"]), ["ids[0] = 4294967295", "[0, 512)"]),
    "too long": (forward_request([ids_input([0] * (CONTEXT + 1))], ["ln_f"]), ["has 65 tokens", "1 to 64"]),
    "too many tokens": (forward_request([ids_input([0] * CONTEXT)] * 4, ["ln_f"]), ["256 tokens", "at most 200"]),
    "one dimension": (forward_request([tensor_input([CHANNELS], 4 * CHANNELS)], ["ln_f"]),
                      ["inputs[0].hidden_states.shape has rank 1", "rank 2: [T, 64]"]),
    "three dimensions": (forward_request([tensor_input([1, 2, CHANNELS], 8 * CHANNELS)], ["ln_f"]),
                         ["shape has rank 3", "rank 2: [T, 64]"]),
    "no dimensions": (forward_request([tensor_input([], 0)], ["ln_f"]), ["shape has rank 0", "rank 2: [T, 64]"]),
    "wrong channels": (forward_request([tensor_input([2, 63], 8 * 63)], ["ln_f"]), ["shape = [2, 63]", "[T, 64]"]),
    "no rows": (forward_request([tensor_input([0, CHANNELS], 0)], ["ln_f"]), ["has 0 tokens", "1 to 64"]),
    "negative rows": (forward_request([tensor_input([-1, CHANNELS], 0)], ["ln_f"]), ["has -1 tokens", "1 to 64"]),
    "rows beyond 64 bits": (forward_request([tensor_input([2**62, CHANNELS], 0)], ["ln_f"]), ["tokens", "1 to 64"]),
    "too few bytes": (forward_request([tensor_input([2, CHANNELS], 8 * CHANNELS - 1)], ["ln_f"]),
                      ["hidden_states.data has 511 bytes", "must have 512"]),
    "too many bytes": (forward_request([tensor_input([2, CHANNELS], 8 * CHANNELS + 4)], ["ln_f"]),
                       ["has 516 bytes", "must have 512"]),
    "no data type": (forward_request([tensor_input([2, CHANNELS], 8 * CHANNELS, 0)], ["ln_f"]),
                     ["data_type = DATA_TYPE_UNSPECIFIED", "DATA_TYPE_FLOAT32"]),
    "unknown data type": (forward_request([tensor_input([2, CHANNELS], 8 * CHANNELS, 77)], ["ln_f"]),
                          ["data_type = 77"]),
    "NaN": (forward_request([hidden_with(float("nan"))], ["ln_f"]), ["element [1, 3] = nan", "finite"]),
    "infinity": (forward_request([hidden_with(float("-inf"))], ["ln_f"]), ["element [1, 3] = -inf", "finite"]),
    "layer beyond the last": (forward_request([GOOD], ["h.0", "h.2"]), ['hidden_states[1].layer = "h.2"', '"h.1"']),
    "unknown layer": (forward_request([GOOD], ["wte"]), ['layer = "wte"', '"ln_f"']),
    "layer twice": (forward_request([GOOD], ["h.1", "h.1"]), ["hidden_states[1].layer", "twice"]),
    "unknown positions": (pb.ForwardRequest(inputs=[GOOD], hidden_states=[pb.HiddenStatesSelection(positions=9)]),
                          ["hidden_states[0].positions = 9"]),
    "unknown logits": (forward_request([GOOD], [], 9), ["logits = 9"]),
    "hidden states as integers": (pb.ForwardRequest(inputs=[GOOD],
                                                    hidden_states=[pb.HiddenStatesSelection(data_type=3)]),
                                  ["hidden_states[0].data_type = 3", "DATA_TYPE_FLOAT16 (4)"]),
    "unknown type of logits": (pb.ForwardRequest(inputs=[GOOD], logits=pb.POSITIONS_LAST, logits_data_type=9),
                               ["logits_data_type = 9", "DATA_TYPE_FLOAT16 (4)"]),
    "position beyond an input": (forward_request([ids_input([1] * 9), GOOD], [], pb.POSITIONS_LISTED, [4, 3]),
                                 ["logits_listed_positions[0] = 4", "[0, 3), the tokens of inputs[1]"]),
    "position twice": (forward_request([GOOD], [], pb.POSITIONS_LISTED, [2, 2]), ["[1] = 2 is listed twice"]),
    "list without its name": (forward_request([GOOD], [], pb.POSITIONS_ALL, [1]), ["has 1 entries", "POSITIONS_LISTED"]),
    "name without its list": (forward_request([GOOD], [], pb.POSITIONS_LISTED), ["has 0 entries, must have 1 to 64"]),
    "no likeliest token": (pb.ForwardRequest(inputs=[GOOD], top_k=pb.TopKSelection()), ["top_k.k = 0", "[1, 512]"]),
    "more tokens than there are": (pb.ForwardRequest(inputs=[GOOD], top_k=pb.TopKSelection(k=513)),
                                   ["top_k.k = 513", "[1, 512]"]),
    "log-probabilities without ids": (pb.ForwardRequest(inputs=[GOOD, hidden_input(np.zeros((2, CHANNELS)))],
                                                        token_log_probabilities=True),
                                      ["token_log_probabilities = true", "inputs[1]"]),
    "nothing asked for": (forward_request([GOOD], []), ["hidden_states", "logits", "top_k", "token_log_probabilities"]),
    "reply too large": (forward_request([ids_input([0] * CONTEXT)], [], pb.POSITIONS_ALL),
                        ["reply would have 131", f"at most {MAX_REPLY_BYTES}"]),
}
EMBED = {
    "no inputs": (pb.EmbedRequest(), ["inputs has 0 entries"]),
    "unknown pooling": (pb.EmbedRequest(inputs=[GOOD], pooling=5), ["pooling = 5", "POOLING_MEAN"]),
    "no dimensions": (pb.EmbedRequest(inputs=[GOOD], dimensions=0), ["dimensions = 0", f"[1, {CHANNELS}]"]),
    "dimensions beyond the channels": (pb.EmbedRequest(inputs=[GOOD], dimensions=CHANNELS + 1),
                                       [f"dimensions = {CHANNELS + 1}", f"[1, {CHANNELS}]"]),
    "unknown data type": (pb.EmbedRequest(inputs=[GOOD], data_type=9), ["data_type = 9", "DATA_TYPE_INT8 (3)"]),
    "id too large": (pb.EmbedRequest(inputs=[ids_input([VOCABULARY])]), ["ids[0] = 512"]),
}


class BadInputTest(unittest.TestCase):
    """All of it against one server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}", *FLAGS))

    def check_refused(self, call, request, code: grpc.StatusCode, texts: list[str]) -> None:
        with self.assertRaises(grpc.RpcError) as raised:
            call(request)
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        for text in texts:
            self.assertIn(text, raised.exception.details())

    def check_alive(self) -> None:
        reply = self.server.stub.Forward(forward_request([GOOD], ["ln_f"]))
        self.assertEqual(reply.results[0].token_count, 3)

    def test_wrong_forward_calls(self) -> None:
        for name, (request, texts) in FORWARD.items():
            with self.subTest(name):
                self.check_refused(self.server.stub.Forward, request, grpc.StatusCode.INVALID_ARGUMENT, texts)
                self.check_alive()

    def test_wrong_embed_calls(self) -> None:
        for name, (request, texts) in EMBED.items():
            with self.subTest(name):
                self.check_refused(self.server.stub.Embed, request, grpc.StatusCode.INVALID_ARGUMENT, texts)
                self.check_alive()

    def test_a_wrong_call_disturbs_no_other_on_its_connection(self) -> None:
        good = forward_request([ids_input([0] * 25)] * 8, [], pb.POSITIONS_LAST)
        endless_shape = forward_request([tensor_input([1] * 20_000, 4)], ["ln_f"])
        endless_layer = forward_request([GOOD], ["\u00e9" * 50_000])
        for wrong in (endless_shape, endless_layer):
            calls = [self.server.stub.Forward.future(good) for _ in range(10)]
            self.check_refused(self.server.stub.Forward, wrong, grpc.StatusCode.INVALID_ARGUMENT, [])
            self.assertEqual([call.code() for call in calls], [grpc.StatusCode.OK] * 10)

    def test_a_refused_call_is_not_computed(self) -> None:
        batches = 'attnd_batches_total{close_reason="worker_idle"}'
        before = self.server.metric(batches)
        request, texts = FORWARD["reply too large"]
        self.check_refused(self.server.stub.Forward, request, grpc.StatusCode.INVALID_ARGUMENT, texts)
        self.assertEqual(self.server.metric(batches), before)

    def test_a_request_beyond_the_byte_limit_is_refused_by_grpc(self) -> None:
        request = forward_request([tensor_input([1, 1], MAX_REQUEST_BYTES)], ["ln_f"])
        self.check_refused(self.server.stub.Forward, request, grpc.StatusCode.RESOURCE_EXHAUSTED,
                           [str(MAX_REQUEST_BYTES)])
        self.check_alive()

    def test_bytes_that_are_no_message_are_refused(self) -> None:
        raw = self.server.channel.unary_unary("/attnd.v1.InferenceService/Forward")
        self.check_refused(raw, b"\xff\xff\xff\xff not protobuf", grpc.StatusCode.UNIMPLEMENTED, [])
        self.check_alive()

    def test_hidden_states_that_overflow_the_model_affect_no_other_input(self) -> None:
        signs = np.where(np.arange(4 * CHANNELS).reshape(4, CHANNELS) % 3 == 0, -1, 1)
        request = forward_request([hidden_input(3e38 * signs), GOOD], ["ln_f"])
        overflown, good = self.server.stub.Forward(request).results
        self.assertFalse(np.isfinite(to_array(overflown.hidden_states[0].values)).all())
        alone = self.server.stub.Forward(forward_request([GOOD], ["ln_f"])).results[0]
        self.assertEqual(good.SerializeToString(), alone.SerializeToString())

    def test_an_unknown_method_is_unimplemented(self) -> None:
        raw = self.server.channel.unary_unary("/attnd.v1.InferenceService/Generate")
        self.check_refused(raw, b"", grpc.StatusCode.UNIMPLEMENTED, [])
        self.check_alive()

    def test_a_deadline_already_passed_is_deadline_exceeded(self) -> None:
        with self.assertRaises(grpc.RpcError) as raised:
            self.server.stub.Forward(forward_request([GOOD], ["ln_f"]), timeout=0.000001)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.check_alive()


if __name__ == "__main__":
    unittest.main()
