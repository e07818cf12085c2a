"""What the launcher tells a host's shell about its spools: open one, sweep all. Pure text work."""

from __future__ import annotations

import secrets

from orchestrator.reach.launch_processes import PROCESS, SYNC
from orchestrator.reach.launch_script import HELLO, PLACES, STATE
from orchestrator.reach.supervisor import SUPERVISOR, SUPERVISOR_NAME

# `claims` is made last: what has it is complete. Two that open the first spool at once make two, and keep to
# their own.
_OPEN = r"""
_l_fail() {
  echo "@HELLO@ failed - $1"
  exit
}
umask 077
set -- @PLACES@
[ "$(id -u)" = 0 ] || shift
_l_base=$1
_l_spool=
for _l_x in "$_l_base"/*/claims; do
  [ ! -d "$_l_x" ] || { _l_spool=${_l_x%/claims}; break; }
done
if [ -z "$_l_spool" ]; then
  _l_spool=$_l_base/@SPOOL@
  _l_said=$(mkdir -p "$_l_spool/launches" 2>&1) || _l_fail "$_l_said"
  chmod 700 "$_l_base"
  case $(sync --help 2>&1) in
    *FILE*) echo yes >"$_l_spool/syncs-files" || _l_fail "no room in $_l_spool" ;;
  esac
fi
_l_probe=$_l_spool/launches/@NONCE@
_l_said=$(mkdir "$_l_probe" 2>&1 && rmdir "$_l_probe" 2>&1) || _l_fail "$_l_said"
_l_program=$_l_spool/@SUPERVISOR@
if [ ! -r "$_l_program" ]; then
  cat >"$_l_program.@NONCE@" <<'@END@' || { rm -f "$_l_program.@NONCE@"; _l_fail "no room in $_l_spool"; }
@TEXT@
@END@
  _l_sync "$_l_program.@NONCE@"
  _l_said=$(mv "$_l_program.@NONCE@" "$_l_program" 2>&1) || _l_fail "$_l_said"
fi
if [ ! -d "$_l_spool/claims" ]; then
  _l_said=$(mkdir "$_l_spool/claims" 2>&1) || _l_fail "$_l_said"
  _l_sync "$_l_base/.." "$_l_base" "$_l_spool"
fi
echo "@HELLO@ spool ${_l_spool##*/}"
"""

# A launch of which nobody knows the end is over as well, once nothing of it lives.
_SWEEP = r"""
_l_launches=0 _l_size=0
for _l_base in @PLACES@; do
  for _l_spool in "$_l_base"/*; do
    [ -d "$_l_spool/claims" ] || continue
    for _l_dir in $(cd "$_l_spool/launches" && find . ! -name . -prune -type d -mtime +@DAYS@); do
      _l_dir=$_l_spool/launches/${_l_dir#./}
      if ! _l_settled; then
        _l_lives
        [ $? = 1 ] || continue
      fi
      set -- $(du -sk "$_l_dir")
      rm -rf "$_l_dir" || continue
      _l_launches=$((_l_launches + 1)) _l_size=$((_l_size + ${1:-0}))
    done
  done
done
echo "@HELLO@ swept $_l_launches $_l_size"
"""


def open_script() -> str:
    words = {
        "HELLO": HELLO, "PLACES": PLACES, "SPOOL": secrets.token_hex(16), "NONCE": secrets.token_hex(8),
        "SUPERVISOR": SUPERVISOR_NAME, "END": secrets.token_hex(16), "TEXT": SUPERVISOR,
    }  # fmt: skip
    text = SYNC + _OPEN
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def sweep_script(age_days: int) -> str:
    text = PROCESS + STATE + _SWEEP
    for word, value in {"HELLO": HELLO, "PLACES": PLACES, "DAYS": str(age_days)}.items():
        text = text.replace(f"@{word}@", value)
    return text
