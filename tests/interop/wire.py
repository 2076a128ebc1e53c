"""Protocol Buffers' wire format, by hand: for bytes that no generated code has touched."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """A number of up to 64 bits; a negative one as its two's complement."""
    value &= 2**64 - 1
    result = b""
    while value > 0x7F:
        result += bytes([value & 0x7F | 0x80])
        value >>= 7
    return result + bytes([value])


def number(field: int, value: int) -> bytes:
    """A field of an integer or bool."""
    return varint(field << 3 | VARINT) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    """A field of text, bytes or a message, or packed numbers."""
    data = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | LENGTH) + varint(len(data)) + data


def packed(field: int, values: list[int]) -> bytes:
    """A repeated field of integers."""
    return block(field, b"".join(map(varint, values)))


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Number and value of each field, in their order; integers of varints, bytes of all others."""
    found: list[tuple[int, int | bytes]] = []
    while data:
        key, data = _take_varint(data)
        kind = key & 7
        if kind == VARINT:
            value, data = _take_varint(data)
            found.append((key >> 3, value))
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(kind)
        if size is None:
            assert kind == LENGTH, f"wire type {kind}"
            size, data = _take_varint(data)
        assert size <= len(data), "a field ends beyond its message"
        found.append((key >> 3, data[:size]))
        data = data[size:]
    return found


def values(data: bytes, field: int) -> list:
    """Those of one field."""
    return [value for found, value in fields(data) if found == field]


def _take_varint(data: bytes) -> tuple[int, bytes]:
    value = 0
    for i, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, data[i + 1:]
    raise AssertionError("a number ends beyond its message")
