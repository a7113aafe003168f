/** Shells that can complete `bulkhead`. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

// Each asks `bulkhead complete` with the words up to the cursor, and is answered with lines of a word, a tab, and what it
// means. Nothing that was typed is evaluated. Where nothing fits, files are offered.

const BASH = `# bulkhead: completion for bash
_bulkhead() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _bulkhead bulkhead
`;

const ZSH = `#compdef bulkhead
# bulkhead: completion for zsh
_bulkhead() {
  local -a found
  local line
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe -V bulkhead found; else _files; fi
}
if [ "$funcstack[1]" = _bulkhead ]; then _bulkhead "$@"; else compdef _bulkhead bulkhead; fi
`;

const FISH = `# bulkhead: completion for fish
function __bulkhead_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c bulkhead -f -n 'test -n "$(__bulkhead_complete)"' -a '(__bulkhead_complete)'
`;

/** What a shell loads to complete `bulkhead`. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
