"""What a server that is compiled with a sanitizer cannot be asked for."""

import os

# It keeps what was freed, to find who uses it still, or has notes on every byte.
KEEPS_FREED_MEMORY = bool(os.environ["ATTND_SANITIZE"])
