#!/bin/bash
# A sweep on a small Slurm of its own: two nodes on this machine, two tasks each.
# One task is requeued in its middle, one told that its time is nearly up, one
# cancelled, and one node killed with all that runs on it. What is left in the end has
# to be what one process leaves, bit for bit. Needs slurm-wlm and munge, and no rights
# of root.
#
#     BREAKEVEN=target/debug/breakeven tests/clusters/slurm.sh
set -euo pipefail

breakeven=$(realpath "${BREAKEVEN:?the program to test}")
world=$(mktemp -d "${TMPDIR:-/tmp}/breakeven-slurm.XXXXXX")
export SLURM_CONF="$world/slurm.conf"
export PATH="$world/bin:$PATH:/usr/sbin"
daemons=()

# The end of all that was started here, whatever happened.
end() {
  local status=$?
  [ "$status" -eq 0 ] || tail -n 20 "$world"/*.log "$out"/slurm/*.log 2> /dev/null || true
  scancel --user="$(id -un)" 2> /dev/null || true
  kill -TERM "${daemons[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$world"
  exit "$status"
}
out="$world/a sweep's \"folder\" at 100%"
trap end EXIT

# until_so SECONDS WHAT COMMAND...: waits until the command succeeds.
until_so() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not in time: $what" >&2; return 1; }
    sleep 0.1
  done
}

say() { printf '%4d s  %s\n' "$SECONDS" "$1"; }

# Ports that nobody listens on.
ports() {
  python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))'
}

start_slurm() {
  local host user
  host=$(hostname -s)
  user=$(id -un)
  read -r controller one two <<< "$(ports)"
  mkdir "$world"/{bin,munge,state,spool-one,spool-two}
  ln -s "$breakeven" "$world/bin/breakeven"
  chmod 700 "$world/munge"
  head -c 1024 /dev/urandom > "$world/munge/key"
  chmod 600 "$world/munge/key"
  munged --force --foreground --key-file="$world/munge/key" --socket="$world/munge/socket" \
    --pid-file="$world/munge/pid" --seed-file="$world/munge/seed" --log-file="$world/munge.log" &
  daemons+=("$!")
  # Credentials that live five seconds: a requeued task waits for as long.
  cat > "$SLURM_CONF" <<CONF
ClusterName=breakeven
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$world/munge/socket,cred_expire=5
CredType=cred/munge
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=6
KillWait=10
SchedulerParameters=sched_interval=2,sched_min_interval=100000
StateSaveLocation=$world/state
SlurmdSpoolDir=$world/spool-%n
SlurmctldPidFile=$world/controller.pid
SlurmdPidFile=$world/%n.pid
SlurmctldLogFile=$world/controller.log
SlurmdLogFile=$world/%n.log
NodeName=one NodeHostname=$host NodeAddr=127.0.0.1 Port=$one CPUs=2 RealMemory=1000
NodeName=two NodeHostname=$host NodeAddr=127.0.0.1 Port=$two CPUs=2 RealMemory=1000
PartitionName=all Nodes=one,two Default=yes MaxTime=60 State=UP
CONF
  until_so 10 "munge" test -S "$world/munge/socket"
  slurmctld -D &
  daemons+=("$!")
  slurmd -D -N one &
  daemons+=("$!")
  slurmd -D -N two &
  second=$!
  daemons+=("$second")
  until_so 30 "two idle nodes" two_are_idle
}
two_are_idle() { [ "$(sinfo --noheader --Node --states=idle | wc -l)" -eq 2 ]; }

# Ends a node at once, with its daemon and all that its tasks are.
kill_node_two() {
  local job pid
  kill -KILL "$second"
  for job in $(squeue --noheader --nodelist=two --states=running --format=%A); do
    for pid in $(pgrep --full "^slurmstepd: \[$job\.") \
      $(grep --files-with-matches --text "SLURM_JOB_ID=$job" /proc/[0-9]*/environ 2> /dev/null \
        | cut -d/ -f3); do
      kill -KILL "$pid" 2> /dev/null || true
    done
  done
}

cat > "$world/sweep.toml" <<'SWEEP'
name = "slurm"

[data]
name = "fashion-mnist-12k"
train_examples = 1000
validation_examples = 100

[model]
name = "mlp"
hidden = [30]

[training]
epochs = 40

[sweep]
learning_rates = [0.05, 0.1]
batch_sizes = [20, 40]
seeds = [0, 1]

[measure]
every_steps = 10
hessian_examples = 200
covariance_batches = 5
lambda_k_per_example = true
SWEEP

start_slurm
say "two nodes are up"
breakeven cluster slurm --config "$world/sweep.toml" --out "$out" --shards 4 --cpus 1 \
  --memory 0.25 --time 20 --partition all
bash "$out/slurm/submit.sh" | tee "$world/submitted"
array=$(sed 's/^shards: job \([0-9]*\),.*/\1/' "$world/submitted")

# How many records there are of the runs of a shard, and its node.
records() { cat "$out"/runs/*/records.jsonl 2> /dev/null | wc -l; }
at_least() { [ "$(records)" -ge "$1" ]; }
is_running() { squeue --noheader --states=running --job="${array}_$1" | grep -q .; }
runs_on_two() { squeue --noheader --nodelist=two --states=running --format=%K | grep -q "$1"; }
restarted() { scontrol show job "${array}_$1" | grep -q 'Restarts=[1-9]'; }

until_so 30 "records" at_least 40
breakeven status "$out"
scontrol requeue "${array}_1"
until_so 20 "task 1 requeued" restarted 1
say "task 1 was requeued in its middle"

until_so 20 "task 2 running" is_running 2
scancel --batch --signal=USR1 "${array}_2"
until_so 20 "task 2 requeued" restarted 2
say "task 2 was told that its time is nearly up, and queued itself again"

until_so 30 "a task on node two" runs_on_two .
before=$(records)
until_so 30 "more records" at_least $((before + 20))
lost=$(squeue --noheader --nodelist=two --states=running --format=%K | head -n 1)
kill_node_two
say "node two was killed with task $lost on it"
until_so 40 "task $lost requeued" restarted "$lost"
say "task $lost was requeued"

until_so 40 "task 4 running again" is_running 4
until_so 30 "records of task 4" at_least $(($(records) + 20))
scancel "${array}_4"
say "task 4 was cancelled in its middle"
breakeven train --config "$world/sweep.toml" --out "$world/one" 2> /dev/null
say "one process has done the same"
until_so 60 "the report" test -s "$out/report/report.html"
say "the report is written"

# The report's log says what is left, and that is carried out.
left=$(breakeven status "$out" --json | python3 -c '
import json, sys
answer = json.load(sys.stdin)
assert answer["totals"]["completed"] < 8, answer["totals"]
print(answer["sweeps"][0]["commands"][0])')
grep --quiet --fixed-strings -- "$left" "$out/slurm/report.log"
bash -c "$left" 2> /dev/null
say "what was left is carried out"

diff --recursive "$world/one/runs" "$out/runs"
cmp "$world/one/config.json" "$out/config.json"
breakeven status "$out" --json | grep -q '"over": true'
[ "$(find "$out/runs" -name outcome.json | wc -l)" -eq 8 ]
say "8 runs are the same, bit for bit"
# Runs were asked to save: by the requeue, by the notice, by the cancellation.
for task in 1 2 4; do grep --quiet 'told by SIGTERM' "$out/slurm/shard-$task.log"; done
