"""A deterministic simulator of daemons and clients on one spool.

The real daemon (`spectacle.watcher.Watcher` with everything below it) runs in several simulated processes, beside
clients, on an in-memory file system that stands behind the daemon's `system` argument. Every system call of each of
them is a step of one scheduler (`scheduler`), which a seed tells who goes on, who is held up, and what goes wrong. When
everything has come to rest, a judge looks at what lies in the spool (`oracle`): one whole answer to the newest text of
each request, and nothing else.

| module | what it is for |
|---|---|
| `plan` | what is to happen in one run, drawn from a seed: daemons, clients, faults |
| `scheduler`, `primitives` | threads as greenlets, simulated time, decisions; stand-ins for `threading` and `time` |
| `file_system`, `nfs`, `system` | the server's truth, how hosts see it, and the system calls of one process |
| `world` | hosts, processes, mounts, and the faults |
| `daemons`, `clients` | the real daemon with a worker whose results say what they were made from; programs that ask |
| `oracle`, `run` | the judge; carrying out a plan |
| `shrink`, `trace` | making a failing run simple; reading what happened in it |
| `former` | defects that were once there, to be put back |

From the top of the checkout, `PYTHONPATH=tests python -m simulation --help`. Where this was written a run took 8 to 10
ms of processor time for some 1000 steps, so that two cores do 700,000 to 900,000 an hour. No single thing bounds it:
by a profile 36 of 100 parts are the daemon's own code, 19 libraries' and 45 the simulator's. Polling in simulated time
costs most; nobody waits for it, but it has to be carried out.

What is simulated of NFS are the habits that `docs/explanation/reliability.md` tells of. Not simulated: permissions,
symbolic links,
directories in the place of files, power cuts (what was not fsynced is there all the same), and daemons of other
versions; other tests do that.
"""
