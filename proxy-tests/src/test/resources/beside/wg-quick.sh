# The ip rules and the table of wg-quick, which says no priorities; wg0 is a device
# that leads nowhere. $1 is add or del.
[ "$1" = del ] || { ip link add wg0 type veth peer name wg0-end && ip link set wg0-end up && ip link set wg0 up && ip address add 10.91.6.1/32 dev wg0; } || exit
for family in -4 -6; do
  ip $family route "$1" default dev wg0 table 51820 || exit
  ip $family rule "$1" not fwmark 51820 table 51820 || exit
  ip $family rule "$1" table main suppress_prefixlength 0 || exit
done
[ "$1" = add ] || ip link del wg0
[ "$1" = del ] || echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark
