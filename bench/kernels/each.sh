# Sourced by bench/kernels/run and, with busybox's sh, by the guest: what is done on each kernel.
# `bench` is theirs: tcplab-bench, as it is found there.

# each_document NAME VERB [ARGUMENT...]: runs a verb and leaves its document, text and complaints in
# NAME.*
each_document() {
    name=$1
    shift
    status=0
    bench "$@" --json="$name.json" >"$name.txt" 2>"$name.errors" || status=$?
    echo "$status" >"$name.code"
    cat "$name.errors" >&2
}

# each_again NAME VERB FILTER: those of NAME.json that jq's FILTER names, once more and one after
# the other: NAME-2; and those of this one: NAME-3.
each_again() {
    first=$1
    verb=$2
    filter=$3
    from=$first
    for round in 2 3; do
        set -f # the names are words
        # shellcheck disable=SC2046
        set -- $(jq -r "$filter" "$from.json")
        set +f
        [ $# -gt 0 ] || return 0
        from=$first-$round
        # shellcheck disable=SC2086
        each_document "$from" $verb "$@"
    done
}

# each_kernel FOLDER JOBS [EXPERIMENT...]: what tcplab-look finds, in look.txt; documents `probe`,
# where the bench can do that, and `run`; without experiments `run` is of all, and `claims` follows.
# What did not agree, and a claim whose run did not, is run again, alone: a difference that a busy
# machine made goes, the kernel's stays.
each_kernel() {
    folder=$1
    jobs=$2
    shift 2
    find /proc/sys/net/core /proc/sys/net/ipv4 -maxdepth 1 -type f | sort >"$folder/sysctls"
    if bench --help | grep '^  probe ' >/dev/null; then
        each_document "$folder/probe" probe
    fi
    status=0
    bench enter sh bench/kernels/look.sh >"$folder/look.txt" 2>&1 || status=$?
    echo "$status" >"$folder/look.code"
    each_document "$folder/run" run -j "$jobs" "${@:---all}"
    each_again "$folder/run" run \
        '[.runs[] | select(.verdict | IN("differ", "inconclusive")) | .experiment] | unique[]'
    [ $# -eq 0 ] || return 0
    each_document "$folder/claims" claims run -j "$jobs"
    each_again "$folder/claims" "claims run" '.claims[] | select(.experiment and .reason) | .name'
}
