# As tailscaled makes them: ip rules, and its routing table 52. $1 is add or del.
for family in -4 -6; do
  ip $family rule "$1" priority 5210 fwmark 0x80000/0xff0000 lookup main || exit
  ip $family rule "$1" priority 5230 fwmark 0x80000/0xff0000 lookup default || exit
  ip $family rule "$1" priority 5250 fwmark 0x80000/0xff0000 unreachable || exit
  ip $family rule "$1" priority 5270 lookup 52 || exit
done
