"""Text in place of token ids, and Tokenize and Detokenize, over TCP."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import bpe, golden

CONTEXT = 64
LONG_TEXT = "The stack has sixteen layers, it's true. " * 10_000  # 410 KB: dealt with off gRPC's threads


def text_input(text: str | bytes) -> pb.Input:
    """An input of text, or of bytes."""
    return pb.Input(text=text) if isinstance(text, str) else pb.Input(text_bytes=text)


def refusal(call, request) -> tuple[grpc.StatusCode, str]:
    """Code and text of a call that must fail."""
    try:
        call(request)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


class TextTest(unittest.TestCase):
    """Against a server of the tiny checkpoint."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = golden.folder("tiny")
        cls.cases = json.loads((cls.folder / "cases.json").read_text(encoding="utf-8"))
        cls.server = cls.enterClassContext(ServerProcess(f"--model={cls.folder}"))
        cls.stub = cls.server.stub

    def test_tokens_are_those_of_hugging_face_and_come_back_as_the_text(self) -> None:
        oracle = bpe.Tokenizer(self.folder)
        for case in self.cases:
            reply = self.stub.Tokenize(pb.TokenizeRequest(text=case["text"]))
            self.assertEqual(list(reply.ids), case["ids"], case["text"])
            tokens = [list(token) for token in zip(reply.ids, reply.begins, reply.ends)]
            self.assertEqual(tokens, oracle.encode(case["text"]))
            self.assertEqual(reply.model_version, self.stub.GetModel(pb.GetModelRequest()).model_version)
            back = self.stub.Detokenize(pb.DetokenizeRequest(ids=reply.ids))
            self.assertEqual((back.WhichOneof("form"), back.text), ("text", case["text"]))
            self.assertEqual(back.ends, reply.ends)

    def test_any_bytes_come_back(self) -> None:
        for data in (bytes(range(256)), b"layers\xff\xfe layers", b"\xe2\x82", b"\x00"):
            ids = self.stub.Tokenize(pb.TokenizeRequest(text_bytes=data)).ids
            back = self.stub.Detokenize(pb.DetokenizeRequest(ids=ids))
            self.assertEqual(back.text_bytes or back.text.encode(), data)

    def test_special_tokens_can_be_left_out(self) -> None:
        ids = self.stub.Tokenize(pb.TokenizeRequest(text="a<|endoftext|>b")).ids
        self.assertIn(0, ids)
        self.assertEqual(self.stub.Detokenize(pb.DetokenizeRequest(ids=ids)).text, "a<|endoftext|>b")
        self.assertEqual(self.stub.Detokenize(pb.DetokenizeRequest(ids=ids, skip_special_tokens=True)).text, "ab")

    def test_text_gives_the_bytes_that_its_ids_give(self) -> None:
        cases = [case for case in self.cases if 1 <= len(case["ids"]) <= CONTEXT]
        texts = [text_input(case["text"]) for case in cases[1:]] + [text_input(cases[0]["text"].encode())]
        ids = [ids_input(case["ids"]) for case in cases[1:] + cases[:1]]
        layers = ["embeddings", "ln_f"]
        by_text = self.stub.Forward(forward_request(texts, layers, pb.POSITIONS_ALL))
        by_ids = self.stub.Forward(forward_request(ids, layers, pb.POSITIONS_ALL))
        self.assertEqual(by_text.results, by_ids.results)
        embeddings = [self.stub.Embed(pb.EmbedRequest(inputs=inputs)).embeddings for inputs in (texts, ids)]
        self.assertEqual(*embeddings)
        selection = [pb.HiddenStatesSelection(layer="ln_f")]
        for one_by_text, one_by_ids in ((texts[0], ids[0]), (texts[-1], ids[-1])):
            items = [pb.ForwardStreamRequest(input=one, hidden_states=selection) for one in (one_by_text, one_by_ids)]
            self.assertEqual(*[next(self.stub.ForwardStream(iter([item]))).result for item in items])
            items = [pb.EmbedStreamRequest(input=one) for one in (one_by_text, one_by_ids)]
            self.assertEqual(*[next(self.stub.EmbedStream(iter([item]))).result for item in items])

    def test_text_is_cut_only_where_the_call_says_so_and_the_reply_tells(self) -> None:
        long, short = text_input("layers " * 100), text_input("layers")
        count = len(self.stub.Tokenize(pb.TokenizeRequest(text=long.text)).ids)
        self.assertGreater(count, CONTEXT)
        request = pb.EmbedRequest(inputs=[short, long])
        self.assertEqual(refusal(self.stub.Embed, request),
                         (grpc.StatusCode.INVALID_ARGUMENT,
                          f"inputs[1].text has {count} tokens, must have 1 to 64 (max_input_tokens); set truncate to "
                          "have it cut"))
        request.truncate = True
        reply = self.stub.Embed(request)
        self.assertEqual(list(reply.token_counts), [2, CONTEXT])
        self.assertEqual(list(reply.truncated_from), [0, count])
        selection = [pb.HiddenStatesSelection(layer="ln_f")]
        forward = self.stub.Forward(pb.ForwardRequest(inputs=[long], hidden_states=selection, truncate=True))
        self.assertEqual((forward.results[0].token_count, forward.results[0].truncated_from), (CONTEXT, count))
        item = next(self.stub.EmbedStream(iter([pb.EmbedStreamRequest(input=long, truncate=True)])))
        self.assertEqual(item.result.truncated_from, count)
        item = next(self.stub.EmbedStream(iter([pb.EmbedStreamRequest(id=7, input=long)])))
        self.assertEqual((item.id, item.status.code), (7, grpc.StatusCode.INVALID_ARGUMENT.value[0]))

    def test_wrong_texts_are_refused_by_field_and_limit(self) -> None:
        def embed(*texts: str | bytes) -> tuple[grpc.StatusCode, str]:
            return refusal(self.stub.Embed, pb.EmbedRequest(inputs=[text_input(text) for text in texts]))

        invalid = grpc.StatusCode.INVALID_ARGUMENT
        self.assertEqual(embed(""), (invalid, "inputs[0].text has 0 tokens, must have 1 to 64 (max_input_tokens)"))
        code, text = embed("a", LONG_TEXT.encode())
        self.assertEqual(code, invalid)
        self.assertIn(f"inputs[1].text_bytes has {len(LONG_TEXT)} bytes, must have at most", text)
        code, text = embed(b"x" * (3 << 20), b"x" * (2 << 20))
        self.assertEqual((code, text), (invalid, "inputs has 5242880 bytes of text, must have at most 4194304 "
                                                 "(max_request_text_bytes)"))
        self.assertEqual(refusal(self.stub.Tokenize, pb.TokenizeRequest())[0], invalid)
        self.assertEqual(refusal(self.stub.Detokenize, pb.DetokenizeRequest(ids=[1, 503])),
                         (invalid, "ids[1] = 503, which no token has"))

    def test_long_texts_side_by_side_all_have_their_tokens(self) -> None:
        expected = [token[0] for token in bpe.Tokenizer(self.folder).encode(LONG_TEXT)]
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: self.stub.Tokenize(pb.TokenizeRequest(text=LONG_TEXT)), range(8)))
            embed = pb.EmbedRequest(inputs=[text_input(LONG_TEXT)], truncate=True)
            cut = list(pool.map(lambda _: self.stub.Embed(embed), range(8)))
        for reply in replies:
            self.assertEqual(list(reply.ids), expected)
            self.assertEqual(reply.ends[-1], len(LONG_TEXT))
        for reply in cut:
            self.assertEqual(list(reply.truncated_from), [len(expected)])

    def test_a_long_text_whose_caller_is_gone_holds_nothing_up(self) -> None:
        for _ in range(20):
            self.stub.Embed.future(pb.EmbedRequest(inputs=[text_input(LONG_TEXT)], truncate=True)).cancel()
        self.assertEqual(self.stub.Detokenize(pb.DetokenizeRequest(ids=[65])).WhichOneof("form"), "text")

    def test_replies_of_tokens_count_beside_those_that_are_pending(self) -> None:
        # A batch with room waits for more calls.
        flags = ("--max_queue_delay_us=60000000", "--max_pending_reply_bytes=100000")
        with ServerProcess(f"--model={self.folder}", *flags) as server:
            waiting = server.stub.Embed.future(pb.EmbedRequest(inputs=[ids_input([1, 2])]))
            wait_until(lambda: server.metric('attnd_queue_requests{priority="normal"}') == 1, "a call waits")
            for call, request in [(server.stub.Tokenize, pb.TokenizeRequest(text=LONG_TEXT)),
                                  (server.stub.Detokenize, pb.DetokenizeRequest(ids=[65] * 100_000))]:
                code, details = refusal(call, request)
                self.assertEqual(code, grpc.StatusCode.RESOURCE_EXHAUSTED)
                self.assertIn("would exceed the limit of 100000", details)
            self.assertTrue(server.stub.Tokenize(pb.TokenizeRequest(text="abc" * 100)).ids)
            waiting.cancel()
            # One of any size may be the only one.
            wait_until(lambda: server.stub.Tokenize.future(pb.TokenizeRequest(text=LONG_TEXT)).code()
                       == grpc.StatusCode.OK, "the only reply")

    def test_metrics_and_model_know_of_text(self) -> None:
        self.stub.Tokenize(pb.TokenizeRequest(text="a"))
        self.assertIn('grpc_method="Tokenize"', self.server.scrape())
        model = self.stub.GetModel(pb.GetModelRequest())
        self.assertEqual((model.tokenizer_token_count, model.limits.max_request_text_bytes), (503, 4 << 20))

    def attndctl(self, *arguments: str, data: bytes = b"") -> bytes:
        command = [os.environ["ATTND_CTL"], *arguments, f"--server={self.server.address}"]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    def test_attndctl_takes_text_from_arguments_files_and_standard_input(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "lines.txt"
            file.write_text("layers\nThe stack\n", encoding="utf-8")
            reply = json.loads(self.attndctl("embed", "--text", "Hello world", "a", f"--text_lines={file}",
                                             "--text_file=-", "--output=json", data=b"from standard input"))
        texts = ["Hello world", "a", "from standard input", "layers", "The stack"]
        counts = [len(self.stub.Tokenize(pb.TokenizeRequest(text=text)).ids) for text in texts]
        self.assertEqual(reply["token_counts"], counts)
        case = self.cases[3]
        tokens = json.loads(self.attndctl("tokenize", case["text"], "--output=json"))
        self.assertEqual(tokens["ids"], case["ids"])
        self.assertIn(b'"The"', self.attndctl("tokenize", case["text"]))
        ids = ",".join(map(str, case["ids"]))
        self.assertEqual(self.attndctl("detokenize", ids), case["text"].encode())
        forward = json.loads(self.attndctl("forward", "--text_file=-", "--truncate", "--logits=last", "--output=json",
                                           data=b"layers " * 100))
        self.assertEqual(forward["results"][0]["token_count"], CONTEXT)
        self.assertGreater(forward["results"][0]["truncated_from"], CONTEXT)
        likeliest = self.attndctl("forward", "--text", case["text"], "--layers=", "--top_k=3").decode()
        top_k = json.loads(self.attndctl("forward", ids, "--top_k=3", "--output=json"))["results"][0]["top_k"]
        self.assertEqual((len(top_k), top_k[0]["position"]), (1, len(case["ids"]) - 1))
        for token in top_k[0]["ids"]:
            self.assertRegex(likeliest, rf" {token} .*\"")
        score = json.loads(self.attndctl("score", "--text", case["text"], "--output=json"))["results"][0]
        self.assertEqual(score["token_ids"], case["ids"])
        self.assertAlmostEqual(score["sum"], sum(score["log_probabilities"]), delta=1e-3)
        self.assertIn(b'"The"', self.attndctl("score", "--text", case["text"], "--per_token"))
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.attndctl("embed", "--text_file=-", data=b"ab\xff")
        self.assertIn(b"is not UTF-8 from byte 2 (0xff) on", raised.exception.stderr)
        self.attndctl("embed", "--text_file=-", "--bytes", data=b"ab\xff")


class FolderTest(unittest.TestCase):
    """Folders with other tokenizers, or none."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "model"
        shutil.copytree(golden.folder("tiny"), self.folder)
        self.flag = f"--model={self.folder}"

    def edit(self, change) -> None:
        """Rewrites tokenizer.json."""
        path = self.folder / "tokenizer.json"
        tokenizer = json.loads(path.read_text(encoding="utf-8"))
        change(tokenizer)
        path.with_suffix(".new").write_text(json.dumps(tokenizer), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def check_no_text(self, server: ServerProcess, reason: str) -> None:
        refusals = [refusal(server.stub.Embed, pb.EmbedRequest(inputs=[text_input("a")])),
                    refusal(server.stub.Tokenize, pb.TokenizeRequest(text="a")),
                    refusal(server.stub.Detokenize, pb.DetokenizeRequest(ids=[1]))]
        for code, text in refusals:
            self.assertEqual(code, grpc.StatusCode.FAILED_PRECONDITION)
            self.assertIn(reason, text)
            self.assertNotIn(str(self.folder), text)
        self.assertEqual(server.stub.GetModel(pb.GetModelRequest()).tokenizer_token_count, 0)
        server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))

    def test_without_a_tokenizer_the_missing_files_are_named_and_ids_are_served(self) -> None:
        (self.folder / "tokenizer.json").unlink()
        (self.folder / "merges.txt").unlink()
        with ServerProcess(self.flag) as server:
            self.check_no_text(server, "has no tokenizer.json and no merges.txt")
            self.assertIn("calls with text are refused", server.log())

    def test_the_older_files_do_as_well(self) -> None:
        (self.folder / "tokenizer.json").unlink()
        with ServerProcess(self.flag) as server:
            self.assertEqual(list(server.stub.Tokenize(pb.TokenizeRequest(text="a")).ids), [65])

    def test_a_tokenizer_of_another_kind_leaves_ids_to_be_served(self) -> None:
        self.edit(lambda tokenizer: tokenizer.update(normalizer={"type": "NFC"}))
        with ServerProcess(self.flag) as server:
            self.check_no_text(server, 'tokenizer.json: normalizer = {"type":"NFC"} is not supported')

    def test_a_broken_tokenizer_is_not_served(self) -> None:
        self.edit(lambda tokenizer: tokenizer["model"]["vocab"].update({"a": -1}))
        server = ServerProcess(self.flag)
        server.start()
        self.assertNotEqual(server.wait(), 0)
        self.assertIn("model.vocab[", server.log())
        server.discard_log()

    def test_a_reload_switches_the_tokenizer_with_the_model(self) -> None:
        with ServerProcess(self.flag) as server:
            before = server.stub.Tokenize(pb.TokenizeRequest(text="layers"))
            self.edit(lambda tokenizer: tokenizer["pre_tokenizer"].update(add_prefix_space=True))
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log(f"freed version {before.model_version}\n")
            after = server.stub.Tokenize(pb.TokenizeRequest(text="layers"))
            self.assertNotEqual(after.model_version, before.model_version)
            self.assertEqual(after.ids, server.stub.Tokenize(pb.TokenizeRequest(text=" layers")).ids)
            self.assertEqual((after.begins[0], after.ends[-1]), (0, 6))


if __name__ == "__main__":
    unittest.main()
