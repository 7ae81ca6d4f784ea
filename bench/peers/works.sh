# Sourced by bench/peers/run and cell.sh: the works, who does them, and how much at once. The first
# of a row's members that is present is the base of its ratios.

work_names=(crr-fin crr-rst crr-one cc-fin cc-rst echo echo-one open-10000)
place_names=(1+1 2+2)
open_connections=10000
few_connections=10 # what memory is compared with

declare -A work_about=(
    [crr-fin]="connect, one byte there and back, close with FIN"
    [crr-rst]="connect, one byte there and back, close with RST"
    [crr-one]="the same with FIN, one connection at a time (2+2: two)"
    [cc-fin]="connect, close with FIN"
    [cc-rst]="connect, close with RST"
    [echo]="one byte there and back over and over, 64 connections held"
    [echo-one]="the same with one connection (2+2: two)"
    [open-10000]="from the client's start until 10,000 are established at both ends"
)
declare -A work_members=(
    [crr-fin]="neper wrk ab ours ours-blocking floor"
    [crr-rst]="neper ours ours-reuse floor floor-reuse"
    [crr-one]="netperf ours ours-blocking"
    [cc-fin]="tcpkali netperf ours floor"
    [cc-rst]="tcpkali ours ours-reuse floor floor-reuse"
    [echo]="neper wrk ab ours floor"
    [echo-one]="neper netperf sockperf ours ours-blocking floor"
    [open-10000]="neper tcpkali wrk ours"
)

# work_unit WORK: connections or requests a second, or ms.
work_unit() {
    case $1 in
    echo*) echo requests/s ;;
    open*) echo ms ;;
    *) echo connections/s ;;
    esac
}

# work_outstanding WORK THREADS: connections at once.
work_outstanding() {
    case $1 in
    *-one) echo "$2" ;;
    echo) echo 64 ;;
    open*) echo $open_connections ;;
    *) [ "$2" = 1 ] && echo 16 || echo 64 ;;
    esac
}
