#!/bin/sh
# Makes the keys of the three hops of an example, and the trust file that all of them use.
# In production, generate each hop's key on its host, and copy only the line that 'keys generate' prints.
#   make-keys.sh FOLDER ORIGIN-HOST
# THROUGHLINE names the program, if it isn't on PATH.
set -eu
folder=$1
origin_host=$2
throughline=${THROUGHLINE:-throughline}

for hop in hop-a hop-b hop-c; do
  "$throughline" keys generate "$hop" "$folder/$hop.key" >"$folder/$hop.pub"
done
"$throughline" keys trust "$folder/trust" "$(cat "$folder/hop-a.pub")" --origin "$origin_host"
"$throughline" keys trust "$folder/trust" "$(cat "$folder/hop-b.pub")" --hop
