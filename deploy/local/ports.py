"""Ports on the loopback address: is this one taken, and if so, which one is free."""

import socket

LOOPBACK = "127.0.0.1"
_SOMEBODY = "another program"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run that wait out their end do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def hold(port: int) -> socket.socket:
    """Take the port now and listen on it, for a child that inherits the socket; raises OSError when it is taken.

    Nobody can take it between our looking and the child's listening, nor while the child is started again.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def any_free() -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def holder(port: int) -> str:
    """Who listens on this port, as `name (pid 1234)`; "another program" when the system does not tell us."""
    try:
        import psutil  # noqa: PLC0415 - of the extra 'local'; the front door works without
    except ImportError:
        return _SOMEBODY
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return (
                    f"{psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else _SOMEBODY
                )
    except psutil.Error:
        pass
    return _SOMEBODY
