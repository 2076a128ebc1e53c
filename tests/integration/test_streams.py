"""Streams of items: each answered once, in any order, by itself; and what one stream can hold."""

import queue
import unittest
from collections.abc import Iterable, Iterator

import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from google.rpc import error_details_pb2, status_pb2
from integration.error_details import details, unpack
from integration.messages import ids_input
from integration.metric_names import rpc_labels
from integration.sanitizer import KEEPS_FREED_MEMORY
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

TINY = f"--model={golden.folder('tiny')}"
ITEMS = 'attnd_stream_items{method="EmbedStream"}'
# One of these takes the default model a good part of a second.
LONG = ids_input(list(range(1024)))


def embed_item(number: int, ids: list[int]) -> pb.EmbedStreamRequest:
    return pb.EmbedStreamRequest(id=number, input=ids_input(ids))


class Sender:
    """Items for a stream, handed over one by one; iterated by gRPC's own thread."""

    def __init__(self, items: Iterable = ()):
        self._queue = queue.SimpleQueue()
        self.send(*items)

    def send(self, *items) -> None:
        for item in items:
            self._queue.put(item)

    def half_close(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator:
        return iter(self._queue.get, None)


class StreamsTest(unittest.TestCase):
    """What a stream answers, on one server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(TINY, "--max_stream_items=16"))

    def test_a_thousand_items_are_each_answered_once_with_the_bytes_of_a_unary_call(self) -> None:
        generator = np.random.default_rng(1)
        inputs = [generator.integers(0, 512, generator.integers(1, 65)).tolist() for _ in range(1000)]
        items = [pb.EmbedStreamRequest(id=10**18 + i, input=ids_input(ids), pooling=pb.POOLING_MEAN)
                 for i, ids in enumerate(inputs)]
        replies = {reply.id - 10**18: reply for reply in self.server.stub.EmbedStream(iter(items), timeout=60)}
        self.assertEqual(sorted(replies), list(range(1000)))
        for start in range(0, 1000, 250):
            unary = self.server.stub.Embed(pb.EmbedRequest(inputs=map(ids_input, inputs[start:start + 250]),
                                                           pooling=pb.POOLING_MEAN))
            row_bytes = len(unary.embeddings.data) // 250
            for i in range(250):
                result = replies[start + i].result
                self.assertEqual(result.embedding.data, unary.embeddings.data[i * row_bytes:(i + 1) * row_bytes])
                self.assertEqual(list(result.embedding.shape), [unary.embeddings.shape[1]])
                self.assertEqual(result.token_count, unary.token_counts[i])
                self.assertEqual(replies[start + i].model_version, unary.model_version)

    def test_forward_items_have_selections_of_their_own(self) -> None:
        inputs = [ids_input([1, 2, 3]), ids_input([4, 5])]
        layers = [pb.HiddenStatesSelection(layer="h.0", positions=pb.POSITIONS_ALL)]
        items = [pb.ForwardStreamRequest(id=1, input=inputs[0], hidden_states=layers),
                 pb.ForwardStreamRequest(id=2, input=inputs[1], logits=pb.POSITIONS_LAST)]
        replies = {reply.id: reply for reply in self.server.stub.ForwardStream(iter(items), timeout=60)}
        hidden = self.server.stub.Forward(pb.ForwardRequest(inputs=inputs[:1], hidden_states=layers)).results[0]
        logits = self.server.stub.Forward(pb.ForwardRequest(inputs=inputs[1:], logits=pb.POSITIONS_LAST)).results[0]
        self.assertEqual(replies[1].result, hidden)
        self.assertEqual(replies[2].result, logits)
        self.assertGreater(replies[1].timing.batch_count, 0)

    def test_a_bad_item_gets_a_status_of_its_own_and_the_stream_lives(self) -> None:
        sender = Sender([embed_item(1, [1]), embed_item(2, [1, 512]), embed_item(3, []), embed_item(4, [4])])
        stream = self.server.stub.EmbedStream(iter(sender), timeout=60)
        replies = {reply.id: reply for reply in (next(stream) for _ in range(4))}
        self.assertEqual({i: reply.WhichOneof("outcome") for i, reply in replies.items()},
                         {1: "result", 2: "status", 3: "status", 4: "result"})
        status = status_pb2.Status.FromString(replies[2].status.SerializeToString())
        self.assertEqual(status.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
        self.assertIn("= 512, must be in [0, 512)", status.message)
        [bad_request] = unpack(status)
        self.assertEqual(bad_request.field_violations[0].field, "input.token_ids.ids[1]")
        sender.send(embed_item(5, [5]))
        self.assertEqual(next(stream).id, 5)
        sender.half_close()
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.code(), grpc.StatusCode.OK)

    def test_bytes_that_are_no_item_end_the_stream_once_the_items_before_are_answered(self) -> None:
        good = embed_item(7, [1, 2, 3]).SerializeToString()
        not_utf8 = b"\x12\x0c" + b"\x1a\x0a" + b"\xff" * 10
        for bad in (b"\xff", not_utf8, b"\x80\x7d\x01\xff"):
            with self.subTest(bad):
                stream = self.server.channel.stream_stream("/attnd.v1.InferenceService/EmbedStream")(
                    iter([good, good, bad, good]))
                answers = []
                with self.assertRaises(grpc.RpcError) as raised:
                    for answer in stream:
                        answers.append(pb.EmbedStreamResponse.FromString(answer).id)
                self.assertEqual(answers, [7, 7])
                self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
                self.assertIn("item 2 of the stream, from 0 on, is no attnd.v1.EmbedStreamRequest",
                              raised.exception.details())

    def test_half_close_with_nothing_sent_ends_with_ok(self) -> None:
        stream = self.server.stub.EmbedStream(iter(()), timeout=60)
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.code(), grpc.StatusCode.OK)
        self.assertIn("x-request-id", dict(stream.trailing_metadata()))

    def test_messages_and_streams_are_counted(self) -> None:
        names = ["grpc_server_msg_received_total" + rpc_labels("EmbedStream"),
                 "grpc_server_msg_sent_total" + rpc_labels("EmbedStream"),
                 "grpc_server_started_total" + rpc_labels("EmbedStream"),
                 "grpc_server_handled_total" + rpc_labels("EmbedStream", grpc_code="OK")]
        before = [self.server.metric(name) for name in names]
        list(self.server.stub.EmbedStream(iter([embed_item(1, [1]), embed_item(2, [512]), embed_item(3, [1])])))
        after = [self.server.metric(name) for name in names]
        self.assertEqual([b - a for a, b in zip(before, after, strict=True)], [3, 3, 1, 1])
        self.assertEqual(self.server.metric(ITEMS), 0)


class FlowTest(unittest.TestCase):
    """What one stream can hold."""

    def test_the_server_reads_no_more_than_it_may_hold(self) -> None:
        with ServerProcess(TINY, "--max_stream_items=8") as server:
            sent = 0

            def endless() -> Iterator[pb.ForwardStreamRequest]:
                nonlocal sent
                while True:
                    sent += 1
                    # 131 KB a reply: more than a connection buffers.
                    yield pb.ForwardStreamRequest(id=sent, input=ids_input([0] * 64), logits=pb.POSITIONS_ALL)

            items = 'attnd_stream_items{method="ForwardStream"}'
            received = "grpc_server_msg_received_total" + rpc_labels("ForwardStream")
            stream = server.stub.ForwardStream(endless())

            def stands_still() -> bool:
                before = server.metric(received)
                # Other callers go on meanwhile.
                for _ in range(200):
                    server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1, 2, 3])]))
                return server.metric(items) == 8 and server.metric(received) == before

            # Nobody reads the replies. The connection takes some; then the stream stands still, and nothing else does.
            wait_until(stands_still, "the stream is full")
            memory = server.metric("process_resident_memory_bytes")
            stalled_at = server.metric(received)
            self.assertTrue(stands_still())
            self.assertEqual(server.metric(received), stalled_at)
            self.assertLess(server.metric("process_resident_memory_bytes") - memory, 20e6)
            # Reading the replies sets it going again.
            self.assertEqual(len({next(stream).id for _ in range(100)}), 100)
            stream.cancel()
            wait_until(lambda: server.metric(items) == 0, "everything is let go")

    def test_answers_that_nobody_read_are_counted_as_wasted(self) -> None:
        with ServerProcess(TINY, "--max_stream_items=8") as server:
            # 131 KB a reply: more than a connection buffers.
            sender = Sender(pb.ForwardStreamRequest(id=i, input=ids_input([0] * 64), logits=pb.POSITIONS_ALL)
                            for i in range(64))
            stream = server.stub.ForwardStream(iter(sender))
            held = 'attnd_stream_items{method="ForwardStream"}'
            idle = ('attnd_queue_requests{priority="normal"}', 'attnd_inflight_requests{priority="normal"}')
            computed = 'attnd_request_duration_seconds_count{method="Forward"}'
            received = "grpc_server_msg_received_total" + rpc_labels("ForwardStream")
            wait_until(lambda: server.metric(held) == 8 and server.metric(computed) == server.metric(received)
                       and all(server.metric(gauge) == 0 for gauge in idle), "all that is held has been answered")
            stream.cancel()
            sender.half_close()
            wait_until(lambda: server.metric(held) == 0, "everything is let go")
            unread = server.metric('attnd_cancelled_total{cause="client",method="Forward",stage="stream"}')
            # gRPC may count the one it was writing as written.
            self.assertIn(unread, (7, 8))
            self.assertEqual(server.metric('attnd_wasted_tokens_total{cause="client"}'), 64 * unread)

    @unittest.skipIf(KEEPS_FREED_MEMORY, "memory is not given back under a sanitizer")
    def test_a_stream_that_waits_holds_none_of_its_items(self) -> None:
        with ServerProcess(TINY) as server:
            before = server.metric("process_resident_memory_bytes")
            # 8 MB, of which every id is too large.
            item = embed_item(1, [1 << 30] * 1_600_000)
            streams = []
            for _ in range(16):
                sender = Sender([item])
                stream = server.stub.EmbedStream(iter(sender))
                self.assertEqual(next(stream).status.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
                streams.append((sender, stream))
            wait_until(lambda: server.metric("process_resident_memory_bytes") - before < 60e6,
                       "the memory of 16 items, which are 100 MB and more, is given back")
            for sender, stream in streams:
                sender.half_close()
                self.assertEqual(list(stream), [])

    def test_an_item_refused_by_the_queue_can_be_sent_again(self) -> None:
        with ServerProcess("--max_queue_requests=1") as server:
            items = [pb.EmbedStreamRequest(id=i, input=LONG) for i in range(6)]
            replies = list(server.stub.EmbedStream(iter(items)))
            self.assertEqual(sorted(reply.id for reply in replies), list(range(6)))
            refused = [reply for reply in replies if reply.WhichOneof("outcome") == "status"]
            self.assertEqual({reply.status.code for reply in refused}, {grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]})
            self.assertGreater(len(replies), len(refused))

    def test_answers_overtake_each_other(self) -> None:
        with ServerProcess() as server:
            # 4 x 512 tokens fill a batch; a bad item is answered meanwhile.
            items = [pb.EmbedStreamRequest(id=i, input=ids_input(list(range(512)))) for i in range(4)]
            stream = server.stub.EmbedStream(iter([*items, pb.EmbedStreamRequest(id=4)]))
            self.assertEqual(next(stream).id, 4)
            self.assertEqual({reply.id for reply in stream}, {0, 1, 2, 3})

    def test_cancelling_a_stream_cancels_its_items(self) -> None:
        with ServerProcess() as server:
            sender = Sender([pb.EmbedStreamRequest(id=i, input=LONG) for i in range(20)])
            stream = server.stub.EmbedStream(iter(sender))
            wait_until(lambda: server.metric(ITEMS) == 20, "all items are held")
            stream.cancel()
            sender.half_close()
            wait_until(lambda: server.metric(ITEMS) == 0, "all items are let go")
            handled = "grpc_server_handled_total" + rpc_labels("EmbedStream", grpc_code="Canceled")
            wait_until(lambda: server.metric(handled) == 1, "the stream is counted")
            self.assertLess(server.metric('attnd_tokens_processed_total{kind="real",method="Embed"}'), 20 * 1024)

    def test_the_deadline_of_a_stream_is_that_of_its_items(self) -> None:
        with ServerProcess() as server:
            server.stub.GetModel(pb.GetModelRequest())
            stream = server.stub.EmbedStream(iter([pb.EmbedStreamRequest(id=i, input=LONG) for i in range(20)]),
                                             timeout=0.5)
            with self.assertRaises(grpc.RpcError) as raised:
                list(stream)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            handled = "grpc_server_handled_total" + rpc_labels("EmbedStream", grpc_code="DeadlineExceeded")
            wait_until(lambda: server.metric(handled) == 1, "the stream is counted")
            self.assertEqual(server.metric(ITEMS), 0)


class DrainTest(unittest.TestCase):
    """Streams at the end of a server."""

    def test_accepted_items_are_answered_then_the_stream_is_unavailable(self) -> None:
        with ServerProcess() as server:
            sender = Sender([pb.EmbedStreamRequest(id=i, input=ids_input(list(range(256)))) for i in range(20)])
            stream = server.stub.EmbedStream(iter(sender))
            idle = server.stub.EmbedStream(iter(Sender()))
            wait_until(lambda: server.metric(ITEMS) == 20, "all items are held")
            server.terminate()
            replies = []
            with self.assertRaises(grpc.RpcError) as raised:
                for reply in stream:
                    replies.append(reply)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(details(raised.exception), [error_details_pb2.RetryInfo(retry_delay={})])
            self.assertEqual(sorted(reply.id for reply in replies), list(range(20)))
            self.assertEqual({reply.WhichOneof("outcome") for reply in replies}, {"result"})
            self.assertEqual(idle.code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    unittest.main()
