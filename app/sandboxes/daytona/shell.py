"""What is said to the shell inside a sandbox. Pure.

Daytona feeds a command to the first of zsh, bash and sh that it finds; so every command here is one for `sh`, given to
it word by word. What may be secret comes through the environment of one request, and no command names it.

Everything of ours lies in a directory of HOME that only its user may enter. What belongs to a run or to a program
carries a mark in its environment, and is found by it when it has to end, whatever became of its parents.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

COMMAND = "OPENCORD_COMMAND"
FILE = "OPENCORD_FILE"
RUN = "OPENCORD_RUN"
PROGRAM = "OPENCORD_PROGRAM"

_HERE = ".opencord"
_LOOK = 0.05  # seconds
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Asked to end first, and killed after two seconds. Without /proc nothing is found: sandboxes are Linux.
_END = r"""
n=0
while pids=$(grep -ls 'MARK' /proc/[0-9]*/environ | cut -d/ -f3) && [ -n "$pids" ] && [ $n -lt 50 ]; do
    if [ $n -eq 0 ]; then kill $pids; elif [ $n -ge 20 ]; then kill -9 $pids; fi 2>/dev/null
    n=$((n+1)); sleep 0.1 2>/dev/null || sleep 1
done
"""

# The directory is the claim: whoever makes it starts the command, and so it is started once, however often this is
# sent. It is kept, since the answer may be lost, and swept away by what runs an hour later.
_RUN = rf"""
cd || exit 1
run={_HERE}/runs/ID
if (umask 077; mkdir -p {_HERE}/runs && mkdir $run) 2>/dev/null; then
    find {_HERE}/runs -mindepth 1 -maxdepth 1 -mmin +60 -exec rm -rf {{}} + 2>/dev/null
    command=${COMMAND}; unset {COMMAND}
    exec 3>&1 >/dev/null
    (exec 3>&-; sh -c "$command" >$run/output 2>&1; echo $? >$run/new; mv $run/new $run/code) 2>&1 &
    exec >&3 3>&-
fi
[ -d $run ] || exit 1
n=0
while [ ! -e $run/code ]; do
    [ $n -lt LOOKS ] || exec echo running
    n=$((n+1)); sleep {_LOOK} 2>/dev/null || sleep 1  # some know whole seconds only
done
echo "ended $(cat $run/code)"
cat $run/output
"""

_PUT = rf"""
cd && umask 077 && mkdir -p {_HERE} && chmod 700 {_HERE} && rm -f {_HERE}/NAME.new || exit 1
printf '%s' "${FILE}" >{_HERE}/NAME.new && mv {_HERE}/NAME.new {_HERE}/NAME.env || exit 1
unset {FILE}
{_END}
"""

MISSING, LARGE = 44, 45
TRANSIT = f"{_HERE}/transit"
_SWEEP = f"find {TRANSIT} -mindepth 1 -mmin +60 -exec rm -f {{}} + 2>/dev/null"


def run(id: str, seconds: float) -> str:
    """Starts what stands in COMMAND, if it was not, and waits for so long for its end. It says "running", or "ended"
    with the exit code and, from the next line, all output. RUN has to be `id` in its environment."""
    return _sh(_RUN.replace("ID", id).replace("LOOKS", str(max(1, round(seconds / _LOOK)))))


def end_run(id: str) -> str:
    """A request to start it that arrives only now finds it claimed."""
    claim = f"cd && (umask 077; mkdir -p {_HERE}/runs/{id})\n"
    return _sh(claim + _END.replace("MARK", f"{RUN}={id}"))


def put_environment(sandbox: str, name: str) -> str:
    """Makes what stands in FILE the environment file of the program, and ends what runs under that name."""
    return _sh(_PUT.replace("NAME", name).replace("MARK", _mark(sandbox, name)))


def start(sandbox: str, name: str, command: str, port: int) -> str:
    """Runs the program, with its environment file, until it ends. Sandboxes that share a network with others say in
    SANDBOX_PORT_4096, and the like, which port stands for that one; a PORT of the image's own means nothing."""
    actual = f"${{SANDBOX_PORT_{port}:-{port}}}"
    script = f'. "$HOME/{_HERE}/{name}.env" || exit; PORT="{actual}"; export PORT; {command}'
    return f"cd && env {_mark(sandbox, name)} sh -c {shlex.quote(script)} >{_HERE}/{name}.log 2>&1 </dev/null"


def home() -> str:
    """For a run: makes the folder of what is on its way, and says where HOME is."""
    return f"(umask 077; mkdir -p {TRANSIT}) && pwd"


def take_in(draft: str, path: str) -> str:
    """For a run: what was brought to `draft` becomes the file."""
    folder, target = shlex.quote(str(PurePosixPath(path).parent)), shlex.quote(f"./{path}")
    return f"{_SWEEP}\nmkdir -p -- {folder} && [ ! -d {target} ] && mv -f {draft} {target}"


def show(path: str, link: str, most: int) -> str:
    """For a run: makes a link to the file, and says how many bytes are in it. Ends with MISSING or LARGE where it
    cannot be had."""
    file = shlex.quote(f"./{path}")
    return (
        f"{_SWEEP}\n[ -f {file} ] && size=$(wc -c <{file}) || exit {MISSING}\n"
        f'[ $size -le {most} ] || exit {LARGE}\nln -s "$PWD"/{file} {link} && echo $size'
    )


def listens(port: int) -> str:
    """For a run: succeeds when something listens there for connections over TCP.

    https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
    """
    return (
        f"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '^ *[0-9]*: [0-9A-F]*:{port:04X} [0-9A-F]*:0000 0A '"
    )


def environment_file(env: Mapping[str, str]) -> str:
    """Raises ValueError for what no shell takes as a name."""
    if wrong := [name for name in env if not _NAME.fullmatch(name)]:
        raise ValueError(f"not names of variables: {', '.join(wrong)}")
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())


def _mark(sandbox: str, name: str) -> str:
    return f"{PROGRAM}={sandbox}:{name}:"


def _sh(script: str) -> str:
    return f"exec sh -c {shlex.quote(script)} </dev/null"
