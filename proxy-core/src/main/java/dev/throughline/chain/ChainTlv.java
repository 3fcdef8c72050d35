package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The encoding of a chain in the TLVs of a header: one to four opaque TLVs of one type, each starting with a magic, the version
 * and its position. The custom range of types has no registry: a TLV of this type without the magic belongs to another program.
 * Generic receivers limit a value to 1024 bytes (HAProxy), hence the fragments.
 *
 * @param type the TLV type, 0xE5 unless the operator uses that for something else
 */
public record ChainTlv(int type) {
    /** The default type, {@code E5}. */
    public static final ChainTlv STANDARD = new ChainTlv(0xE5);

    private static final int MAGIC_1 = 0x46;
    private static final int MAGIC_2 = 0x49;
    private static final int VERSION = 1;
    private static final int PREFIX_BYTES = 4;
    private static final int FRAGMENT_BYTES = 1024 - PREFIX_BYTES;
    private static final int MAX_FRAGMENTS = 4;

    /**
     * Checks the type.
     *
     * @throws IllegalArgumentException unless it is {@code E0} to {@code EF}
     */
    public ChainTlv {
        checkArgument(type >= 0xE0 && type <= 0xEF, "a custom TLV type is between 0xE0 and 0xEF: %s", type);
    }

    /**
     * Encodes a chain as TLVs (SPEC, section 2).
     *
     * @param chain a signed chain
     * @return one to four TLVs, in order; empty if it needs more: then the flow must not be forwarded
     */
    public Optional<List<Tlv>> write(Chain chain) {
        int size = chain.size();
        int count = fragments(size);
        if (count > MAX_FRAGMENTS) {
            return Optional.empty();
        }
        if (count == 1) {
            ByteWriter out = prefixed(size, 0, 1);
            chain.writeTo(out);
            return Optional.of(List.of(new Tlv(type, out.toBytes())));
        }
        Bytes bytes = chain.encode();
        List<Tlv> tlvs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Bytes content = bytes.part(i * FRAGMENT_BYTES, Math.min(FRAGMENT_BYTES, size - i * FRAGMENT_BYTES));
            tlvs.add(new Tlv(
                    type, prefixed(content.length(), i, count).bytes(content).toBytes()));
        }
        return Optional.of(List.copyOf(tlvs));
    }

    /** Returns the prefix of one fragment of {@code count}, with space for its content. */
    private static ByteWriter prefixed(int contentBytes, int index, int count) {
        return prefix(new ByteWriter(PREFIX_BYTES + contentBytes), index, count);
    }

    private static ByteWriter prefix(ByteWriter out, int index, int count) {
        return out.u8(MAGIC_1).u8(MAGIC_2).u8(VERSION).u8((index << 4) | (count - 1));
    }

    /**
     * Encodes the header that carries a chain, with the addresses that its origin signs.
     *
     * @param chain a signed chain
     * @return the encoded header; empty if the chain needs more than four fragments: then the flow must not be forwarded
     */
    public Optional<Bytes> header(Chain chain) {
        Tuple tuple = chain.origin().claim().unverified().tuple();
        int size = chain.size();
        if (fragments(size) == 1) {
            // The rule. Each byte is written once, into the header.
            int tlvBytes = Tlv.OVERHEAD + PREFIX_BYTES + size;
            byte[] header = HeaderWriter.proxyWithout(tuple, tlvBytes);
            ByteWriter out = new ByteWriter(header, header.length - tlvBytes, header.length)
                    .u8(type)
                    .u16(PREFIX_BYTES + size);
            prefix(out, 0, 1);
            chain.writeTo(out);
            return Optional.of(out.toBytes());
        }
        Optional<List<Tlv>> tlvs = write(chain);
        return tlvs.isPresent() ? Optional.of(HeaderWriter.proxy(tuple, tlvs.get())) : Optional.empty();
    }

    /** Returns the size of a header that carries a chain of {@code chainBytes}. */
    static int headerBytes(TransportProtocol transport, int chainBytes) {
        return HeaderWriter.FIXED_BYTES
                + transport.addressBytes()
                + chainBytes
                + fragments(chainBytes) * (Tlv.OVERHEAD + PREFIX_BYTES);
    }

    private static int fragments(int chainBytes) {
        return (chainBytes + FRAGMENT_BYTES - 1) / FRAGMENT_BYTES;
    }

    /** A TLV with the chain's type and magic, and the offset of its value in the header. */
    private record Fragment(int offset, Bytes content) {
        int size() {
            return content.length();
        }
    }

    /**
     * Reads the chain of a header.
     *
     * @param header a complete header; other TLVs are skipped
     * @return the chain, none, or why it is malformed
     */
    public ChainRead read(Header header) {
        return read(header, KnownDetails.NONE);
    }

    ChainRead read(Header header, KnownDetails known) {
        List<Fragment> fragments = fragments(header);
        if (fragments.isEmpty()) {
            return new ChainRead.None();
        }
        int length = 0;
        for (int i = 0; i < fragments.size(); i++) {
            Fragment fragment = fragments.get(i);
            ChainRead problem = check(fragment, i, fragments.size());
            if (problem != null) {
                return problem;
            }
            length += fragment.size() - PREFIX_BYTES;
        }
        try {
            return new ChainRead.Found(Chain.read(content(fragments, length), known));
        } catch (WireException e) {
            int fragment = Math.min(e.offset() / FRAGMENT_BYTES, fragments.size() - 1);
            int inFragment = e.offset() - FRAGMENT_BYTES * fragment;
            return new ChainRead.Malformed(fragments.get(fragment).offset + PREFIX_BYTES + inFragment, e.problem());
        }
    }

    private static Bytes content(List<Fragment> fragments, int length) {
        if (fragments.size() == 1) {
            return fragments.getFirst().content.part(PREFIX_BYTES, length);
        }
        ByteWriter chain = new ByteWriter(length);
        for (Fragment fragment : fragments) {
            chain.bytes(fragment.content.part(PREFIX_BYTES, fragment.size() - PREFIX_BYTES));
        }
        return chain.toBytes();
    }

    private List<Fragment> fragments(Header header) {
        List<Fragment> fragments = new ArrayList<>(MAX_FRAGMENTS);
        List<Tlv> tlvs = header.tlvs();
        int offset = header.raw().length();
        for (int i = 0; i < tlvs.size(); i++) {
            offset -= Tlv.OVERHEAD + tlvs.get(i).value().length();
        }
        for (int i = 0; i < tlvs.size(); i++) {
            Tlv tlv = tlvs.get(i);
            Bytes value = tlv.value();
            if (tlv.type() == type && value.length() >= 2 && value.at(0) == MAGIC_1 && value.at(1) == MAGIC_2) {
                fragments.add(new Fragment(offset + Tlv.OVERHEAD, value));
            }
            offset += Tlv.OVERHEAD + value.length();
        }
        return fragments;
    }

    private static @Nullable ChainRead check(Fragment fragment, int index, int count) {
        Bytes value = fragment.content;
        if (value.length() <= PREFIX_BYTES || value.length() > PREFIX_BYTES + FRAGMENT_BYTES) {
            return new ChainRead.Malformed(fragment.offset, "a fragment has 5 to 1024 bytes, found " + value.length());
        }
        if (value.at(2) != VERSION) {
            return new ChainRead.Malformed(fragment.offset + 2, "version " + value.at(2) + ", expected " + VERSION);
        }
        int expected = (index << 4) | (count - 1);
        if (count > MAX_FRAGMENTS || value.at(3) != expected) {
            return new ChainRead.Malformed(
                    fragment.offset + 3,
                    "fragments are numbered in order, 1 to 4 of them: expected " + expected + ", found " + value.at(3));
        }
        // Only the last may be shorter: otherwise one chain could be encoded in many ways.
        if (index < count - 1 && value.length() != PREFIX_BYTES + FRAGMENT_BYTES) {
            return new ChainRead.Malformed(fragment.offset, "only the last fragment may be shorter than 1024 bytes");
        }
        return null;
    }
}
