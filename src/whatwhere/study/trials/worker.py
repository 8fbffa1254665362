"""A worker process: reads trials from standard input, writes messages to standard output.

Started as `python -m whatwhere.study.trials.worker`, so that a user's script needs no guard around
its main code and a class from a notebook still arrives.
"""

import os
import pickle
import struct
import sys
import threading
import time
import traceback
from typing import IO, Any

_LENGTH = struct.Struct(">Q")


def send(stream: IO[bytes], message: Any, *, dumps: Any = pickle.dumps) -> None:
    """Write one message: its length, then its bytes.

    Args:
        stream: Where to.
        message: Anything that `dumps` takes.
        dumps: How to turn it into bytes.
    """
    content = dumps(message)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Args:
        stream: Where from.

    Returns:
        The message.

    Raises:
        EOFError: If the other side is gone.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return pickle.loads(content)


def main() -> None:
    """Run trials until standard input ends."""
    commands = sys.stdin.buffer
    # What user code prints must not end up among the messages.
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _end_with_parent()
    import torch

    torch.set_num_threads(1)
    from whatwhere.errors import StorageError
    from whatwhere.study.trials.trial import run_trial

    while True:
        try:
            spec = receive(commands)
        except EOFError:
            return
        try:
            outcome = run_trial(spec, lambda point: send(messages, ("epoch", point)))
            send(messages, ("outcome", outcome))
        except BrokenPipeError:
            return  # the parent is gone; nobody wants the result
        except StorageError as error:
            send(messages, ("storage", str(error)))
        except Exception as error:
            send(messages, ("error", (reason_of(error), traceback.format_exc())))


def reason_of(error: Exception) -> str:
    """Return why a trial failed, as its record says it; lack of memory is called by its name."""
    text = f"{type(error).__name__}: {error}"
    words = ("can't allocate memory", "out of memory", "cannot allocate memory")
    if isinstance(error, MemoryError) or any(word in text.lower() for word in words):
        return f"out of memory ({text}); a smaller --batch or --image-size needs less"
    return text


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
