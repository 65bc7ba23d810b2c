# Types COMMAND-LINE and a tab into a zsh with the completions of FOLDER, and prints the resulting line:
#
#     zsh -f complete.zsh FOLDER COMMAND-LINE
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; stty -echo columns 400; setopt no_beep; fpath=('$1' \$fpath)"
zpty -w shell "autoload -U compinit; compinit -u -D; show() { print -r -- \"<\$BUFFER>\"; zle send-break }; zle -N show"
zpty -w shell "bindkey '^I' complete-word '^X' show; print rea''dy" # not what the terminal echoes of this line
zpty -r shell output '*ready*'
zpty -w -n shell "$2"$'\t\C-X'
zpty -r shell output '*<*>*'
output=${output##*<}
print -r -- "${output%%>*}"
zpty -d shell
