"""Stops every thread of a mysqld but the one that accepts connections, for as long as it runs itself.

Runs in a container of the base image that shares mysqld's PID namespace. When it ends, however it does, the kernel
detaches what it traced, and that goes on.
"""

from __future__ import annotations

#: mysqld's first thread accepts; what it starts is traced from its first instruction (PTRACE_O_TRACECLONE), and stays
#: stopped. PTRACE_SEIZE sends no signal, so that nothing in mysqld can tell.
PROGRAM = r"""
import ctypes, glob, os, sys
SEIZE, INTERRUPT, CONT, TRACECLONE, WALL, SIGTRAP = 0x4206, 0x4207, 7, 8, 0x40000000, 5
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
def trace(request, thread, data=0):
    return libc.ptrace(request, thread, None, data) == 0
mysqld = next(int(path.split("/")[2]) for path in glob.glob("/proc/[0-9]*/comm") if open(path).read() == "mysqld\n")
seized = set()
while new := {int(name) for name in os.listdir(f"/proc/{mysqld}/task")} - seized:
    for thread in sorted(new):
        seized.add(thread)
        if not trace(SEIZE, thread, TRACECLONE):
            if not os.path.exists(f"/proc/{mysqld}/task/{thread}"):
                continue
            sys.exit(f"thread {thread} of mysqld cannot be traced: {os.strerror(ctypes.get_errno())}")
        if thread != mysqld:
            trace(INTERRUPT, thread)
while True:
    try:
        thread, status = os.waitpid(-1, WALL)
    except ChildProcessError:
        sys.exit("mysqld has ended")
    if thread == mysqld and os.WIFSTOPPED(status):
        event, signal = status >> 16, os.WSTOPSIG(status)
        trace(CONT, thread, 0 if event or signal == SIGTRAP else signal)
"""
COMMAND = ["python3", "-c", PROGRAM]
#: The state of each thread of mysqld, a letter a line: ``t`` is stopped by a tracer.
STATES = (
    'for comm in /proc/[0-9]*/comm; do if [ "$(cat $comm)" = mysqld ]; then'
    " for stat in ${comm%/comm}/task/*/stat; do sed 's/.*) \\(.\\).*/\\1/' $stat; done; fi; done"
)
