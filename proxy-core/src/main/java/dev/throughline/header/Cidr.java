package dev.throughline.header;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.net.InetAddresses;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;

/**
 * A network: its first address and its prefix length.
 *
 * <p>Bits after the prefix must be zero. "10.1.2.3/8" may mean a host or a network of sixteen million; the wrong guess would
 * allow or deny far more than the author intended.
 *
 * @param network IPv4 or IPv6, without a zone
 * @param prefix prefix length in bits: 0 to 32, or 0 to 128
 */
public record Cidr(InetAddress network, int prefix) {
    /**
     * Checks that address and prefix match.
     *
     * @throws IllegalArgumentException for a prefix that is longer than the address, or bits set after it
     */
    public Cidr {
        int bits = 8 * network.getAddress().length;
        String address = InetAddresses.toAddrString(network);
        checkArgument(
                prefix >= 0 && prefix <= bits,
                "%s/%s: the prefix length of this family is 0 to %s",
                address,
                prefix,
                bits);
        InetAddress first = first(network.getAddress(), prefix);
        checkArgument(
                Arrays.equals(first.getAddress(), network.getAddress()),
                "%s/%s has bits set after its prefix: write %s/%s for the network, or %s for the single address",
                address,
                prefix,
                InetAddresses.toAddrString(first),
                prefix,
                address);
        network = first;
    }

    /**
     * Parses {@code 192.0.2.0/24}, {@code 2001:db8::/32}, or a single address, which is a network of one.
     *
     * @param text address, or address, {@code /} and prefix length in decimal
     * @return the network
     * @throws IllegalArgumentException with a message for the author of the text
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        checkArgument(
                InetAddresses.isInetAddress(address) && address.indexOf('%') < 0,
                "\"%s\" is not a network: expected an IPv4 or IPv6 address without a zone before the '/'",
                text);
        InetAddress network = InetAddresses.forString(address);
        checkArgument(
                network instanceof Inet6Address == address.indexOf(':') >= 0,
                "\"%s\" is an IPv4-mapped IPv6 network: write it as IPv4",
                text);
        return new Cidr(network, slash < 0 ? 8 * network.getAddress().length : length(text, slash));
    }

    /**
     * Returns whether an address is in this network.
     *
     * @param address an address of either family
     * @return false for the other family
     */
    public boolean contains(InetAddress address) {
        byte[] other = address.getAddress();
        return other.length == network.getAddress().length
                && first(other, prefix).equals(network);
    }

    /**
     * Returns whether all addresses of another network are in this one.
     *
     * @param other a network of either family
     * @return false for the other family
     */
    public boolean contains(Cidr other) {
        return prefix <= other.prefix && contains(other.network);
    }

    /** {@return whether the addresses have 16 bytes, not 4} */
    public boolean isIpv6() {
        return network instanceof Inet6Address;
    }

    private static int length(String text, int slash) {
        String digits = text.substring(slash + 1);
        checkArgument(digits.matches("0|[1-9][0-9]{0,2}"), "\"%s\": expected a decimal prefix length after '/'", text);
        return Integer.parseInt(digits);
    }

    private static InetAddress first(byte[] address, int prefix) {
        for (int bit = prefix; bit < 8 * address.length; bit++) {
            address[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        return Tuple.address(address);
    }

    @Override
    public String toString() {
        return InetAddresses.toAddrString(network) + "/" + prefix;
    }
}
