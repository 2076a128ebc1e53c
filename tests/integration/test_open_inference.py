"""The Open Inference Protocol over TCP: the same bytes as attnd.v1, in its own messages."""

import time
import unittest

import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration import health
from integration.infer_messages import (arrays, byte_strings, integers, output, parameter, raw_request,
                                        typed_request)
from integration.messages import ids_input, to_array
from integration.metric_names import rpc_labels
from integration.server_process import ServerProcess
from oracle import golden

SERVICE = "inference.GRPCInferenceService"
ROWS = [[5, 6, 7], [8, 9, 10]]
RAGGED = [[1, 2, 3, 4, 5], [6], [7, 8, 9]]
PADDED = [row + [0] * (5 - len(row)) for row in RAGGED]
MASK = [[1] * len(row) + [0] * (5 - len(row)) for row in RAGGED]


class OpenInferenceTest(unittest.TestCase):
    """Against one server of the tiny checkpoint."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))
        cls.stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(cls.server.channel)
        cls.model_version = cls.server.stub.GetModel(pb.GetModelRequest()).model_version

    def embed(self, inputs: list[list[int]], **options) -> bytes:
        request = pb.EmbedRequest(inputs=map(ids_input, inputs), **options)
        return self.server.stub.Embed(request).embeddings.data

    def forward(self, ids: list[int], positions: int) -> tuple[np.ndarray, np.ndarray]:
        """ln_f and logits."""
        selection = pb.HiddenStatesSelection(layer="ln_f", positions=positions)
        request = pb.ForwardRequest(inputs=[ids_input(ids)], hidden_states=[selection], logits=positions)
        [result] = self.server.stub.Forward(request).results
        return to_array(result.hidden_states[0].values), to_array(result.logits)

    def test_bytes_written_by_hand_from_the_specification(self) -> None:
        ids = b"".join(number.to_bytes(8, "little") for row in ROWS for number in row)
        # InferInputTensor { name = 1: "input_ids", datatype = 2: "INT64", shape = 3: [2, 3] (packed) }
        tensor = b"\x0a\x09input_ids" + b"\x12\x05INT64" + b"\x1a\x02\x02\x03"
        # ModelInferRequest { model_name = 1, id = 3, inputs = 5, raw_input_contents = 7 }
        request = (b"\x0a\x04tiny" + b"\x1a\x02id" + b"\x2a" + bytes([len(tensor)]) + tensor
                   + b"\x3a" + bytes([len(ids)]) + ids)
        reply = self.server.channel.unary_unary(f"/{SERVICE}/ModelInfer")(request, timeout=30)
        data = self.embed(ROWS)
        # InferOutputTensor { name = 1, datatype = 2: "FP32", shape = 3: [2, 64] }
        tensor = b"\x0a\x09embedding" + b"\x12\x04FP32" + b"\x1a\x02\x02\x40"
        # ModelInferResponse { model_name = 1, model_version = 2, id = 3, outputs = 5, raw_output_contents = 6 }
        self.assertEqual(len(data), 512)
        self.assertEqual(reply, b"\x0a\x04tiny" + b"\x12\x011" + b"\x1a\x02id" + b"\x2a" + bytes([len(tensor)]) + tensor
                         + b"\x32\x80\x04" + data)

    def test_every_form_of_ids_gives_the_bytes_of_embed(self) -> None:
        data = self.embed(ROWS)
        for datatype in ("INT32", "INT64"):
            reply = self.stub.ModelInfer(raw_request(integers("input_ids", ROWS, datatype)))
            self.assertEqual(list(reply.raw_output_contents), [data])
            self.assertFalse(reply.outputs[0].HasField("contents"))
        reply = self.stub.ModelInfer(typed_request(ROWS))
        self.assertEqual(len(reply.raw_output_contents), 0)
        self.assertEqual(arrays(reply)["embedding"].tobytes(), data)
        tensor, _ = integers("input_ids", ROWS, "INT32")
        tensor.contents.int_contents.extend(ROWS[0] + ROWS[1])
        reply = self.stub.ModelInfer(oip.ModelInferRequest(model_name="tiny", inputs=[tensor]))
        self.assertEqual(arrays(reply)["embedding"].tobytes(), data)

    def test_ragged_rows_give_the_bytes_they_have_alone(self) -> None:
        data = self.embed(RAGGED)
        lengths = [len(row) for row in RAGGED]
        for tensor in (integers("attention_mask", MASK), integers("attention_mask", MASK, "INT32"),
                       integers("lengths", lengths), integers("lengths", [[length] for length in lengths], "INT32")):
            reply = self.stub.ModelInfer(raw_request(integers("input_ids", PADDED), tensor))
            self.assertEqual(list(reply.raw_output_contents), [data])

    def test_what_kserves_clients_add_about_binary_data_changes_nothing(self) -> None:
        request = raw_request(integers("input_ids", ROWS), outputs=(output("embedding", binary_data=True),),
                              binary_data_output=True)
        size = len(request.raw_input_contents[0])
        request.inputs[0].parameters["binary_data_size"].int64_param = size
        self.assertEqual(list(self.stub.ModelInfer(request).raw_output_contents), [self.embed(ROWS)])
        request.inputs[0].parameters["binary_data_size"].int64_param = size - 1
        with self.assertRaises(grpc.RpcError) as raised:
            self.stub.ModelInfer(request)
        self.assertIn('inputs[0].parameters["binary_data_size"] = 47, must be 48', raised.exception.details())

    def test_parameters_of_outputs_may_be_the_calls(self) -> None:
        names = ("top_k", "top_k_log_probability", "logits")
        own = typed_request(ROWS, outputs=[output("top_k", k=3, positions="all"), output("top_k_log_probability"),
                                           output("logits", positions="all")])
        of_call = typed_request(ROWS, outputs=map(output, names),
                                parameters={"k": parameter(3), "positions": parameter("all")})
        self.assertEqual(self.stub.ModelInfer(of_call), self.stub.ModelInfer(own))

    def test_outputs_by_name_with_padding_of_zeros(self) -> None:
        request = raw_request(integers("input_ids", PADDED), integers("attention_mask", MASK),
                              outputs=(output("logits", positions="all"), output("hidden_state", positions="all"),
                                       output("embedding")))
        reply = self.stub.ModelInfer(request)
        self.assertEqual([tensor.name for tensor in reply.outputs], ["logits", "hidden_state", "embedding"])
        found = arrays(reply)
        self.assertEqual(found["hidden_state"].shape, (3, 5, 64))
        self.assertEqual(found["logits"].shape, (3, 5, 512))
        for n, row in enumerate(RAGGED):
            hidden, logits = self.forward(row, pb.POSITIONS_ALL)
            self.assertEqual(found["hidden_state"][n, :len(row)].tobytes(), hidden.tobytes())
            self.assertEqual(found["logits"][n, :len(row)].tobytes(), logits.tobytes())
            self.assertFalse(found["hidden_state"][n, len(row):].any())
            self.assertFalse(found["logits"][n, len(row):].any())
        self.assertEqual(found["embedding"].tobytes(), self.embed(RAGGED))

    def test_the_last_position_is_the_default(self) -> None:
        found = arrays(self.stub.ModelInfer(typed_request(ROWS, outputs=[output("hidden_state"), output("logits")])))
        self.assertEqual(found["hidden_state"].shape, (2, 64))
        self.assertEqual(found["logits"].shape, (2, 512))
        for n, row in enumerate(ROWS):
            hidden, logits = self.forward(row, pb.POSITIONS_LAST)
            self.assertEqual(found["hidden_state"][n].tobytes(), hidden.tobytes())
            self.assertEqual(found["logits"][n].tobytes(), logits.tobytes())

    def test_the_likeliest_tokens_are_those_of_forward(self) -> None:
        outputs = (output("top_k", k=3, positions="all"), output("top_k_log_probability"))
        masked = raw_request(integers("input_ids", PADDED), integers("attention_mask", MASK), outputs=outputs)
        for request, rows in ((masked, RAGGED), (typed_request(ROWS, outputs=outputs), ROWS)):
            found = arrays(self.stub.ModelInfer(request))
            for n, row in enumerate(rows):
                result = self.server.stub.Forward(pb.ForwardRequest(
                    inputs=[pb.Input(token_ids=pb.TokenIds(ids=row))],
                    top_k=pb.TopKSelection(k=3, positions=pb.POSITIONS_ALL))).results[0]
                for t, top in enumerate(result.top_k):
                    self.assertEqual(found["top_k"][n, t].tolist(), list(top.ids))
                    self.assertEqual(found["top_k_log_probability"][n, t].tolist(), list(top.log_probabilities))
                self.assertFalse(found["top_k"][n, len(row):].any())
        found = arrays(self.stub.ModelInfer(typed_request(ROWS, outputs=[output("top_k")])))
        self.assertEqual(found["top_k"].shape, (2, 1))

    def test_parameters_do_what_those_of_embed_do(self) -> None:
        for parameters, options in (({"pooling": "mean"}, {"pooling": pb.POOLING_MEAN}),
                                    ({"pooling": "weighted_mean", "normalize": False},
                                     {"pooling": pb.POOLING_WEIGHTED_MEAN, "normalize": False}),
                                    ({"dimensions": 10, "priority": "low"}, {"dimensions": 10}),
                                    ({"priority": 1, "timeout": 30_000_000}, {})):
            reply = self.stub.ModelInfer(raw_request(integers("input_ids", ROWS), **parameters))
            self.assertEqual(reply.raw_output_contents[0], self.embed(ROWS, **options), parameters)

    def test_text_gives_the_bytes_of_its_tokens(self) -> None:
        texts = ["The stack has sixteen layers.", "héllo", "a" * 20]
        request = pb.EmbedRequest(inputs=[pb.Input(text=text) for text in texts])
        data = self.server.stub.Embed(request).embeddings.data
        for shape in ([3], [3, 1]):
            tensor, raw = byte_strings("text", shape, [text.encode() for text in texts])
            self.assertEqual(self.stub.ModelInfer(raw_request((tensor, raw))).raw_output_contents[0], data)
            tensor.contents.bytes_contents.extend(text.encode() for text in texts)
            reply = self.stub.ModelInfer(oip.ModelInferRequest(model_name="tiny", inputs=[tensor]))
            self.assertEqual(arrays(reply)["embedding"].tobytes(), data)

    def test_long_texts_are_cut_where_the_call_says_so_and_the_reply_tells(self) -> None:
        texts = [b"layers " * 5000, b"short"]
        reply = self.stub.ModelInfer(raw_request(byte_strings("text", [2], texts), truncate=True))
        self.assertEqual(reply.parameters["truncated_inputs"].int64_param, 1)
        request = pb.EmbedRequest(inputs=[pb.Input(text_bytes=text) for text in texts], truncate=True)
        self.assertEqual(reply.raw_output_contents[0], self.server.stub.Embed(request).embeddings.data)

    def test_the_id_returns_and_the_model_is_known_by_each_of_its_versions(self) -> None:
        for version in ("", "1", self.model_version):
            request = typed_request(ROWS, id="Ünïque-1", model_version=version)
            reply = self.stub.ModelInfer(request)
            self.assertEqual((reply.id, reply.model_name, reply.model_version), ("Ünïque-1", "tiny", "1"))
            self.assertTrue(self.stub.ModelReady(oip.ModelReadyRequest(name="tiny", version=version)).ready)

    def test_another_model_or_version_is_not_found(self) -> None:
        for name, version in (("", ""), ("other", ""), ("tiny", "2"), ("tiny", "latest")):
            calls = [self.stub.ModelInfer.future(oip.ModelInferRequest(model_name=name, model_version=version)),
                     self.stub.ModelReady.future(oip.ModelReadyRequest(name=name, version=version)),
                     self.stub.ModelMetadata.future(oip.ModelMetadataRequest(name=name, version=version)),
                     self.stub.ModelConfig.future(oip.ModelConfigRequest(name=name, version=version))]
            if name:
                calls.append(self.stub.ModelStatistics.future(oip.ModelStatisticsRequest(name=name, version=version)))
            for call in calls:
                self.assertEqual(call.code(), grpc.StatusCode.NOT_FOUND, (name, version, call.details()))
                self.assertIn("tiny", call.details())

    def test_a_timeout_shortens_the_deadline(self) -> None:
        call = self.stub.ModelInfer.future(raw_request(integers("input_ids", ROWS), timeout=1))
        self.assertEqual(call.code(), grpc.StatusCode.DEADLINE_EXCEEDED, call.details())

    def test_live_ready_and_health(self) -> None:
        self.assertTrue(self.stub.ServerLive(oip.ServerLiveRequest()).live)
        self.assertTrue(self.stub.ServerReady(oip.ServerReadyRequest()).ready)
        self.assertEqual(health.check(self.server.channel, SERVICE), health.SERVING)

    def test_reflection_shows_the_service_and_its_files(self) -> None:
        reflection = self.server.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        # ServerReflectionRequest { string file_containing_symbol = 4; string list_services = 7; }
        symbol = SERVICE.encode()
        requests = [b"\x3a\x01*", b"\x22" + bytes([len(symbol)]) + symbol]
        services, files = list(reflection(iter(requests), timeout=30))
        self.assertIn(symbol, services)
        self.assertIn(b"inference/open_inference.proto", files)
        self.assertIn(b"inference/model_config.proto", files)

    def test_server_metadata(self) -> None:
        reply = self.stub.ServerMetadata(oip.ServerMetadataRequest())
        self.assertEqual((reply.name, reply.version),
                         ("attnd", self.server.stub.GetModel(pb.GetModelRequest()).server_version))
        self.assertEqual(list(reply.extensions),
                         ["model_configuration", "parameters", "schedule_policy", "statistics"])

    def test_model_metadata_and_config_describe_the_same_tensors(self) -> None:
        metadata = self.stub.ModelMetadata(oip.ModelMetadataRequest(name="tiny"))
        self.assertEqual((metadata.name, list(metadata.versions), metadata.platform), ("tiny", ["1"], "attnd_gpt2"))
        self.assertEqual({tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in metadata.inputs},
                         {"input_ids": ("INT64", [-1, -1]), "attention_mask": ("INT64", [-1, -1]),
                          "lengths": ("INT64", [-1, 1]), "text": ("BYTES", [-1, 1])})
        self.assertEqual({tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in metadata.outputs},
                         {"embedding": ("FP32", [-1, -1]), "hidden_state": ("FP32", [-1, 64]),
                          "logits": ("FP32", [-1, 512]), "top_k": ("INT32", [-1, -1]),
                          "top_k_log_probability": ("FP32", [-1, -1])})
        self.assertEqual(metadata.properties["model_version"], self.model_version)
        config = self.stub.ModelConfig(oip.ModelConfigRequest(name="tiny")).config
        self.assertEqual((config.name, config.backend, config.max_batch_size), ("tiny", "attnd", 1024))
        self.assertEqual([(tensor.name, [-1, *tensor.dims]) for tensor in [*config.input, *config.output]],
                         [(tensor.name, list(tensor.shape)) for tensor in [*metadata.inputs, *metadata.outputs]])
        self.assertEqual([tensor.name for tensor in config.input if not tensor.optional], ["input_ids"])
        self.assertEqual(config.WhichOneof("scheduling_choice"), "dynamic_batching")

    def test_statistics_are_those_of_the_metrics(self) -> None:
        def snapshot() -> oip.ModelStatistics:
            return self.stub.ModelStatistics(oip.ModelStatisticsRequest()).model_stats[0]

        before = snapshot()
        self.stub.ModelInfer(typed_request(ROWS))
        self.embed(ROWS)
        after = snapshot()
        self.assertEqual((after.name, after.version), ("tiny", "1"))
        self.assertEqual(after.inference_count - before.inference_count, 4)
        self.assertEqual(after.execution_count - before.execution_count, 2)
        for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            old, new = getattr(before.inference_stats, name), getattr(after.inference_stats, name)
            self.assertEqual(new.count - old.count, 2, name)
            self.assertGreaterEqual(new.ns, old.ns, name)
        self.assertGreater(after.inference_stats.compute_infer.ns, 0)
        self.assertEqual(after.inference_stats.fail.count, before.inference_stats.fail.count)
        self.assertLess(abs(after.last_inference / 1000 - time.time()), 60)
        completed = sum(self.server.metric(f'attnd_request_duration_seconds_count{{method="{method}"}}')
                        for method in ("Forward", "Embed"))
        self.assertEqual(after.inference_stats.success.count, completed)

    def test_the_index_lists_the_model(self) -> None:
        [model] = self.stub.RepositoryIndex(oip.RepositoryIndexRequest(ready=True)).models
        self.assertEqual((model.name, model.version, model.state), ("tiny", "1", "READY"))
        other = oip.RepositoryIndexRequest(repository_name="other")
        self.assertEqual(len(self.stub.RepositoryIndex(other).models), 0)

    def test_calls_are_counted_by_method_and_computed_as_embed(self) -> None:
        handled = "grpc_server_handled_total" + rpc_labels("ModelInfer", grpc_code="OK")
        tokens = 'attnd_tokens_processed_total{kind="real",method="Embed"}'
        before = self.server.metric(handled), self.server.metric(tokens)
        self.stub.ModelInfer(typed_request(ROWS))
        self.assertEqual((self.server.metric(handled), self.server.metric(tokens)), (before[0] + 1, before[1] + 6))

    def test_methods_of_tritons_that_are_not_served_are_unimplemented(self) -> None:
        for method in ("RepositoryModelLoad", "SystemSharedMemoryStatus", "TraceSetting"):
            call = self.server.channel.unary_unary(f"/{SERVICE}/{method}").future(b"", timeout=30)
            self.assertEqual(call.code(), grpc.StatusCode.UNIMPLEMENTED)


if __name__ == "__main__":
    unittest.main()
