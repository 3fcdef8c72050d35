# As wg-quick makes them: two ip rules, before all that is there, and a table. $1 is add or del. The link stands for wg0.
for family in -4 -6; do
  ip $family route "$1" default dev to-web table 51820 || exit
  ip $family rule "$1" not fwmark 51820 table 51820 || exit
  ip $family rule "$1" table main suppress_prefixlength 0 || exit
done
[ "$1" = del ] || echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark
