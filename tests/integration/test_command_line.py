"""Flags the server cannot run with: one line that names the flag, its value and what it must be."""

import os
import subprocess
import unittest

PORT = "must be HOST:PORT with a port in [0, 65535]"
WRONG = [
    ("--address=127.0.0.1:99999", PORT),
    ("--address=127.0.0.1:-1", PORT),
    ("--address=127.0.0.1:", PORT),
    ("--address=127.0.0.1:http", PORT),
    ("--address=localhost", PORT),
    ("--metrics_address=127.0.0.1:99999", PORT),
    ("--metrics_address=", PORT),
    ("--admin_address=127.0.0.1", PORT),
    ("--log_format=xml", "must be text or json"),
    ("--new_layers=front", "must be end or spread"),
    ("--layers=-1", "must be in [0, 1024]"),
    ("--threads=-1", "must be in [0, 1024]"),
    ("--max_queue_tokens=0", "must be in [1, 1073741824]"),
    ("--max_pending_reply_bytes=0", "must be in [1, 1125899906842624]"),
    ("--engine_heartbeat_timeout_s=0", "must be in [1, 86400]"),
    ("--drain_timeout_ms=-1", "must be in [0, 86400000]"),
    ("--max_concurrent_streams=0", "must be in [1, 1048576]"),
    ("--max_metadata_bytes=1023", "must be in [1024, 16777216]"),
    ("--memory_quota_bytes=67108863", "must be in [67108864, 1125899906842624]"),
    ("--keepalive_time_s=0", "must be in [1, 2000000]"),
    ("--max_connection_age_s=2000001", "must be in [0, 2000000]"),
]


class CommandLineTest(unittest.TestCase):
    """A process a flag."""

    def test_a_flag_out_of_its_range_ends_the_server_before_it_loads(self) -> None:
        for flag, text in WRONG:
            with self.subTest(flag):
                result = subprocess.run([os.environ["ATTND_SERVER"], flag], capture_output=True, text=True, timeout=30,
                                        check=False)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr, f"attnd: INVALID_ARGUMENT: {flag}, {text}\n")


if __name__ == "__main__":
    unittest.main()
