# The document of bench/peers/run as lines. $style: text, or markdown, which is shorter.

def width: map(length) | max // 0;
def pad($n): . + " " * ([$n - length, 0] | max);
def table:
    if $style == "markdown" then
        ["| " + (.[0] | join(" | ")) + " |", "|" + (.[0] | map("---") | join("|")) + "|"]
        + (.[1:] | map("| " + join(" | ") + " |"))
    else
        (transpose | map(width)) as $widths
        | map(. as $row | "  " + ([range(length)] | map(. as $i | $row[$i] | pad($widths[$i]))
            | join("  ")) | sub(" +$"; ""))
    end;

# 12345.6 as 12,346; small numbers with the digits they need.
def number($n):
    if . == null then "-"
    else (if . >= 100 then round else . * pow(10; $n) | round / pow(10; $n) end) | tostring
         | until(test("^[0-9]{4,}") | not; sub("^(?<a>[0-9]+)(?<b>[0-9]{3})"; "\(.a),\(.b)"))
    end;
def number: number(1);
def two: . * 100 | round | tostring | (if length < 3 then "0" * (3 - length) + . else . end)
    | .[:-2] + "." + .[-2:];
def ratio: if . == null then "-" else two end;
def spread: if . == null then "-" else "\(.[0] | two)..\(.[1] | two)" end;
def both: if . == null then "-"
    else "\(.server // .p50 | number) / \(.client // .p99 | number)" end;
def cpu: if . == null then "-" elif .server then both else "\(.client | number) for both" end;

# --- text: a table for each work and place ---

def remark: [.missing, (.cannot | strings | "not done: " + .), .notes[]] | map(strings)
    | join("; ");
def extra($unit): if $unit == "ms" then .rss_bytes else .latency_us end | both;
def group_table:
    .[0].unit as $unit
    | ([[.[0].work + " " + .[0].place, $unit, "ratio", "min..max", "CPU us server / client",
         (if $unit == "ms" then "bytes each, server / client"
             elif $unit == "requests/s" then "p50 / p99 us" else empty end),
         "its own figure", "notes"]]
       + map([.name, (.rate | number), (.ratio | ratio), (.spread | spread), (.cpu_us | cpu),
              (if $unit == "connections/s" then empty else extra($unit) end),
              (.own_figure | number), remark])) | table;

def group_title($about): "\(.[0].work) at \(.[0].place): \($about)"
    + ([.[].outstanding // empty] | first as $n | if $n then ", \($n) at once" else "" end);

def verdict: if .reached == null then "not measured" elif .reached then "reached"
    else "NOT reached" end;
def target_row:
    [.work + " " + .place, .who, (.against // "-"),
        (if .less_is_better then "at most " else "at least " end) + (.reach | tostring),
     (if .against then .ratio | ratio else .ratio | number end), (.spread | spread), verdict];

def text:
    . as $doc
    | (.rows | reduce .[] as $r ([];
        if length > 0 and (last | .[0].work == $r.work and .[0].place == $r.place)
        then .[-1] += [$r]
        else . + [[$r]] end))[]
    | . as $group
    | "", group_title([$doc.members[] | select(.work == $group[0].work)][0].about), group_table[];

def targets_text:
    "", "How far ours should get: ratios of the same rounds",
    ([["work", "who", "against", "wanted", "median", "min..max", ""]] + (.targets | map(target_row))
        | table[]);

# --- Markdown: a row for each peer, ours beside it ---

def ours_beside:
    .rows as $rows | .targets as $targets
    | $rows[] | select(.rate and (.who | test("^(ours|floor)$") | not)) as $r
    | ($rows[] | select(.work == $r.work and .place == $r.place and .who == "ours")) as $ours
    | select($ours.rate)
    | if $r.who | test("-reuse$") then empty
      else [$targets[] | select(.work == $r.work and .place == $r.place and .who == $ours.name
          and .against == $r.name)] | last
           | ["`\($r.work)` \($r.place)", $r.name, ($r.rate | number)
               + (if $r.unit == "ms" then " ms" else "" end), ($ours.rate | number),
              (.ratio | ratio), (.spread | spread), ($r.cpu_us | cpu), ($ours.cpu_us | cpu)]
      end;
def median: sort | if length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def share($ours): # of the rounds, where both have all
    if ($ours.rounds | length) != (.rounds | length) then null
    else [$ours.rounds, .rounds] | transpose | map(select(.[1] > 0) | .[0] / .[1])
        | if length == 0 then null else median end end;
def floor_beside:
    .rows as $rows
    | $rows[] | select(.rate and (.who | test("^floor|-reuse$"))) as $r
    | ($rows[] | select(.work == $r.work and .place == $r.place and .who == "ours")) as $ours
    | $r | ["`\(.work)` \(.place)", .name, (.rate | number), (.cpu_us | cpu),
        (share($ours) | ratio)];

def markdown:
    "`\(.command)`, \(.date), \(.cores) cores, Linux \(.kernel), loopback: "
        + "medians of \(.rounds) rounds of \(.seconds) s in alternation.",
    "",
    ([["work", "peer", "peer's /s", "tcplab's /s", "ratio", "min..max",
        "CPU us each, peer: server / client", "tcplab: server / client"]]
     + [ours_beside] | table[]),
    "",
    ([["work", "and", "/s", "CPU us each: server / client", "tcplab's part of it"]] + [floor_beside]
        | table[]),
    (.rows | map(select(.rss_bytes)) | select(length > 0)
     | "", ([["open", "ms", "bytes each: server / client"]]
         + map([.name + " " + .place, (.rate | number), (.rss_bytes | both)]) | table[])),
    (.rows | [.[] | .missing // empty] | unique | select(length > 0) | "", "Not there: "
        + join("; ") + ".");

if $style == "markdown" then markdown
else
    "\(.command): \(.date), \(.cores) cores, Linux \(.kernel); "
        + "medians of \(.rounds) rounds of \(.seconds) s, in alternation",
    "Ratios are of the same round. CPU is utime and stime of each end; on loopback the sender also",
    "pays for what the receiver's kernel does with its segments. The floor is one process: its CPU",
    "is of both ends.",
    text, targets_text
end
