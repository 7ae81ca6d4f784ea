# Of a list of kernels {release, version, package, emulated, runs, again, claims, claims_again,
# rules}, with null for what there is not, the tables of bench/kernels/matrix, line by line. $style:
# text, markdown or record.

# A column's name: the version, and the flavour where that alone is not one kernel. A kernel of
# one's own has none but its release.
def named:
    map(. + {name: (if .emulated and .package == null then .release else .version
        | sub("-.*"; "") end),
             flavour: (.release | sub("^[^-]*(-[0-9]+)?-?"; ""))})
    | . as $all
    | map(.name as $name
          | if ([$all[] | select(.name == $name)] | length) > 1 then .name += "-" + .flavour
              else . end);

def width: map(length) | max // 0;
def pad($n): . + " " * ([$n - length, 0] | max);

# Rows of cells; the first row has the heads.
def table:
    if $style == "markdown" then
        .[0] as $head
        | ["| " + ($head | join(" | ")) + " |", "|" + ($head | map("---") | join("|")) + "|"]
        + (.[1:] | map("| " + (map(gsub("\\|"; "\\|")) | join(" | ")) + " |"))
    else
        (transpose | map(width)) as $widths
        | map(. as $row | "  " + ([range(length)] | map(. as $i | $row[$i] | pad($widths[$i]))
            | join("  ")) | sub(" +$"; ""))
    end;

def titled($title):
    if $style == "markdown" then ["", "**" + $title + "**", ""] + . else ["", $title] + . end;

def code: if $style == "markdown" then "`" + . + "`" else . end;

# In the order of the first kernel that has them.
def distinct: reduce .[] as $x ([]; if index([$x]) then . else . + [$x] end);

# The worst verdict of an experiment's runs on one kernel, and the reason; if it was run again,
# those of the last time.
def worse: {"agree": 0, "skipped": 1, "inconclusive": 2, "differ": 3}[.];
def worst($experiment): map(select(.experiment == $experiment)) | max_by(.verdict | worse);
def cell($experiment):
    if .runs == null then {verdict: "none", reason: "the machine has sent no report"}
    else (.again | map(select(.experiment == $experiment)) | last)
        // (.runs | worst($experiment)) // {verdict: "none", reason: "not run"} end;

def verdict_of($claim):
    def named: map(select(.name == $claim)) | last | if . then .verdict |= sub("_"; " ") else . end;
    if .claims == null then {verdict: "none", reason: "not run"}
    else (.claims_again | named) // (.claims | named) // {verdict: "none", reason: "not run"} end;

# "name: predicted 4, observed 5", for each check that differs; else the run's own reason.
def number: if type == "number" then (. * 1000 | round / 1000 | tostring) else tostring end;
def check_said:
    .name + ": predicted "
    + (.predicted | if .[0] == .[1] then .[0] | number else (.[0] | number) + " to "
        + (.[1] | number) end)
    + ", observed " + (.observed | number);
def reasons:
    [(.checks // [])[] | select(.verdict == "differ") | check_said] as $differing
    | if .verdict == "differ" and ($differing | length) > 0 then $differing
        else [.reason // "no reason was given"] end;

# One line for each kind of thing that happened: which experiment or claim, on which kernels, why.
# `found` is given a kernel with that name as .e.
def told($experiments; found; $title):
    [$experiments[] as $e | .[] | .e = $e | .name as $name | found
        | select(. and .verdict != "agree")
     | {e: $e, verdict, name: $name, reasons: reasons}]
    | if length == 0 then empty
      else [group_by([.e, .verdict, .reasons])[]
            | (if $style == "markdown" then "- " else "  " end) + (.[0].e | code) + " on "
                + (map(.name) | join(", "))
              + ": " + .[0].verdict + "; " + (.[0].reasons | join("; "))]
           | titled($title) | .[]
      end;

def known_as:
    (if .package then .package + " " + .version else .release end)
    + (if .emulated then ", emulated" else ", the running kernel" end);

# Rows of a C macro: for bench/kernels/recorded.h.
def macro($name): "#define " + $name + "(X)"
    + (map(" X(" + (map(tojson) | join(", ")) + ")") | join(" \\\n"));
# A rule of a kernel: false is a value, too.
def found($r): (.rules // {}) | if has($r) then .[$r] else "-" end;
def value: if type == "object" then .value // . else . end
    | if type == "string" then . else tojson end;

named as $kernels
| ([$kernels[] | .runs // [] | .[].experiment] | distinct) as $experiments
| ([$kernels[] | .claims // [] | .[].name] | distinct) as $claims
| ([$kernels[] | .rules // {} | keys_unsorted[]] | distinct) as $rules
| if $style == "record" then
    ([["", $kernels[].name]] | macro("RECORDED_KERNELS")),
    ([$rules[] as $r | [$r] + [$kernels[] | found($r) | value]] | macro("RECORDED_RULES")),
    ([$experiments[] as $e | [$e] + [$kernels[] | cell($e).verdict]] | macro("RECORDED_VERDICTS")),
    ([[$experiments[] as $e | $kernels[] | cell($e) + {e: $e, name} | select(.verdict == "skipped")]
      | group_by([.e, .reason])[] | [.[0].e, (map(.name) | join(", ")), .[0].reason]]
          | macro("RECORDED_SKIPPED") + " X(NULL)"),
    ([$claims[] as $c | [$c] + [$kernels[] | verdict_of($c).verdict]] | macro("RECORDED_CLAIMS"))
  else (["kernel", "is"] | [.]) + [$kernels[] | [.name, known_as]] | table | titled("Kernels")
      | .[],
([["experiment"] + [$kernels[].name]]
    + [$experiments[] as $e | [($e | code)] + [$kernels[] | cell($e).verdict]]
 | table | titled("Does each experiment agree with its prediction?") | .[]),
($kernels | told($experiments; cell(.e); "What does not agree")),
($kernels | map(select(.again | length > 0) | .runs |= map(select(.verdict != "skipped")))
 | told($experiments; . as $k
     | if cell($k.e).verdict == "agree" then .runs | worst($k.e) else null end;
        "Agreed when it was run again, alone; at first")),
(if ($claims | length) == 0 then empty
 else [["claim"] + [$kernels[].name]]
      + [$claims[] as $c | [($c | code)] + [$kernels[] | verdict_of($c).verdict]]
      | table | titled("Is it so, what articles say?") | .[]
 end),
($kernels | told($claims; verdict_of(.e) | select(.verdict == "undecided"); "What is undecided")),
(if ($rules | length) == 0 then empty
 else [["rule"] + [$kernels[].name]]
      + [$rules[] as $r | [($r | code)] + [$kernels[] | found($r) | value]]
      | table | titled("Rules that were found in each kernel") | .[]
 end)
  end,
# For the exit code.
([$experiments[] as $e | $kernels[] | cell($e).verdict]
    | if index("differ") then "differs:" else empty end),
([($experiments[] as $e | $kernels[] | cell($e).verdict),
    ($claims[] as $c | $kernels[] | verdict_of($c).verdict)]
 | if index("none") or length == 0 then "lacking:" else empty end)
