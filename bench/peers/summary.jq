# Makes the document of bench/peers/run. Input: the measurements, a list of objects; $about: what
# they are. `rows`: one for each work, place and member; `targets`: whether ours got as far as it
# should.

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def middle(f): map(f | numbers) | median;
def digits($n): if . == null then null else . * pow(10; $n) | round / pow(10; $n) end;
def per($n): if $n > 0 then . / $n else null end;

# --- one measurement ---

def window_s: (.at[-1].us - .at[0].us) / 1e6;
def delta($key): .at[-1][$key] - .at[0][$key];
# Connections are the kernel's count; requests are the peer's own count, or half of the segments
# where it has none.
def rate($unit):
    if $unit == "ms" then .opened_us / 1000
    elif $unit == "requests/s" then .said.rate // (delta("segments") / 2 / window_s)
    else delta("active") / window_s end;
def cpu_each($unit; $side):
    if $unit == "ms" then .["cpu_" + $side + "_us"] / .connections
    else (rate($unit) * window_s) as $done | delta("cpu_" + $side + "_us") | per($done) end;
def rss_each($side):
    ("rss_" + $side + "_bytes") as $key
    | if .few.connections then (.[$key] - .few[$key]) / (.connections - .few.connections)
    else null end;

# What makes a figure less than it seems. 28,000 of 64,512 ports is near where connect() has to
# search: it tries every other port first.
def complaints($unit):
    (if .at and .said.total == null then
         if .said == null then "no figure of its own" else "its own figures could not be read" end
     elif .at and $unit == "requests/s" then
         # A request and a reply are two segments; if the answer takes longer than 40 ms, an ACK
         # goes by itself.
         if .said.total * 2 > .out_segments * 1.02 then
             "it counts more requests than the kernel has segments for"
         elif .said.total * 2 < .out_segments * 0.9 then "slow answers: ACKs by themselves"
             else empty end
     elif .at and ((.said.total - .active_opens) | fabs) > 0.02 * .active_opens
         + 2 * .outstanding then
         "its own count differs from the kernel's by more than 2 %"
     else empty end),
      (if .at and ((delta("active") - delta("passive")) | fabs) > 0.02 * delta("active")
          + 2 * .outstanding then
           "not all of its connections came about at the server" else empty end),
      (if .at and .spread > 0 and .time_wait / .spread > 28000 then
          "ports were short: many in TIME_WAIT" else empty end),
      (if .overflows > 0 then "its accept queue overflowed" else empty end),
      (if .busy_to_the_end == false then "it ended inside the window" else empty end),
      (if .at and $unit != "requests/s" then
           ((.at[1].active - .at[0].active) / (.at[1].us - .at[0].us)) as $first
           | ((.at[2].active - .at[1].active) / (.at[2].us - .at[1].us)) as $second
           | if ([$first, $second] | min) < 0.5 * ([$first, $second] | max) then
               "it stood still at times" else empty end
       else empty end);

def noted($unit):
    . as $all
    | ([.[].note // empty | select(. != "")] | unique)
    + ([.[] | complaints($unit)] | group_by(.)
        | map(.[0] + if length < ($all | length) then " (\(length) of \($all | length) rounds)"
        else "" end));

# --- rows ---

# Ratios of two members of the same row, round by round.
def ratios($of; $to):
    [$of.by_round | keys_unsorted[] as $round | select($to.by_round[$round] > 0)
        | $of.by_round[$round] / $to.by_round[$round]];
def spread: if length == 0 then null else [min, max] | map(digits(3)) end;

def row($member; $place):
    map(select(.work == $member.work and .place == $place and .who == $member.who)) as $all
    | [$all[] | select(.at or .opened_us)] as $good
    | $member.unit as $unit
    | {work: $member.work, place: $place, who: $member.who, name: $member.name, unit: $unit,
       by_round: ([$good[] | {key: "\(.round)", value: rate($unit)}] | from_entries)}
    | .rate = ([.by_round[]] | median | digits(1))
    | if ($good | length) == 0 then . else
        .cpu_us = {server: ($good
            | middle(if .server == "" then null else cpu_each($unit; "server") end) | digits(1)),
                   client: ($good | middle(cpu_each($unit; "client")) | digits(1))}
        | .latency_us = (if $unit == "requests/s" then
            {p50: ($good | middle(.said.p50_us) | digits(1)),
            p99: ($good | middle(.said.p99_us) | digits(1))} else null end)
        | .rss_bytes = (if $unit == "ms" then
            {server: ($good | middle(rss_each("server")) | digits(0)),
            client: ($good | middle(rss_each("client")) | digits(0))} else null end)
        | .own_figure = ($good | middle(if $unit == "ms" then .said.open_ms else .said.rate end)
            | digits(1))
        | .outstanding = $good[0].outstanding
        | .commands = {server: $good[0].server, client: $good[0].client}
      end
    | .notes = ($good | noted($unit)) + ([$all[] | .failed // empty | "failed: " + .] | unique)
    | .missing = ([$all[].missing // empty] | first // null)
    | .cannot = ([$all[].cannot // empty] | first // null);

# The first that has a figure is the base of all.
def with_ratios:
    (map(select(.rate)) | first) as $base
    | map(. as $row | .base = $base.who
          | if .rate then .ratios = (ratios($row; $base) | map(digits(3)))
              | .ratio = (.ratios | median | digits(3)) | .spread = (.ratios | spread)
            else . end);

# --- how far ours should get ---

def wanted: [
    ["crr-fin", "1+1", "ours", "neper", 1.15], ["crr-rst", "1+1", "ours", "neper", 1.15],
    ["crr-rst", "1+1", "ours-reuse", "neper", 1.4],
    ["crr-rst", "2+2", "ours", "neper", 1.2], ["crr-rst", "2+2", "ours-reuse", "neper", 1.4],
    ["crr-rst", "2+2", "ours", "floor", 0.75],
    ["cc-fin", "1+1", "ours", "tcpkali", 1.6], ["open-10000", "1+1", "ours", "neper", 0.5]
];
def find($work; $place; $who): map(select(.work == $work and .place == $place and .who == $who))
    | first;
def name_of($work; $who):
    ($about[0].members[] | select(.work == $work and .who == $who) | .name) // $who;

# A ratio where less is better is one of times.
def compared($rows; $work; $place; $who; $against; $reach):
    ($rows | find($work; $place; $who)) as $of | ($rows | find($work; $place; $against)) as $to
    | (if $of.rate and $to.rate then ratios($of; $to) else [] end) as $ratios
    | {work: $work, place: $place, who: name_of($work; $who), against: name_of($work; $against),
       reach: $reach, less_is_better: ($work | startswith("open")),
       ratio: ($ratios | median | digits(3)), spread: ($ratios | spread)}
    | .reached = (if .ratio == null then null elif .less_is_better then .ratio <= $reach
        else .ratio >= $reach end);

def targets($rows):
    ([$about[0].members[].work] | unique) as $works
    | [wanted[] | select(.[0] as $w | $works | index($w))
        | compared($rows; .[0]; .[1]; .[2]; .[3]; .[4])]
    + [$rows | find("open-10000"; "1+1"; "ours") | select(.rss_bytes) | .rss_bytes | to_entries[]
       | {work: "open-10000", place: "1+1", who: ("tcplab, bytes a connection at the " + .key),
           against: null, reach: 256, less_is_better: true,
          ratio: .value, spread: null, reached: (.value <= 256)}]
    + [$rows[] | select(.rate and (.who | test("^(ours|floor)") | not))
        | compared($rows; .work; .place; "ours"; .who; 1) | select(.ratio)];

. as $measurements
| (reduce $about[0].members[].work as $w ([]; if index([$w]) then . else . + [$w] end)) as $works
| ([$measurements[].place] | unique) as $places
| [$works[] as $w | $places[] as $p
   | [$about[0].members[] | select(.work == $w)] | map(. as $m | $measurements | row($m; $p))
       | with_ratios[]] as $rows
| $about[0] | .rows = ($rows | map(.rounds = [.by_round[] | digits(1)] | del(.by_round)))
    | .targets = targets($rows) | .measurements = $measurements
