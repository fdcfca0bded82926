"""Becomes another program that cannot outlive the process which asked for it; run as a script, never imported.

    python -I -S tether.py PARENT SIGNAL ACCOUNT PROGRAM [ARGUMENT ...]

PARENT is the pid whose death sends SIGNAL (a number) to the program; ACCOUNT is `uid:gid`, or `-` to stay who we are.

A script of its own, because the alternative (`preexec_fn`) runs Python between fork and exec, which can deadlock in a
process that has threads. Linux only keeps the promise: elsewhere the program starts, and an abrupt death of PARENT
leaves it running.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, signal, account, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if account != "-":
        uid, gid = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of account: the kernel forgets the request when credentials change.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal)
    # The parent may have died before the request was made; then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit("tether: the parent is gone already")
    os.execv(program[0], program)  # noqa: S606 - becoming the program is the purpose


if __name__ == "__main__":
    main()
