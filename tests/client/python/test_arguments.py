"""Arguments that are none: refused before anything is sent, by their name."""

import unittest

import numpy as np

import attnd
from attnd import requests
from attnd.v1 import inference_pb2 as pb
from client.python.callers import BOTH

# Nobody listens there, and nobody is asked.
NOWHERE = "127.0.0.1:1"

# Method, positional arguments, options, and what is raised.
WRONG = [
    ("embed", ["text"], {}, TypeError, "inputs are one text; pass a list of inputs"),
    ("embed", [[1, 2]], {}, TypeError, r"inputs\[0\] is a number"),
    ("embed", [[[0.5]]], {}, TypeError, r"inputs\[0\] is an array of float64 and shape \[1\], must be token ids"),
    ("embed", [[np.zeros((2, 2), dtype=int)]], {}, TypeError, r"int64 and shape \[2, 2\]"),
    ("embed", [[[1]]], {"pooling": "cls"}, ValueError, "pooling = 'cls', must be one of last, mean, weighted_mean"),
    ("embed", [[[1]]], {"data_type": "float64"}, ValueError, "data_type = 'float64'"),
    ("embed", [[[1]]], {"priority": "urgent"}, ValueError, "priority = 'urgent', must be one of critical, high"),
    ("embed", [[[1]]], {"logits": "all"}, TypeError, "no option 'logits'; there are data_type, dimensions"),
    ("embed", [[[-1]]], {}, ValueError, "-1"),
    ("forward", [[[1]]], {"logits": "first"}, ValueError, "logits = 'first', must be one of last, all"),
    ("forward", [[[1]]], {"hidden_states": "ln_f"}, TypeError, "hidden_states is a text"),
    ("forward", [[[1]]], {"hidden_states": {"h.0": "every"}}, ValueError, r"hidden_states\['h.0'\] = 'every'"),
    ("forward", [[[1]]], {"max_chunk_bytes": 1024}, TypeError, "no option 'max_chunk_bytes'"),
    ("score", [[[1]]], {"logits": "all"}, TypeError, "no option 'logits'"),
    ("tokenize", ["a"], {"truncate": True}, TypeError, "no option 'truncate'; there are request_id, timeout_s"),
]

# Arguments of a client, and what is raised.
WRONG_CLIENTS = [
    ([[]], {}, "0 addresses, must be at least one"),
    ([["localhost:50051"]], {}, "address 'localhost:50051' is not IP:PORT; for servers behind one name pass 'dns:///"),
    ([["127.0.0.1"]], {}, "address '127.0.0.1' is not IP:PORT"),
    ([["127.0.0.1:http"]], {}, "address '127.0.0.1:http' has no port"),
    ([["127.0.0.1:1", "[::1]:1"]], {}, "all of IPv4 or all of IPv6"),
    ([NOWHERE], {"api_key": "two words"}, "api_key is no API key: one is printable ASCII without spaces"),
    ([NOWHERE], {"api_key": ""}, "api_key is no API key"),
]


class ArgumentsTest(unittest.TestCase):
    """Both clients alike."""

    def test_wrong_arguments_of_a_call_are_named(self) -> None:
        for kind in BOTH:
            with kind(NOWHERE) as caller:
                for method, args, options, error, text in WRONG:
                    with self.subTest(text, kind=kind.__name__), self.assertRaisesRegex(error, text):
                        caller.call(method, *args, **options)

    def test_wrong_arguments_of_a_client_are_named(self) -> None:
        for kind in BOTH:
            for args, options, text in WRONG_CLIENTS:
                with self.subTest(text, kind=kind.__name__), self.assertRaisesRegex(ValueError, text):
                    kind(*args, **options)

    def test_retry_policies_that_gRPC_would_not_take_are_refused(self) -> None:
        for options, text in (({"max_attempts": 6}, r"max_attempts = 6, must be in \[2, 5\]; retry=None turns"),
                              ({"first_backoff_s": 0}, "first_backoff_s = 0, must be at least 0.001"),
                              ({"max_backoff_s": 0.0001}, "max_backoff_s = 0.0001, must be at least 0.001")):
            with self.assertRaisesRegex(ValueError, text):
                attnd.RetryPolicy(**options)

    def test_half_a_tls_pair_and_empty_texts_are_refused(self) -> None:
        for options, text in (({"certificate": b"c"}, "certificate without private_key, must be both or neither"),
                              ({"private_key": b"k"}, "private_key without certificate, must be both or neither"),
                              ({"certificate": b"c", "private_key": b""}, "private_key is empty, must be a text in PEM"),
                              ({"certificate": b"", "private_key": b"k"}, "certificate is empty"),
                              ({"authorities": b""}, "authorities is empty")):
            with self.subTest(options), self.assertRaisesRegex(ValueError, text):
                attnd.Tls(**options)

    def test_the_priority_of_a_client_is_that_of_calls_that_name_none(self) -> None:
        self.assertEqual(requests.embed_request([[1]], {}, "low").priority, pb.PRIORITY_LOW)
        self.assertEqual(requests.embed_request([[1]], {"priority": "high"}, "low").priority, pb.PRIORITY_HIGH)
        self.assertEqual(requests.forward_item({"logits": "all"}, "critical").priority, pb.PRIORITY_CRITICAL)

    def test_both_clients_have_the_same_methods(self) -> None:
        def methods(kind: type) -> set[str]:
            return {name for name in dir(kind) if not name.startswith("_")}

        self.assertEqual(methods(attnd.Client), methods(attnd.AsyncClient))


if __name__ == "__main__":
    unittest.main()
