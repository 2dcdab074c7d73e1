# Second stage of the guest's PID 1, on the overlay: modules, the command, its exit status, power off.
set -eu
JOB=${0%/*}
. "$JOB/facts"
trap power_off EXIT

power_off() {
    sync # files that were written through a mapping reach the host only now
    echo o >/proc/sysrq-trigger
    sleep 5
}

# Loading ip_gre also gives every namespace a gre0, gretap0 and erspan0: foreign devices for the tests.
load_modules() {
    modprobe -a bonding 8021q veth bridge vxlan ip_gre dummy
    modprobe -q nf_tables || true
}

# The output goes through pipes, so that no program takes the consoles for somebody's terminal.
connect_output() {
    mkfifo /run/stdout /run/stderr
    pass_on /run/stdout $OUT
    stdout=$!
    pass_on /run/stderr $ERR
    stderr=$!
}

pass_on() { # PIPE DEVICE, which may have been given as a pattern
    if [ -t 0 ] <"$2"; then stty raw -echo <"$2"; fi
    cat "$1" >"$2" &
}

# All of it is out when both pipes are closed; processes that the command left behind may hold them open.
drain_output() {
    (sleep 2; kill $stdout $stderr) 2>/dev/null &
    wait $stdout $stderr || true
}

hostname guest
ip link set lo up
load_modules
connect_output
: >"$JOB/started"
status=0
sh "$JOB/command" </dev/null >/run/stdout 2>/run/stderr || status=$?
drain_output
echo $status >"$JOB/status"
