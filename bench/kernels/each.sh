# Sourced by bench/kernels/run and, with busybox's sh, by the guest: what is done on each kernel. `bench` is theirs:
# tcplab-bench, as it is found there.

# each_document NAME VERB [ARGUMENT...]: runs a verb and leaves its document, text and complaints in NAME.*
each_document() {
    name=$1
    shift
    status=0
    bench "$@" --json="$name.json" >"$name.txt" 2>"$name.errors" || status=$?
    echo "$status" >"$name.code"
    cat "$name.errors" >&2
}

# each_kernel FOLDER JOBS EXPERIMENT...: documents `probe`, where the bench can do that, `run` and `again`. An emulated
# machine is slow, and a host with other work makes it stand still at times. So what did not agree is run again, alone: a
# difference that is the kernel's stays.
each_kernel() {
    folder=$1
    jobs=$2
    shift 2
    find /proc/sys/net/core /proc/sys/net/ipv4 -maxdepth 1 -type f | sort >"$folder/sysctls"
    if bench --help | grep '^  probe ' >/dev/null; then
        each_document "$folder/probe" probe
    fi
    each_document "$folder/run" run -j "$jobs" "$@"
    set -f # the names are words
    # shellcheck disable=SC2046
    set -- $(jq -r '[.runs[] | select(.verdict == "differ" or .verdict == "inconclusive") | .experiment] | unique[]' "$folder/run.json")
    set +f
    [ $# -eq 0 ] || each_document "$folder/again" run "$@"
}
