/**
 * The part of a completion script that is the same whatever commands there are: it finds out how far the line has come, and looks up what
 * may follow. The first line of each says to the shell what it is.
 */

/** How long a key waits for a router. */
const ASKING = 'taskmesh completion'

export const BASH_DRIVER = `# bash completion for taskmesh: eval "$(taskmesh completion bash)"
__taskmesh_path() {
  local path='' word
  for word in "$@"; do
    case "$word" in -*) continue ;; esac
    if __taskmesh_verbs "$path" | cut -f1 | grep -qxF -e "$word"; then path="\${path:+$path }$word"; fi
  done
  printf '%s' "$path"
}
__taskmesh_candidates() {
  local path="$1" current="$2" previous="$3" values=''
  if __taskmesh_flags "$path" | cut -f1 | grep -qxF -e "$previous="; then
    __taskmesh_values "$path $previous"
    return
  fi
  case "$current" in
    -*) __taskmesh_flags "$path"; return ;;
  esac
  __taskmesh_verbs "$path"
  values="$(__taskmesh_values "$path")"
  case "$values" in
    @*) ${ASKING} "\${values#@}" 2>/dev/null ;;
  esac
}
_taskmesh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" path word
  if [ "$current" = '=' ]; then current=''; fi
  if [ "$previous" = '=' ]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  path="$(__taskmesh_path "\${COMP_WORDS[@]:1:COMP_CWORD-1}")"
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    word="\${word%=}"
    if [[ "$word" == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done < <(__taskmesh_candidates "$path" "$current" "$previous")
}
complete -o default -F _taskmesh taskmesh`

export const ZSH_DRIVER = `#compdef taskmesh
# zsh completion for taskmesh: eval "$(taskmesh completion zsh)"
_taskmesh() {
  local path_='' word previous="$words[CURRENT - 1]" current="$words[CURRENT]" kind tab=$'\\t'
  local -a verbs flags found
  for word in "\${(@)words[2,CURRENT - 1]}"; do
    verbs=("\${(@f)$(__taskmesh_verbs "$path_")}")
    found=("\${(@M)verbs:#$word$tab*}")
    if (( $#found )); then path_="\${path_:+$path_ }$word"; fi
  done
  flags=("\${(@f)$(__taskmesh_flags "$path_")}")
  found=("\${(@M)flags:#$previous=$tab*}")
  if (( $#found )); then
    found=("\${(@f)$(__taskmesh_values "$path_ $previous")}")
  elif [[ "$current" == -* ]]; then
    found=("\${(@)flags}")
  else
    found=("\${(@f)$(__taskmesh_verbs "$path_")}")
    kind="$(__taskmesh_values "$path_")"
    if [[ "$kind" == @* ]]; then found=("\${(@f)$(${ASKING} "\${kind#@}" 2>/dev/null)}"); fi
  fi
  found=("\${(@)found:#}")
  if (( $#found == 0 )); then _files; return; fi
  # _describe has a colon between a word and what it means.
  found=("\${(@)found//:/\\\\:}")
  found=("\${(@)found/=$tab/$tab}")
  found=("\${(@)\${(@)found/$tab/:}/%:/}")
  _describe taskmesh found
}
if [ "$funcstack[1]" = _taskmesh ]; then _taskmesh "$@"; else compdef _taskmesh taskmesh; fi`

export const FISH_DRIVER = `# fish completion for taskmesh: taskmesh completion fish | source
function __taskmesh_complete
  set -l line (commandline -opc)
  set -l current (commandline -ct)
  set -l previous $line[-1]
  set -l path ''
  for word in $line[2..]
    if __taskmesh_verbs "$path" | string match -q -- "$word"\\t'*'
      set path (string trim -- "$path $word")
    end
  end
  set -l kind (__taskmesh_values "$path")
  if __taskmesh_flags "$path" | string match -q -- "$previous="\\t'*'
    set -l values (__taskmesh_values "$path $previous")
    if test (count $values) -gt 0
      printf '%s\\n' $values
    else
      __fish_complete_path "$current"
    end
  else if string match -q -- '-*' "$current"
    __taskmesh_flags "$path" | string replace -- =\\t \\t
  else if __taskmesh_verbs "$path" | string match -q '*'
    __taskmesh_verbs "$path"
  else if string match -q -- '@*' "$kind"
    ${ASKING} (string sub -s 2 -- "$kind") 2>/dev/null
  else
    __fish_complete_path "$current"
  end
end
complete -c taskmesh -f -a '(__taskmesh_complete)'`
