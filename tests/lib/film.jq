# The states of a document's connections beside its timeline: both come from the same looks, by
# different code, so at each entry of the timeline where states changed they must count the same.
# Prints a line for each difference. Documents that left connections out are not looked at.

def counted($run; $side; $t):
  [$run.connections[].states[$side]
    | map(select(.seen_ms and (.seen_ms[0] == null or .seen_ms[0] < $t))) | last
    | select(. and .state != "NONE") | .state]
  | group_by(.) | map({key: .[0], value: length}) | from_entries;

def told($entry; $side):
  $entry[$side] | del(.LISTEN, .FIN_WAIT_2_minisockets) | with_entries(select(.value > 0));

.runs[] | select(.verdict == "agree" and .left_out.connections == 0) | . as $run
| range(1; .timeline | length) as $i
| .timeline[$i] as $entry
| ("server", "client") as $side
| select(told($entry; $side) != told($run.timeline[$i - 1]; $side))
| counted($run; $side; $entry.t_ms) as $counted
| select($counted != told($entry; $side))
| "\(.experiment): at \($entry.t_ms) ms the timeline has \(told($entry; $side)) at the \($side), "
    + "and the connections \($counted)"
