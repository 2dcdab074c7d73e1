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
    if [ -t 0 ] <$OUT; then
        stty raw -echo <$OUT
        stty raw -echo <$ERR
    fi
    cat /run/stdout >$OUT &
    stdout=$!
    cat /run/stderr >$ERR &
    stderr=$!
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
