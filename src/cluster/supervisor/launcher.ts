/**
 * How a world begins and ends. Between the command that was typed and the supervisor lie two shells and an unshare:
 *
 *   keeper (this process becomes it; on the host)  holds the lock, passes signals on, cleans the host up at the end
 *     setpriv, which becomes unshare               dies with the keeper, and takes init along
 *       init (process 1 of the world)              makes the world's /proc and /run, reaps; when it ends the kernel kills everything
 *         supervisor
 *
 * Whichever of them is killed, all are gone. Only the death of the keeper leaves the directory behind, with nobody's lock on it (leftovers.ts).
 */
import { hostPaths, worldRoot } from "../config.ts";
import { hostLinkName } from "./fabric.ts";
import type { UpOptions } from "./options.ts";
import { fairway } from "./process.ts";

/** Exit status of `up` when it was stopped before the cluster was up, as a shell shows a command that was interrupted. */
export const exitInterrupted = 130;
/** Exit status of `up` when the cluster runs already, and of the other commands when it does not. */
export const exitWrongState = 3;

/** Bytes of a manifest, from a file or standard input. */
export const maximumManifest = 16 << 20;

/**
 * $1 directory of the cluster, $2 its link, $3 what to say when it runs already; then what to run as init. The lock is on the directory itself,
 * so that nothing else stays behind. A directory that another keeper removed between our opening and locking it is not the one of that path any
 * more. Descriptor 8 is standard input, for settle/: a shell gives what it starts in the background an empty one.
 */
const keeper = `
umask 077
directory=$1 link=$2 busy=$3
shift 3
pass_on() {
  # No line end in that file: read fails though it reads.
  read -r init _ <"/proc/$child/task/$child/children"
  kill -TERM "$init"
} 2>/dev/null
keep() {
  flock --nonblock 9 || { printf '%s\\n' "$busy" >&2; exit ${exitWrongState}; }
  [ "$directory" -ef /proc/self/fd/9 ] || return 0
  rm -rf "$directory"/*
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child -- "$@" <&8 8<&- &
  child=$!
  trap pass_on HUP INT TERM
  trap '' QUIT
  while :; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  ip link delete dev "$link" 2>/dev/null
  rm -rf "$directory"
  rmdir "\${directory%/*}" 2>/dev/null
  exit "$status"
}
# Twice: the directory above goes with the last cluster, which may be between the two that are made.
while mkdir -p "$directory" 2>/dev/null || mkdir -p "$directory"; do
  keep "$@" 8<&0 9<"$directory"
done
exit 1`;

/**
 * $1 directory of the cluster, $2 root of the world; then the supervisor, which gets init's process id on the host as its last argument
 * (the host's /proc is still mounted when it is read).
 */
const init = `
set -eu
read -r pid _ </proc/self/stat
directory=$1 world=$2
shift 2
staging=$directory/staging
mkdir "$staging"
mount --no-mtab -t tmpfs -o mode=0755 run "$staging"
mkdir -p "$staging/\${directory#/run/}" "$staging/\${world#/run/}"
mount --no-mtab --bind "$directory" "$staging/\${directory#/run/}"
mount --no-mtab --move "$staging" /run
rmdir "$directory/staging"
mount --no-mtab -t proc proc /proc
exec 8<&0
"$@" "$pid" <&8 8<&- &
supervisor=$!
trap 'kill -TERM "$supervisor" 2>/dev/null' TERM
set +e
while :; do
  wait "$supervisor"
  status=$?
  kill -0 "$supervisor" 2>/dev/null || exit "$status"
done`;

/** Program and arguments that bring the cluster up and stay until it is down. Its exit status is the supervisor's. */
export function keeperCommand(options: UpOptions, endWithParent = false): [string, ...string[]] {
  const { name } = options;
  const { root: directory } = hostPaths(name);
  const busy = `fairway: cluster "${name}" is up already.
Use it (fairway status), take it down first (fairway down), or bring up another one beside it (fairway up --name OTHER).`;
  const world = ["sh", "-c", init, "fairway-init", directory, worldRoot];
  const supervisor = [...fairway, "supervisor", JSON.stringify(options)];
  // A shell between may die without passing its signal on: the kernel tells the keeper then.
  const first = endWithParent ? ["setpriv", "--pdeathsig", "TERM", "sh"] : ["sh"];
  const args = [directory, hostLinkName(name), busy, ...world, ...supervisor];
  return [first[0]!, ...first.slice(1), "-c", keeper, "fairway-keeper", ...args];
}
