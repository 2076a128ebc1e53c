"""Streams of Client and AsyncClient: items, their errors, chunks, and what is given up."""

import asyncio
import itertools
import unittest
from collections.abc import Iterator

import grpc

import attnd
from attnd.chunks import Chunks
from attnd.replies import ForwardAnswers
from attnd.v1 import inference_pb2 as pb
from client.python.callers import of_both
from integration.server_process import ServerProcess
from integration.waiting import TIMEOUT_SECONDS, wait_until
from oracle import golden

INPUTS = [list(range(1 + i % 60)) for i in range(200)]
ITEMS = 'attnd_stream_items{method="EmbedStream"}'


class StreamsTest(unittest.TestCase):
    """On one server, which holds fewer items than the streams have."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}", "--max_stream_items=16"))

    @of_both
    def test_every_input_is_answered_once_with_the_bytes_of_a_call(self, caller) -> None:
        expected = caller.call("embed", INPUTS, pooling="mean").embeddings
        items = caller.stream("embed_stream", iter(INPUTS), pooling="mean")
        self.assertEqual(sorted(item.index for item in items), list(range(len(INPUTS))))
        for item in items:
            self.assertEqual(item.get().embedding.tobytes(), expected[item.index].tobytes())
            self.assertEqual(item.get().token_count, len(INPUTS[item.index]))
            self.assertGreater(item.timing.batch_count, 0)
            self.assertRegex(item.model_version, r"-1$")
        [short] = caller.stream("embed_stream", [[1, 2]], data_type="int8", dimensions=7)
        whole = caller.call("embed", [[1, 2]], data_type="int8", dimensions=7).embeddings
        self.assertEqual(short.get().embedding.tobytes(), whole[0].tobytes())

    @of_both
    def test_chunks_arrive_put_together(self, caller) -> None:
        wanted = {"hidden_states": {"embeddings": "last", "h.0": "all", "ln_f": "all"}, "logits": "all", "top_k": 2}
        whole = caller.call("forward", INPUTS[:70], **wanted).results
        items = caller.stream("forward_stream", INPUTS[:70], max_chunk_bytes=1024, **wanted)
        self.assertEqual(len(items), 70)
        for item in items:
            result, expected = item.get(), whole[item.index]
            self.assertEqual(result.logits.tobytes(), expected.logits.tobytes())
            self.assertEqual(result.logits.shape, expected.logits.shape)
            self.assertEqual(result.top_k.ids.tolist(), expected.top_k.ids.tolist())
            for layer, states in expected.hidden_states.items():
                self.assertEqual(result.hidden_states[layer].tobytes(), states.tobytes())
                self.assertEqual(result.hidden_states[layer].shape, states.shape)

    @of_both
    def test_a_refused_input_has_an_error_of_its_own_and_the_others_their_results(self, caller) -> None:
        for method, options in (("embed_stream", {}), ("forward_stream", {"logits": "last"})):
            items = {item.index: item for item in caller.stream(method, [[1], [1, 512], [3]], **options)}
            self.assertEqual({i: item.error is None for i, item in items.items()}, {0: True, 1: False, 2: True})
            with self.assertRaises(attnd.CallError) as raised:
                items[1].get()
            self.assertEqual(raised.exception.code, grpc.StatusCode.INVALID_ARGUMENT)
            [violation] = raised.exception.field_violations
            self.assertEqual(violation.field, "input.token_ids.ids[1]")
            self.assertIn("must be in [0, 512)", violation.description)

    @of_both
    def test_what_the_inputs_raise_is_raised_after_the_answers_to_those_before(self, caller) -> None:
        def inputs() -> Iterator[list[int]]:
            yield [1]
            raise LookupError("no more lines")

        with self.assertRaisesRegex(LookupError, "no more lines"):
            caller.stream("embed_stream", inputs())
        with self.assertRaisesRegex(TypeError, r"inputs\[1\] is a number"):
            caller.stream("embed_stream", [[1], 2])

    @of_both
    def test_an_empty_stream_has_no_answers(self, caller) -> None:
        self.assertEqual(caller.stream("embed_stream", []), [])

    @of_both
    def test_a_stream_that_fails_says_why(self, caller) -> None:
        with self.assertRaises(attnd.CallError) as raised:
            caller.stream("embed_stream", itertools.repeat([1] * 60), timeout_s=0.2)
        self.assertEqual(raised.exception.code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_closing_the_answers_cancels_what_is_left(self) -> None:
        with attnd.Client(self.server.address) as client:
            answers = client.embed_stream(itertools.repeat([1] * 60))
            self.assertEqual(len(list(itertools.islice(answers, 20))), 20)
            answers.close()
            wait_until(lambda: self.server.metric(ITEMS) == 0, "everything is let go")

    def test_closing_the_answers_of_an_async_stream_cancels_what_is_left(self) -> None:
        async def take_some() -> None:
            async def endless():
                while True:
                    yield [1] * 60

            async with attnd.AsyncClient(self.server.address) as client:
                answers = client.embed_stream(endless())
                for _ in range(20):
                    await anext(answers)
                await answers.aclose()
                await asyncio.to_thread(wait_until, lambda: self.server.metric(ITEMS) == 0, "everything is let go")

        asyncio.run(take_some())

    def test_an_async_stream_that_has_ended_takes_no_more_inputs(self) -> None:
        class Inputs:
            """Waits for what is put into a queue, like an asynchronous generator that can be waited for again."""

            def __init__(self) -> None:
                self.queue = asyncio.Queue()

            def __aiter__(self) -> "Inputs":
                return self

            async def __anext__(self) -> list[int]:
                return await self.queue.get()

        async def reuse() -> None:
            inputs = Inputs()
            inputs.queue.put_nowait([1])
            async with attnd.AsyncClient(self.server.address) as client:
                with self.assertRaisesRegex(attnd.CallError, "DEADLINE_EXCEEDED"):
                    async for _ in client.embed_stream(inputs, timeout_s=0.2):
                        pass
                answers = client.embed_stream(inputs)
                inputs.queue.put_nowait([1, 2])
                answer = await asyncio.wait_for(anext(answers), TIMEOUT_SECONDS)
                self.assertEqual(answer.get().token_count, 2)
                await answers.aclose()
                inputs.queue.put_nowait([3])
                await asyncio.sleep(0)  # whoever still waited would take it
                self.assertEqual(inputs.queue.qsize(), 1)

        asyncio.run(reuse())


class ChunksTest(unittest.TestCase):
    """Chunks that no server of ours sends."""

    @staticmethod
    def chunk(offset: int, size: int, **fields) -> pb.TensorChunk:
        """Of a tensor of 16 bytes."""
        fields = {"data_type": pb.DATA_TYPE_FLOAT32, "shape": [2, 2]} | fields
        return pb.TensorChunk(logits=True, offset=offset, data=bytes(size), **fields)

    def test_chunks_that_do_not_follow_each_other_are_an_error(self) -> None:
        chunk = self.chunk
        for wrong in (chunk(4, 4), chunk(0, 20), chunk(0, 0), chunk(0, 4, shape=[-1, 2]), chunk(0, 4, data_type=9)):
            with self.assertRaises(attnd.CallError) as raised:
                Chunks().add(wrong)
            self.assertEqual(raised.exception.code, grpc.StatusCode.INTERNAL)
        chunks = Chunks()
        chunks.add(chunk(0, 8))
        chunks.add(chunk(8, 8))
        self.assertEqual({name: len(data) for name, data in chunks.take().items()}, {"logits": 16})
        self.assertEqual(chunks.take(), {})

    def test_a_result_before_its_last_chunk_is_an_error_and_a_status_is_none(self) -> None:
        cut = pb.ForwardStreamResponse(id=0, chunk=self.chunk(0, 8))
        result = pb.ForwardStreamResponse(id=0)
        result.result.logits.MergeFrom(pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=[2, 2]))
        answers = ForwardAnswers("")
        answers.read(cut)
        with self.assertRaisesRegex(attnd.CallError, "INTERNAL: the server sent 8 bytes of a tensor of 16, then the res"):
            answers.read(result)

        answers = ForwardAnswers("")
        answers.read(cut)
        failed = answers.read(pb.ForwardStreamResponse(id=0, status=pb.ItemStatus(code=1)))
        self.assertEqual(failed.error.code, grpc.StatusCode.CANCELLED)
        for offset in (0, 8):
            answers.read(pb.ForwardStreamResponse(id=1, chunk=self.chunk(offset, 8)))
        self.assertEqual(answers.read(result).get().logits.shape, (2, 2))


if __name__ == "__main__":
    unittest.main()
